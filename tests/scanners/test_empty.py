"""What is nearly empty and what is not: thin glyphs, icons on nothing, deep images on their own scale."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import curate
from curate.images.image import Pixels
from curate.scanners.glance import has_subject
from tests.images.test_depth import field


def drawn(draw: Callable[[Any], Any], tone: int = 255) -> Pixels:
    canvas = np.full((128, 128, 3), tone, np.uint8)
    draw(canvas)
    return canvas


def text(canvas: Any) -> None:
    for left in range(20, 110, 9):
        cv2.rectangle(canvas, (left, 60), (left + 3, 67), (0, 0, 0), -1)


def dust(canvas: Any) -> None:
    for centre in np.random.default_rng(1).integers(4, 124, (12, 2)):
        cv2.circle(canvas, centre.tolist(), 1, (60, 60, 60), -1)


@pytest.mark.parametrize(
    ("image", "is_flagged"),
    [
        pytest.param(drawn(lambda c: cv2.line(c, (64, 20), (64, 108), (0, 0, 0), 5)), False, id="the letter l"),
        pytest.param(drawn(lambda c: cv2.circle(c, (64, 64), 17, (200, 0, 0), -1)), False, id="a dot of a third"),
        pytest.param(drawn(lambda c: cv2.circle(c, (64, 64), 9, (0, 0, 0), -1)), True, id="a speck"),
        pytest.param(drawn(text), True, id="a line of small text"),
        pytest.param(drawn(dust), True, id="dust"),
        pytest.param(drawn(lambda c: None), True, id="nothing"),
        pytest.param(drawn(lambda c: cv2.rectangle(c, (2, 2), (125, 125), (0, 0, 0), 1)), True, id="a thin frame"),
    ],
)
def test_an_image_is_empty_unless_what_is_left_is_a_shape(image: Pixels, is_flagged: bool, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(image).save(tmp_path / "in" / "a.png")
    findings = curate.audit(tmp_path / "in", tmp_path / "ws").findings
    assert ("low_information" in set(findings["kind"])) is is_flagged


@pytest.mark.parametrize(("side", "expected"), [(15, False), (17, True)])
def test_a_subject_has_a_quarter_of_the_side(side: int, expected: bool) -> None:
    grey = np.full((64, 64), 255, np.uint8)
    grey[20 : 20 + side, 20:30] = 0
    assert has_subject(grey, 255) is expected


@pytest.mark.parametrize(("shapes", "expected"), [(1, True), (3, True), (4, False)])
def test_a_subject_is_up_to_three_shapes(shapes: int, expected: bool) -> None:
    grey = np.full((64, 64), 255, np.uint8)
    for index in range(shapes):
        grey[5 + 14 * index : 15 + 14 * index, 20:44] = 0
    assert has_subject(grey, 255) is expected


def test_white_icons_on_nothing_are_no_empty_images(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(5):
        icon = np.zeros((96, 96, 4), np.uint8)
        icon[:, :, :3] = 255
        cv2.circle(icon, (48, 48), 20 + 3 * index, (255, 255, 255, 255), 6)
        Image.fromarray(icon).save(tmp_path / "in" / f"{index}.png")
    kinds = set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])
    assert kinds.isdisjoint({"low_information", "bright", "dark"})


def test_pale_icons_on_nothing_are_judged_on_black_as_well(tmp_path: Path) -> None:
    """Near white on white, and with a dark speck that keeps them from being laid on grey."""
    (tmp_path / "in").mkdir()
    for index in range(5):
        icon = np.zeros((96, 96, 4), np.uint8)
        cv2.circle(icon, (48, 48), 20 + 3 * index, (252, 252, 248, 255), 6)
        icon[:2, :2] = (0, 0, 0, 255)
        Image.fromarray(icon).save(tmp_path / "in" / f"{index}.png")
    kinds = set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])
    assert kinds.isdisjoint({"low_information", "bright", "dark"})


def sign(body: int, shadow: int, index: int) -> Any:
    """A disc that casts a soft shadow on nothing: (96, 96, 4)."""
    cast, disc = (np.zeros((96, 96), np.uint8) for _ in range(2))
    cv2.circle(cast, (52, 52), 46, 200, -1)
    cv2.circle(disc, (46, 46), 38 + index, 240, -1)
    alpha = np.maximum(cv2.GaussianBlur(cast, (0, 0), 4), disc)
    return np.dstack([np.where(disc > 0, body, shadow).astype(np.uint8)] * 3 + [alpha])


@pytest.mark.parametrize(("body", "shadow"), [pytest.param(45, 0, id="dark"), pytest.param(235, 255, id="bright")])
def test_what_stands_out_from_white_or_from_black_is_neither_dark_nor_bright(
    body: int, shadow: int, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for index in range(5):
        Image.fromarray(sign(body, shadow, index)).save(tmp_path / "in" / f"{index}.png")
    kinds = set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])
    assert kinds.isdisjoint({"dark", "bright"})


@pytest.mark.parametrize(("tone", "kind"), [(20, "dark"), (253, "bright")])
def test_a_few_clear_pixels_make_no_image_less_dark_or_bright(tone: int, kind: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(5):
        grain = np.random.default_rng(index).integers(-2, 3, (96, 96, 1))
        image = np.broadcast_to(tone + grain, (96, 96, 4)).astype(np.uint8)
        image[:, :, 3] = 255
        image[0, : index + 1, 3] = 0
        Image.fromarray(image).save(tmp_path / "in" / f"{index}.png")
    findings = curate.audit(tmp_path / "in", tmp_path / "ws").findings
    assert (findings["kind"] == kind).sum() == 5


def page(seed: int, lines: int) -> Pixels:
    """Words on white paper, of the size of a scanned letter."""
    canvas, rng = np.full((1100, 850), 255, np.uint8), np.random.default_rng(seed)
    for row in range(lines):
        left = 80
        while left < 700:
            width = int(rng.integers(20, 90))
            cv2.rectangle(canvas, (left, 90 + 40 * row), (left + width, 98 + 40 * row), 20, -1)
            left += width + int(rng.integers(14, 40))
    return canvas


def sky(seed: int) -> Pixels:
    canvas, rng = np.full((300, 400), 12, np.uint8), np.random.default_rng(seed)
    for column, row in rng.integers(2, 298, (60, 2)):
        cv2.circle(canvas, (int(column), int(row)), 1, 220, -1)
    return canvas


def test_pages_of_text_and_skies_of_stars_hold_detail_and_blank_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(30):
        Image.fromarray(page(index, 2 + index)).save(tmp_path / "in" / f"page{index:02}.png")
        Image.fromarray(sky(index)).save(tmp_path / "in" / f"sky{index:02}.png")
    Image.fromarray(page(0, 0)).save(tmp_path / "in" / "blank.png")
    Image.fromarray(np.full((300, 400), 12, np.uint8)).save(tmp_path / "in" / "black.png")
    found = curate.audit(tmp_path / "in", tmp_path / "ws").findings
    content = found[found["kind"].isin(["low_information", "bright", "dark"])]
    assert set(content["path"]) == {"blank.png", "black.png"}


def test_a_dark_image_is_dark_for_all_the_grain_in_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    grain = np.random.default_rng(0).integers(0, 50, (300, 400), dtype=np.uint8)
    Image.fromarray(grain).save(tmp_path / "in" / "a.png")
    assert "dark" in set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])


def test_images_larger_than_the_rest_are_told_for_information_and_tiny_ones_queued(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in range(20):
        side = {0: 1600, 1: 12}.get(index, 100)
        pixels = cv2.resize(np.random.default_rng(index).integers(0, 255, (12, 12), dtype=np.uint8), (side, side))
        Image.fromarray(np.asarray(pixels)).save(tmp_path / "in" / f"{index:02}.png")
    found = curate.audit(tmp_path / "in", tmp_path / "ws").findings
    sizes = found[found["kind"] == "odd_size"].set_index("path")
    assert sizes["severity"].to_dict() == {"00.png": "info", "01.png": "warning"}
    assert sizes["suggestion"]["00.png"] == "keep"


@pytest.mark.parametrize(
    ("low", "high", "kind", "suffix"),
    [
        pytest.param(0, 200, np.uint16, "png", id="low light"),
        pytest.param(0, 4095, np.uint16, "png", id="twelve bits"),
        pytest.param(1800, 2100, np.float32, "tif", id="elevation"),
    ],
)
def test_deep_images_are_not_flagged_for_their_scale(
    low: int, high: int, kind: type[np.generic], suffix: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for index in range(6):
        samples = field(index, low, high, 128).astype(kind)
        if kind is np.float32:
            samples[:12, :12] = -9999
        Image.fromarray(samples).save(tmp_path / "in" / f"{index}.{suffix}")
    kinds = set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])
    assert kinds.isdisjoint({"dark", "bright", "low_information", "same_pixels", "damaged"})


@pytest.mark.parametrize("value", [0, 2000, 65535])
def test_a_constant_deep_image_has_little_information(value: int, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((64, 64), value, np.uint16)).save(tmp_path / "in" / "a.png")
    assert "low_information" in set(curate.audit(tmp_path / "in", tmp_path / "ws").findings["kind"])
