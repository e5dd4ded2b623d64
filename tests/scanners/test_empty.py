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
from curate.scanners.quality import has_subject
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
