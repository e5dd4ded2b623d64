"""Damage that only the pixels show, with its place; and clean images that look a little like it."""

from random import Random

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from curate.config import DecodeLimits
from curate.images import damage, kinds
from curate.images.containers.problem import Problem
from curate.images.decode import decode
from curate.images.image import Pixels
from curate.schema import Severity
from tests.benchmarks.damage import KINDS
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()
BIG = photo(3, 480, 320)
CHESSBOARD = (np.indices((320, 480)) // 16).sum(axis=0)[..., None].repeat(3, axis=2).astype(np.uint8) % 2 * 255


def shifted(pixels: Pixels, row: int, column: int, levels: int) -> Pixels:
    """What one wrong difference does: everything after a block is brighter."""
    changed = pixels.astype(np.int16)
    changed[row : row + 16, column:] += levels
    changed[row + 16 :] += levels
    return np.clip(changed, 0, 255).astype(np.uint8)


def seen(data: bytes) -> Problem | None:
    return next((p for p in decode(data, LIMITS).problems if p.kind is kinds.DAMAGED), None)


def with_changed_bits(data: bytes, seed: int) -> bytes:
    """Five single bits among the coded data have changed."""
    return KINDS["5 bits flipped"](data, Random(seed))


def test_a_shift_from_one_block_on_is_seen_with_its_place() -> None:
    """Saved again, its codes are in order: it may be drawn so, and is told for information."""
    problem = seen(encode(shifted(BIG, 160, 192, 25), "JPEG"))
    assert problem is not None
    assert problem.severity is Severity.INFO
    assert problem.where["boxes"] == [{"left": 0, "top": 160, "width": 480, "height": 160, "what": "damage"}]


def test_a_shift_by_changed_bits_is_certain_since_no_encoder_writes_such_codes() -> None:
    """Of these files that a strict decoder accepts, the pixels show a shift in some, the codes prove most."""
    data = encode(photo(7, 480, 320), "JPEG", quality=85)
    accepted = [found for found in (seen(with_changed_bits(data, seed)) for seed in range(60)) if found]
    shifts = [found for found in accepted if "shifted" in found.reason]
    certain = [found for found in shifts if found.severity is Severity.WARNING]
    assert len(shifts) >= 3
    assert len(certain) >= 0.5 * len(shifts)
    assert all("no encoder" in found.reason for found in certain)
    assert all("boxes" in found.where for found in certain)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_place_is_that_of_the_upright_image(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = BIG.copy()
    grey[240:] = 128
    problem = seen(encode(grey, "JPEG", subsampling=0, exif=exif.tobytes()))
    assert problem is not None
    (box,) = problem.where["boxes"]
    found = decode(encode(grey, "JPEG", subsampling=0, exif=exif.tobytes()), LIMITS)
    assert found.image is not None
    inside = found.image.rgb[box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]]
    assert np.abs(inside.astype(int) - 128).max() <= 2
    assert inside.shape[0] * inside.shape[1] == 480 * 80


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "WEBP"])
def test_an_image_that_was_cut_and_saved_again_is_seen_in_any_format(image_format: str) -> None:
    grey = BIG.copy()
    grey[200:] = 128
    problem = seen(encode(grey, image_format))
    assert problem is not None
    assert 195 <= problem.where["boxes"][0]["top"] <= 208


def test_noise_among_stored_pixels_is_seen() -> None:
    data = encode(BIG, "BMP")
    at = len(data) // 2
    problem = seen(data[:at] + Random(1).randbytes(4096) + data[at + 4096 :])
    assert problem is not None
    box = problem.where["boxes"][0]
    assert box["top"] <= 160 <= box["top"] + box["height"]


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(np.full((300, 400, 3), 128, np.uint8), id="grey all over"),
        pytest.param(np.full((300, 400, 3), 0, np.uint8), id="black all over"),
        pytest.param(cv2.rectangle(BIG.copy(), (0, 160), (480, 320), (128, 60, 40), -1), id="a flat coloured floor"),
        pytest.param(cv2.rectangle(BIG.copy(), (200, 96), (480, 200), (250, 250, 250), -1), id="a caption box"),
        pytest.param(CHESSBOARD, id="a chessboard"),
    ],
)
def test_a_scene_that_looks_a_little_like_it_is_left_alone(pixels: Pixels) -> None:
    for image_format in ("JPEG", "PNG", "BMP"):
        assert seen(encode(pixels, image_format)) is None


@given(
    st.integers(0, 2**32),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_was_planted_decoding_answers_with_problems_or_an_image(
    seed: int, kind: str, image_format: str
) -> None:
    found = decode(KINDS[kind](encode(photo(seed % 1000, 64, 48), image_format), Random(seed)), LIMITS)
    assert found.image is not None or any(problem.severity is Severity.ERROR for problem in found.problems)
    for problem in found.problems:
        assert problem.reason.endswith((".", ")"))
        assert "\n" not in problem.reason


@pytest.mark.parametrize("rows", [1, 2, 5, 40])
def test_small_images_have_no_room_for_a_verdict(rows: int) -> None:
    assert damage.rows_missing(photo(1, 40, rows), (128,)) is None
    assert damage.staircase(photo(1, 40, rows), 16, 16) is None
