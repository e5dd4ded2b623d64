"""Verification finds the copies that a full comparison of every candidate finds, however many are in hand at a time."""

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.duplicates import colours, kinds, prefilter, signing, tiles, verify
from curate.duplicates.groups import Match
from curate.duplicates.strangers import Strangers
from curate.duplicates.verify import Verifier
from curate.scanners.duplicates import DuplicatesSettings
from curate.storage.blobs import Spool
from tests.duplicates.test_prefilter import family


@pytest.fixture(scope="module")
def seen() -> pd.DataFrame:
    """The columns that verification reads, of some families of images and their mirror images."""
    tiles = np.concatenate([family(seed) for seed in range(8)]).astype(np.uint8)
    tiles = np.concatenate([tiles, tiles[:20, :, ::-1]])
    return pd.DataFrame(
        {
            "tile": Spool().column([tile.tobytes() for tile in tiles]),
            "width": np.where(np.arange(len(tiles)) % 3, 200, 48),
            "height": 150,
            "chroma": 10.0,
            "colours": Spool().column([bytes(colours.BYTES)] * len(tiles)),
        }
    )


def all_pairs(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    left, right = np.triu_indices(count, 1)
    return left, right, np.full(len(left), 5)


@pytest.mark.parametrize("transform", [None, "mirrored"])
def test_every_copy_among_the_candidates_is_found_and_no_other(seen: pd.DataFrame, transform: str | None) -> None:
    verifier = Verifier(seen, DuplicatesSettings())
    left, right, bits = all_pairs(len(seen))
    all_of_them = verifier._compare(
        2 * left, 2 * right + (transform is not None), bits, transform, np.zeros(len(left), dtype=bool)
    )
    copies = verifier.copies((left, right, bits), transform)
    assert copies == sorted(all_of_them, key=lambda found: found[:2])
    assert 0 < len(copies) < len(left) / 4


@pytest.mark.parametrize("transform", [None, "turned by 90 degrees"])
def test_what_is_in_hand_at_a_time_changes_nothing(
    seen: pd.DataFrame, transform: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = all_pairs(len(seen))
    whole = Verifier(seen, DuplicatesSettings()).copies(pairs, transform)
    monkeypatch.setattr(prefilter, "IN_MEMORY", 20)
    monkeypatch.setattr(verify, "_TILES", 6)
    monkeypatch.setattr(signing, "IN_CACHE", 5)
    monkeypatch.setattr(signing, "AT_A_TIME", 7)
    assert Verifier(seen, DuplicatesSettings()).copies(pairs, transform) == whole


def test_no_candidates_are_no_special_case(seen: pd.DataFrame) -> None:
    none = np.empty(0, np.int64)
    assert Verifier(seen, DuplicatesSettings()).copies((none, none, none), None) == []


def match_of(**facts: float) -> Match:
    return Match(kind=kinds.RE_ENCODED, **facts)


@pytest.mark.parametrize(
    ("facts", "agreeing", "is_rough", "expected"),
    [
        pytest.param({"correlation": 0.86}, 0, False, True, id="the whole agrees"),
        pytest.param({"correlation": 0.84}, 24, False, False, id="it does not"),
        pytest.param({"correlation": 0.86}, 0, True, True, id="nor need blocks agree well"),
        pytest.param({"correlation": 0.5, "residual": 60.0}, 10, False, True, id="an edit that leaves enough"),
        pytest.param({"correlation": 0.5, "residual": 60.0}, 9.9, False, False, id="one that does not"),
        pytest.param({"correlation": 0.5, "residual": 60.0}, 20, True, True, id="what is left agrees, but roughly"),
        pytest.param({"correlation": 0.5, "residual": 60.0}, 19.9, True, False, id="too little for that"),
        pytest.param({"correlation": 0.945, "residual": 60.0}, 0, True, True, id="moved by a pixel"),
        pytest.param({"correlation": 0.935, "residual": 60.0}, 0, True, False, id="like one that was"),
        pytest.param({"gain": 0.31}, 0, False, True, id="much paler"),
        pytest.param({"gain": 0.29}, 24, False, False, id="paler than an image gets"),
        pytest.param({"gain": 2.9}, 0, False, True, id="much harder"),
        pytest.param({"gain": 3.1}, 24, False, False, id="harder than an image gets"),
    ],
)
def test_where_few_blocks_agree_the_rest_has_to_bear_a_copy_out(
    seen: pd.DataFrame, facts: dict[str, float], agreeing: float, is_rough: bool, expected: bool
) -> None:
    verifier = Verifier(seen, DuplicatesSettings())
    assert verifier._is_borne_out(match_of(**facts), agreeing, is_rough=is_rough) is expected


@pytest.mark.parametrize(
    ("usual", "residual", "kind"),
    [
        pytest.param(None, 14.0, "re_encoded", id="what is no edit among photos"),
        pytest.param(None, 14.1, "edited", id="what is one"),
        pytest.param(0.89, 3.1, "re_encoded", id="a crowd of strangers"),
        pytest.param(0.9, 3.0, "re_encoded", id="a frame saved again"),
        pytest.param(0.9, 3.1, "burst", id="another frame"),
    ],
)
def test_frames_differ_in_less_than_an_edit(
    seen: pd.DataFrame, usual: float | None, residual: float, kind: str
) -> None:
    labelled = seen.assign(label="a")
    crowd = None if usual is None else Strangers(alike=0.5, close=0.5, usual=usual)
    verifier = Verifier(labelled, DuplicatesSettings(), crowd, np.arange(0))
    assert verifier._relation(1, 2, match_of(residual=residual), apart=0.0).name == kind


def patches(count: int) -> np.ndarray:
    """A tile on which so many blocks have texture, well inside of them."""
    tile = np.full((64, 64), 128, np.uint8)
    rng = np.random.default_rng(9)
    for block in range(count):
        top, left = 8 * (block // 8) + 2, 8 * (block % 8) + 2
        tile[top : top + 4, left : left + 4] = rng.integers(60, 240, (2, 2), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    return tile


@pytest.mark.parametrize(
    ("textured", "apart", "expected"),
    [
        pytest.param(40, 0.29, ["re_encoded"], id="much texture, the same colours"),
        pytest.param(40, 0.31, ["recoloured"], id="other colours"),
        pytest.param(25, 1.5, ["recoloured"], id="enough texture, whatever its colours"),
        pytest.param(24, 1.5, [], id="too little for that"),
        pytest.param(24, 0.74, ["recoloured"], id="too little, colours not quite the same"),
        pytest.param(24, 0.76, [], id="too little, none of its colours"),
        pytest.param(4, 0.74, ["recoloured"], id="hardly any texture"),
        pytest.param(3, 0.31, [], id="no texture to speak of, colours not quite the same"),
        pytest.param(3, 0.29, ["re_encoded"], id="no texture to speak of, the same colours"),
    ],
)
def test_the_less_texture_the_more_colours_count(
    textured: int, apart: float, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colours.Colours, "apart", lambda *_: apart)
    tile = patches(textured).tobytes()
    frame = pd.DataFrame(
        {
            "tile": Spool().column([tile, tile]),
            "width": 200,
            "height": 150,
            "chroma": 10.0,
            "colours": Spool().column([bytes(colours.BYTES)] * 2),
        }
    )
    found = Verifier(frame, DuplicatesSettings()).copies((np.array([0]), np.array([1]), np.array([0])), None)
    assert [match.kind.name for _, _, match in found] == expected


@pytest.mark.parametrize(
    ("ink", "opposed"),
    [
        pytest.param(0.0, 4, id="ink"),
        pytest.param(115.0, 4, id="pale ink"),
        pytest.param(140.0, 0, id="what more light may have burnt"),
    ],
)
def test_ink_is_no_paper_that_light_has_burnt(ink: float, opposed: int) -> None:
    """Four blocks have texture in both; four of paper are another thing in one of the two, either way round."""
    plain = np.full((64, 64), 255, np.float32)
    plain[24:40, 8:24] = np.random.default_rng(4).uniform(0, 240, (4, 4)).repeat(4, 0).repeat(4, 1)
    marked = plain.copy()
    marked[8:24, 40:56] = ink
    found = tiles.compare(tiles.prepare(np.stack([plain, marked])), np.array([0, 1, 0]), np.array([1, 0, 0]))
    assert found.textured.tolist() == [4 + opposed, 4 + opposed, 4]
    assert found.alike.tolist() == pytest.approx([4 / (4 + opposed), 4 / (4 + opposed), 1.0])


def test_what_light_has_burnt_has_no_say() -> None:
    image = cv2.GaussianBlur(np.random.default_rng(3).uniform(0, 255, (64, 64)).astype(np.float32), (0, 0), 3)
    image = (image - image.min()) / np.ptp(image) * 230 + 20
    pair = np.stack([image, np.minimum(image * 1.6, 255)])
    found = tiles.compare(tiles.prepare(pair), np.array([0]), np.array([1]))
    assert 4 <= found.textured[0] < 60
    assert found.alike[0] > 0.95
