"""Neighbours in a sequence are told from copies: by a third image that is none and nearly as near."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import curate
from curate.duplicates import kinds, sequences
from curate.duplicates.groups import Match
from curate.duplicates.hamming import Pairs
from curate.images.image import Pixels
from tests import sample_images

MATCH = Match(kind=kinds.RE_ENCODED, correlation=0.997)


def slices(count: int, side: int = 128) -> list[Pixels]:
    """A volume cut into slices: bodies that swell, shrink and wander from one slice to the next."""
    rng = np.random.default_rng(4)
    bodies = rng.uniform([0.2, 0.2, 0.04, 60, -0.02, 0], [0.8, 0.8, 0.16, 255, 0.02, 6.3], (24, 6))
    found = []
    for at in range(count):
        canvas = np.full((side, side, 3), 40, np.uint8)
        for x, y, radius, tone, drift, phase in bodies:
            centre = (round(side * (x + drift * at / 10)), round(side * (y + drift * at / 15)))
            size = side * radius * (1 + 0.25 * np.sin(phase + at / 20))
            cv2.circle(canvas, centre, max(round(size), 1), (int(tone),) * 3, -1, cv2.LINE_AA)
        found.append(canvas)
    return found


def drawn(count: int) -> tuple[pd.Series, Pairs]:
    """The tiles of as many slices, and all pairs of them, the nearer the fewer bits apart."""
    pixels = np.stack([cv2.cvtColor(cv2.resize(one, (64, 64)), cv2.COLOR_RGB2GRAY) for one in slices(count)])
    left, right = np.triu_indices(count, 1)
    bits = (right - left).astype(np.uint8)
    return pd.Series([tile.tobytes() for tile in pixels]), (left.astype(np.int32), right.astype(np.int32), bits)


def sides(count: int, px: int = 128) -> npt.NDArray[np.int64]:
    return np.full((count, 2), px, np.int64)


def copies(folder: Path, workspace: Path) -> pd.DataFrame:
    found = curate.audit(folder, workspace).findings
    return found[(found["category"] == "duplicate") & (found["role"] == "copy")].set_index("path")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What is called a copy among thirty photographs, three copies of one, an edited pair, and a volume's slices."""
    folder = tmp_path_factory.mktemp("mixed")
    sample_images.dataset(folder / "set", each=15)
    photo = sample_images.photo(3)
    for quality in (30, 60, 90):
        sample_images.save(photo, folder / "set" / "copies" / f"{quality}.jpg", quality=quality)
    for index, captioned in enumerate((sample_images.photo(1004), sample_images.photo(1004))):
        cv2.rectangle(captioned, (20, 80 + 8 * index), (130, 100 + 8 * index), (255, 255, 255), -1)
        sample_images.save(captioned, folder / "set" / "edits" / f"{index}.png")
    for index, pixels in enumerate(slices(30)):
        sample_images.save(pixels, folder / "set" / "volume" / f"{index:03}.png")
    return copies(folder / "set", folder / "ws")


def test_slices_of_a_volume_are_neighbours_in_a_sequence_and_no_copies(mixed: pd.DataFrame) -> None:
    neighbours = mixed[mixed.index.str.startswith("volume/")]
    assert len(neighbours) >= 12
    assert "re_encoded" not in set(neighbours["kind"])
    frames = neighbours[neighbours["kind"] == "burst"]
    assert len(frames) >= 0.8 * len(neighbours), "the first and the last have fewer neighbours"
    assert frames["reason"].str.match("Not volume/.* itself but a neighbour in a sequence: one part differs").all()


def test_what_was_saved_again_or_edited_is_a_copy_beside_a_sequence_too(mixed: pd.DataFrame) -> None:
    near = mixed[mixed["kind"] != "label_conflict"]
    assert near[near.index.str.startswith("copies/")]["kind"].tolist() == ["re_encoded"] * 3
    assert near[near.index.str.startswith("edits/")]["kind"].tolist() == ["edited"]


def parts_under_a_camera(folder: Path, count: int) -> None:
    """One round part after another in a fixed view, under light that varies: a turn of the part is much like it."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:256, :256]
    for index in range(count):
        view = np.full((256, 256, 3), 205, np.float32)
        middle = tuple((128 + rng.normal(0, 0.8, 2)).round(2))
        for radius, tone in ((78, 65), (48, 125), (13, 20)):
            cv2.circle(view, tuple(round(16 * at) for at in middle), 16 * radius, (tone,) * 3, -1, cv2.LINE_AA, 4)
        for turn in np.arange(12) * np.pi / 6:
            hole = (middle[0] + 64 * np.cos(turn), middle[1] + 64 * np.sin(turn))
            cv2.circle(view, tuple(round(16 * at) for at in hole), 16 * 5, (180, 170, 120), -1, cv2.LINE_AA, 4)
        light = 4 * np.sin(x / 90 + rng.uniform(0, 6)) * np.sin(y / 90 + rng.uniform(0, 6))
        lit = view * (1 + rng.normal(0, 0.03)) + light[..., None] + rng.normal(0, 4, view.shape)
        sample_images.save(lit.clip(0, 255).astype(np.uint8), folder / "parts" / f"{index:03}.png")


def test_the_same_part_in_other_light_or_much_like_itself_turned_is_no_copy(tmp_path: Path) -> None:
    parts_under_a_camera(tmp_path / "set", 150)
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert [item.kind for item in audit.prevalent] == ["burst"]
    assert not set(audit.findings["kind"]) & {"recoloured", "mirrored", "rotated"}
    assert audit.findings["path"].nunique() <= 3, "two may be as alike as a copy is, by chance"


def test_a_frame_is_a_third_image_to_those_that_are_nearer() -> None:
    column, pairs = drawn(3)
    correlations = {1: 0.9, 2: 0.99, 3: 0.998, 4: 0.9999}
    group = 0, {row: replace(MATCH, correlation=correlation) for row, correlation in correlations.items()}
    candidates = sequences.Candidates(pairs, column, {}, sides(5), 80)
    ((_, found),) = sequences.told_apart([group], candidates)
    kinds_of = {row: match.kind.name for row, match in found.items()}
    assert kinds_of == {1: "burst", 2: "burst", 3: "burst", 4: "re_encoded"}


@pytest.mark.parametrize(
    ("match", "third", "is_frame"),
    [
        pytest.param(MATCH, 0.004, True, id="a third is nearly as near"),
        pytest.param(replace(MATCH, kind=kinds.EDITED), 0.004, True, id="what moves looks like an edit"),
        pytest.param(MATCH, 0.0021, True, id="a third is nearer"),
        pytest.param(MATCH, 0.0199, True, id="just near enough"),
        pytest.param(MATCH, 0.0201, False, id="just too far"),
        pytest.param(replace(MATCH, correlation=0.9), 0.049, True, id="the same view"),
        pytest.param(replace(MATCH, correlation=0.9), 0.05, False, id="another view"),
        pytest.param(MATCH, 1.0, False, id="no third"),
        pytest.param(replace(MATCH, kind=kinds.RESIZED), 0.004, False, id="of another size"),
        pytest.param(replace(MATCH, kind=kinds.SAME_PIXELS), 0.004, False, id="the same pixels"),
        pytest.param(replace(MATCH, kind=kinds.CROPPED, share=0.95), 0.004, False, id="a window"),
        pytest.param(replace(MATCH, kind=kinds.RECOLOURED), 0.004, True, id="in other light"),
        pytest.param(replace(MATCH, kind=kinds.MIRRORED, transform="mirrored"), 0.004, True, id="its own mirror image"),
        pytest.param(
            replace(MATCH, kind=kinds.ROTATED, transform="upside down"), 0.004, True, id="much like itself turned"
        ),
        pytest.param(replace(MATCH, kind=kinds.ROTATED, transform="upside down"), 0.0201, False, id="turned"),
        pytest.param(replace(MATCH, kind=kinds.EDITED, inliers=40), 0.004, False, id="a part"),
        pytest.param(replace(MATCH, kind=kinds.EDITED, is_framed=True), 0.004, False, id="in a border"),
        pytest.param(replace(MATCH, engine="fastdup"), 0.004, False, id="not verified on pixels"),
    ],
)
def test_when_a_match_is_one_of_a_sequence(match: Match, third: float, is_frame: bool) -> None:
    assert sequences.is_frame(match, third) is is_frame


@pytest.mark.parametrize(
    ("keeper", "copy", "kind"),
    [
        pytest.param((80, 120), (80, 120), "burst", id="large enough"),
        pytest.param((79, 120), (79, 120), "re_encoded", id="too small"),
        pytest.param((80, 120), (80, 121), "re_encoded", id="of another size"),
    ],
)
def test_frames_are_large_enough_and_of_one_size(keeper: tuple[int, int], copy: tuple[int, int], kind: str) -> None:
    column, pairs = drawn(3)
    sizes = np.array([keeper, copy, (90, 90)])
    candidates = sequences.Candidates(pairs, column, {0: {1: MATCH}}, sizes, 80)
    ((_, found),) = sequences.told_apart([(0, {1: MATCH})], candidates)
    assert found[1].kind.name == kind


@pytest.mark.parametrize(("nearest", "kind"), [(1, "re_encoded"), (2, "burst")])
def test_a_third_image_is_looked_for_among_those_of_the_nearest_hashes(
    nearest: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    column, (left, right, _) = drawn(4)
    column[3] = np.random.default_rng(0).integers(0, 255, 64 * 64, np.uint8).tobytes()
    bits = np.array([{1: 0, 2: 5, 3: 1}[row] if keeper == 0 else 9 for keeper, row in zip(left, right, strict=True)])
    group = 0, {1: MATCH}
    candidates = sequences.Candidates((left, right, bits.astype(np.uint8)), column, dict([group]), sides(4), 80)
    monkeypatch.setattr(sequences, "NEAREST", nearest)
    ((_, found),) = sequences.told_apart([group], candidates)
    assert found[1].kind.name == kind


def test_groups_keep_their_order_however_many_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    column, pairs = drawn(9)
    groups = [(row, {row + 1: MATCH}) for row in (0, 2, 4, 6)]
    candidates = sequences.Candidates(pairs, column, dict(groups), sides(9), 80)
    whole = list(sequences.told_apart(groups, candidates))
    assert [keeper for keeper, _ in whole] == [0, 2, 4, 6]
    assert all(match.kind == kinds.BURST for _, found in whole for match in found.values())
    monkeypatch.setattr(sequences, "_GROUPS", 1)
    monkeypatch.setattr(sequences, "_AT_A_TIME", 2)
    assert list(sequences.told_apart(groups, candidates)) == whole
    small = candidates._replace(sides=sides(9, 79))
    assert list(sequences.told_apart(groups, small)) == groups
