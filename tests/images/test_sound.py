"""Sound images of every domain are never called damaged, and each suspicion of the pixels wants its second sign."""

import io
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from curate.config import DecodeLimits
from curate.images import damage, kinds
from curate.images.containers import codes, scans
from curate.images.decode import decode
from curate.images.image import Pixels
from curate.schema import Severity
from tests.benchmarks import sound
from tests.benchmarks.damage import KINDS
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()


@pytest.mark.parametrize("domain", sound.DOMAINS)
def test_a_sound_image_of_any_domain_is_never_called_damaged(domain: str) -> None:
    for seed in range(20):
        found = decode(sound.written(sound.drawn(domain, seed), seed), LIMITS)
        assert [problem for problem in found.problems if problem.severity is not Severity.INFO] == [], seed


def test_a_doubt_is_told_for_information_and_suggests_nothing() -> None:
    """A selection that begins in the middle of a line, on the grid of blocks, is a staircase."""
    page = np.full((320, 480, 3), 255, np.uint8)
    page[160:176, 192:] = page[176:] = 157
    (problem,) = decode(encode(page, "JPEG"), LIMITS).problems
    assert (problem.kind, problem.severity) == (kinds.DAMAGED, Severity.INFO)
    assert "may as well be drawn so" in problem.reason


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_in_a_grey_frame_is_told_for_information(image_format: str) -> None:
    framed = np.full((300, 400, 3), 128, np.uint8)
    framed[16:200, 16:384] = photo(1, 368, 184)
    (problem,) = decode(encode(framed, image_format), LIMITS).problems
    assert problem.severity is Severity.INFO
    assert "a frame" in problem.reason


def cut_and_saved_again(pixels: Pixels, image_format: str) -> bytes:
    data = encode(pixels, "JPEG")
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        with Image.open(io.BytesIO(data[: len(data) * 6 // 10])) as image:
            image.load()
            return encode(np.asarray(image), image_format)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP"])
def test_rows_that_went_missing_in_the_middle_of_a_row_of_blocks_are_certain(image_format: str) -> None:
    severities = []
    for seed in range(8):
        (problem,) = decode(cut_and_saved_again(photo(seed, 480, 320), image_format), LIMITS).problems
        severities.append(problem.severity)
    assert severities.count(Severity.WARNING) >= 4, severities


def test_a_panel_with_a_tab_on_paper_is_no_missing_data() -> None:
    page = np.full((320, 480, 3), 250, np.uint8)
    page[160:176, 192:] = page[176:] = 128
    assert not damage.is_cut_off(page)
    textured = photo(3, 480, 320)
    textured[160:176, 192:] = textured[176:] = 128
    assert damage.is_cut_off(textured)


@pytest.mark.parametrize("shift", [1, 4])
def test_a_panel_off_the_grid_of_blocks_is_no_missing_data(shift: int) -> None:
    image = photo(3, 480, 320)
    image[160 + shift : 176 + shift, 192:] = image[176 + shift :] = 128
    assert not damage.is_cut_off(image)
    image = photo(3, 480, 320)
    image[160:176, 192 + shift :] = image[176:] = 128
    assert not damage.is_cut_off(image)


def noisy(first: int, last: int, left: int, right: int) -> Pixels:
    image = photo(5, 400, 300)
    image[first:last, left:right] = np.random.default_rng(1).integers(0, 256, (last - first, right - left, 3))
    return image


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(noisy(0, 300, 0, 400), id="all over"),
        pytest.param(noisy(100, 200, 0, 400), id="a band"),
        pytest.param(noisy(100, 200, 40, 400), id="a panel at the right"),
        pytest.param(noisy(100, 200, 0, 380), id="a panel at the left"),
    ],
)
@pytest.mark.parametrize("image_format", ["BMP", "TIFF", "PPM"])
def test_drawn_noise_is_told_for_information_at_most(image: Pixels, image_format: str) -> None:
    problems = decode(encode(image, image_format), LIMITS).problems
    assert {problem.severity for problem in problems} <= {Severity.INFO}


@pytest.mark.parametrize("image_format", ["BMP", "TIFF", "PPM"])
def test_foreign_bytes_are_certain_in_files_stored_downwards_and_upwards(image_format: str) -> None:
    data = encode(photo(5, 400, 300), image_format)
    certain = 0
    for seed in range(20):
        problems = decode(KINDS["4 KB of garbage"](data, Random(seed)), LIMITS).problems
        certain += any(problem.severity is Severity.WARNING and problem.kind is kinds.DAMAGED for problem in problems)
    assert certain >= 19


def test_the_rows_of_foreign_bytes_are_named_as_seen_in_a_file_stored_upwards() -> None:
    data = encode(photo(5, 400, 300), "BMP")
    at = 54 + 1200 * 60 + 500  # in the 61st row from below
    found = decode(data[:at] + Random(1).randbytes(4096) + data[at + 4096 :], LIMITS)
    (box,) = found.problems[0].where["boxes"]
    assert 233 <= box["top"] <= 238 <= box["top"] + box["height"] - 1 <= 240


# Codes that no encoder writes


@pytest.mark.parametrize("quality", [5, 30, 75, 95, 100])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_no_encoder_writes_impossible_codes(quality: int, progressive: bool, optimize: bool, mode: str) -> None:
    loud = np.random.default_rng(quality).choice(np.array([0, 255], np.uint8), (64, 96, 3))
    for pixels in (photo(quality, 200, 130), loud, np.zeros((40, 40, 3), np.uint8)):
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert(mode).save(
            buffer, "JPEG", quality=quality, progressive=progressive, optimize=optimize
        )
        assert not codes.are_impossible(buffer.getvalue())


@pytest.mark.parametrize("every", [1, 7])
def test_restart_markers_begin_the_codes_anew(every: int) -> None:
    data = cv2.imencode(".jpg", photo(2, 200, 130), [cv2.IMWRITE_JPEG_RST_INTERVAL, every])[1].tobytes()
    assert b"\xff\xd3" in data
    assert not codes.are_impossible(data)


@pytest.mark.parametrize("progressive", [False, True])
def test_foreign_bytes_among_the_codes_are_impossible(progressive: bool) -> None:
    data = encode(photo(2, 300, 200), "JPEG", progressive=progressive, quality=90)
    scan = [scan for scan in scans.scans(data) if not scan.refines][-1]  # what refines is not followed
    found = 0
    for seed in range(20):
        rng = Random(seed)
        at = rng.randrange(scan.start, scan.end - 200)
        found += codes.are_impossible(data[:at] + bytes(rng.randrange(255) for _ in range(200)) + data[at + 200 :])
    assert found >= 12
