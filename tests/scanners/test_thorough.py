"""Crops and frames: nine tenths and borders are always found, the rest where the thorough audit is asked for."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import curate
from curate.config import Config
from curate.duplicates import sift
from curate.images.image import Pixels
from curate.schema import Role
from tests import sample_images

THOROUGH = Config(scan={"duplicates": {"thorough": True}})


def scene(seed: int) -> Pixels:
    """A drawn image with corners and textures, as photographs have."""
    rng = np.random.default_rng(seed)
    canvas = sample_images.photo(seed, 400, 300)
    for _ in range(60):
        corners = rng.integers(0, (400, 300), (4, 2)).astype(np.int32)
        cv2.fillConvexPoly(
            canvas, cv2.convexHull(corners // 3 + rng.integers(0, (260, 200))), rng.integers(0, 255, 3).tolist()
        )
    return canvas


def sheared(pixels: Pixels) -> Pixels:
    """As augmenting leaves it: by 15 degrees, what was at the edge repeated."""
    matrix = np.array([[1, 0.268, -40], [0, 1, 0]])
    return cv2.warpAffine(pixels, matrix, (400, 300), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def squashed(pixels: Pixels) -> Pixels:
    """A window made square, as a network is given it."""
    return cv2.resize(pixels[40:280, 20:380], (224, 224), interpolation=cv2.INTER_AREA).astype(np.uint8)


def framed(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.copyMakeBorder(pixels, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=(250, 250, 250)))


@pytest.mark.parametrize(
    ("change", "relation", "role_of_original"),
    [
        pytest.param(lambda p: p[20:270, 60:390], "cropped", Role.KEEPER, id="cropped to 70 percent"),
        pytest.param(lambda p: p[100:260, 150:360], "cropped", Role.KEEPER, id="cropped to 30 percent"),
        pytest.param(squashed, "cropped", Role.KEEPER, id="cropped and made square"),
        pytest.param(sheared, "cropped", Role.KEEPER, id="sheared"),
    ],
)
def test_a_part_is_found_by_the_thorough_audit_only(
    tmp_path: Path, change: Callable[[Pixels], Pixels], relation: str, role_of_original: Role
) -> None:
    folder = tmp_path / "set"
    for seed in range(8):
        sample_images.save(scene(seed), folder / f"{seed}.jpg")
    sample_images.save(np.ascontiguousarray(change(scene(3))), folder / "part.jpg")
    assert curate.audit(folder, tmp_path / "quick").findings.query("category == 'duplicate'").empty
    found = curate.audit(folder, tmp_path / "ws", configuration=THOROUGH).findings.query("category == 'duplicate'")
    assert set(found["path"]) == {"3.jpg", "part.jpg"}
    copies = found[found["role"] == Role.COPY]
    assert copies["kind"].tolist() == [relation]
    assert found.loc[found["path"] == "3.jpg", "role"].tolist() == [role_of_original]
    assert "local features" in copies["reason"].iat[0]


@pytest.mark.parametrize(
    ("change", "relation", "words"),
    [
        pytest.param(lambda p: p[20:270, 60:390][:, ::-1], "cropped", "of 3.jpg, mirrored (", id="a part"),
        pytest.param(lambda p: squashed(p)[:, ::-1], "cropped", "of 3.jpg, mirrored (", id="a part, made square"),
        pytest.param(lambda p: cv2.resize(p, (300, 330))[:, ::-1], "mirrored", "The image 3.jpg, mirrored", id="whole"),
    ],
)
def test_a_part_is_found_mirrored_too(
    tmp_path: Path, change: Callable[[Pixels], Pixels], relation: str, words: str
) -> None:
    for seed in range(8):
        sample_images.save(scene(seed), tmp_path / "set" / f"{seed}.jpg")
    sample_images.save(np.ascontiguousarray(change(scene(3))), tmp_path / "set" / "part.jpg")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=THOROUGH)
    (copy,) = audit.findings.query("category == 'duplicate' and role == 'copy'").to_dict("records")
    assert (copy["path"], copy["kind"]) == ("part.jpg", relation)
    assert words in copy["reason"]
    assert json.loads(copy["evidence"])["transform"] == "mirrored"


def test_features_of_a_mirror_image_follow_from_those_of_the_image() -> None:
    view = cv2.cvtColor(scene(1), cv2.COLOR_RGB2GRAY)[:200, :250]
    found = sift.mirrored(sift.describe(view))
    expected = sift.describe(np.ascontiguousarray(view[:, ::-1]))
    assert (found.view == expected.view).all()
    here, there = sift._matches(found.descriptors, expected.descriptors)
    apart = np.linalg.norm(found.points[here] - expected.points[there], axis=1)
    assert (apart < 1).sum() > 0.75 * len(expected.points)


@pytest.mark.parametrize(
    ("change", "relation", "role_of_original", "words"),
    [
        pytest.param(lambda p: p[6:276, 30:390], "cropped", Role.KEEPER, "Shows 8", id="cropped to 90 percent"),
        pytest.param(framed, "edited", Role.COPY, "such as with a frame", id="framed"),
    ],
)
@pytest.mark.parametrize("configuration", [Config(), THOROUGH], ids=["default", "thorough"])
def test_a_window_of_an_image_is_found_by_any_audit(
    tmp_path: Path,
    change: Callable[[Pixels], Pixels],
    relation: str,
    role_of_original: Role,
    words: str,
    configuration: Config,
) -> None:
    folder = tmp_path / "set"
    for seed in range(8):
        sample_images.save(scene(seed), folder / f"{seed}.jpg")
    sample_images.save(np.ascontiguousarray(change(scene(3))), folder / "part.jpg")
    found = curate.audit(folder, tmp_path / "ws", configuration=configuration).findings.query("category == 'duplicate'")
    copies = found[found["role"] == Role.COPY]
    assert copies["kind"].tolist() == [relation]
    assert found.loc[found["path"] == "3.jpg", "role"].tolist() == [role_of_original]
    assert words in copies["reason"].iat[0]


def test_two_views_of_one_thing_are_no_copies(tmp_path: Path) -> None:
    """The same objects before another background, moved against one another: features agree, pixels do not."""

    def view(shift: int) -> Pixels:
        canvas = sample_images.photo(90 + shift, 400, 300)
        for index in range(6):
            patch = scene(50 + index)[40:110, 40:110]
            left, top = 30 + 60 * index, 40 + (37 * index * (1 + shift)) % 150
            canvas[top : top + 70, left : left + 60] = patch[:, :60]
        return canvas

    sample_images.save(view(0), tmp_path / "set" / "a.jpg")
    sample_images.save(view(1), tmp_path / "set" / "b.jpg")
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=THOROUGH).findings
    assert found.query("category == 'duplicate'").empty


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        pytest.param([[1, 0], [0, 1]], True, id="as it was"),
        pytest.param([[0, -2], [2, 0]], True, id="turned and doubled"),
        pytest.param([[1.9, 0], [0, 1]], True, id="stretched by nearly two"),
        pytest.param([[2.1, 0], [0, 1]], False, id="stretched by more"),
        pytest.param([[1, 0], [0, 2.1]], False, id="the other way"),
        pytest.param([[1, 0.268], [0.268, 1]], True, id="sheared both ways"),
        pytest.param([[-1, 0], [0, 1]], False, id="mirrored"),
        pytest.param([[0.11, 0], [0, 0.11]], True, id="a ninth"),
        pytest.param([[0.09, 0], [0, 0.09]], False, id="next to nothing"),
        pytest.param([[9.9, 0], [0, 9.9]], True, id="nearly ten times"),
        pytest.param([[10.1, 0], [0, 10.1]], False, id="more than ten times"),
    ],
)
def test_what_an_image_may_have_gone_through(matrix: list[list[float]], expected: bool) -> None:
    assert sift._is_plausible(np.c_[np.array(matrix, float), [5.0, 5.0]]) is expected


def test_a_stretched_copy_takes_more_features_than_a_scaled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cv2.cvtColor(scene(1), cv2.COLOR_RGB2GRAY)[:256, :256]
    stretched = cv2.resize(whole, (256, 180), interpolation=cv2.INTER_AREA)
    i, j = sift.describe(whole), sift.describe(stretched.astype(np.uint8))
    found = sift.align(i, j)
    assert found is not None
    assert min(found.covered_i, found.covered_j) > 0.95
    monkeypatch.setattr(sift, "MIN_INLIERS_STRETCHED", found.inliers + 1)
    assert sift.align(i, j) is None


def test_a_description_survives_being_packed() -> None:
    described = sift.describe(cv2.cvtColor(scene(1), cv2.COLOR_RGB2GRAY)[:200, :250])
    again = sift.unpack(**described.pack())
    assert (again.points == described.points).all()
    assert (again.descriptors == described.descriptors).all()
    assert np.abs(again.view.astype(int) - described.view).mean() < 3


def test_a_small_image_has_no_features() -> None:
    assert len(sift.describe(np.zeros((30, 200), np.uint8)).points) == 0
    assert sift.candidates([np.empty((0, 128), np.uint8)] * 3) == ([], [])
