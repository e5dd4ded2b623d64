"""The ladder of the decoder: what is wrong with a file, in plain words, and what is left of it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

import curate
from curate.config import DecodeLimits
from curate.findings import KindSpec
from curate.images import kinds
from curate.images.decode import decode
from curate.schema import Severity
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()
JPEG = encode(photo(1))
PNG = encode(photo(1), "PNG")


def holed(data: bytes, at: int, count: int) -> bytes:
    return data[:at] + data[at + count :]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "kind", "severity", "image"),
    [
        pytest.param(b"", kinds.EMPTY, Severity.ERROR, False, id="empty"),
        pytest.param(b"<!DOCTYPE html><p>404", kinds.NOT_AN_IMAGE, Severity.ERROR, False, id="an error page"),
        pytest.param(bytes(500), kinds.NOT_AN_IMAGE, Severity.ERROR, False, id="zero bytes"),
        pytest.param(JPEG[: len(JPEG) // 2], kinds.TRUNCATED, Severity.ERROR, True, id="half a JPEG"),
        pytest.param(JPEG[:-2], kinds.TRUNCATED, Severity.WARNING, True, id="a JPEG without its end marker"),
        pytest.param(JPEG[:-1], kinds.TRUNCATED, Severity.WARNING, True, id="a JPEG without its last byte"),
        pytest.param(JPEG[:-12], kinds.TRUNCATED, Severity.ERROR, True, id="a JPEG without its last coded bytes"),
        pytest.param(holed(JPEG, len(JPEG) // 2, 300), kinds.DAMAGED, Severity.WARNING, True, id="a JPEG with a hole"),
        pytest.param(PNG[: len(PNG) // 2], kinds.TRUNCATED, Severity.ERROR, True, id="half a PNG"),
        pytest.param(PNG[:-2], kinds.TRUNCATED, Severity.ERROR, True, id="a PNG without its last two bytes"),
        pytest.param(flipped(PNG, len(PNG) // 2), kinds.DAMAGED, Severity.WARNING, True, id="a PNG with a flipped bit"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n" + bytes(50), kinds.UNREADABLE, Severity.ERROR, False, id="a PNG signature only"
        ),
    ],
)
def test_damage_has_a_kind_a_severity_and_a_reason(
    data: bytes, kind: KindSpec, severity: Severity, *, image: bool
) -> None:
    found = decode(data, LIMITS)
    worst = found.problems[0]
    assert kind in {problem.kind for problem in found.problems}
    assert severity in {problem.severity for problem in found.problems if problem.kind is kind}
    assert worst.reason.endswith((".", ")"))
    assert (found.image is not None) is image


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_an_intact_file_of_any_format_has_no_problem(image_format: str) -> None:
    found = decode(encode(photo(2), image_format), LIMITS)
    assert found.problems == []
    assert (found.format, found.width, found.height) == (image_format, 160, 120)
    assert found.image is not None
    assert found.image.rgb.shape == (120, 160, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_upright_whatever_their_exif_says(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = photo(3, 64, 48)
    data = encode(pixels, "JPEG", quality=95, exif=exif.tobytes(), subsampling=0)
    found = decode(data, LIMITS)
    with Image.open(io.BytesIO(data)) as image:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(image))
    assert found.image is not None
    assert (found.height, found.width) == expected.shape[:2]
    assert np.abs(found.image.rgb.astype(int) - expected).max() <= 4


def test_transparency_is_laid_on_white() -> None:
    pixels = np.zeros((10, 10, 4), np.uint8)
    found = decode(encode(pixels, "PNG"), LIMITS)
    assert found.image is not None
    assert (found.image.rgb == 255).all()


def test_the_digest_is_of_pixels_not_of_the_file() -> None:
    pixels = photo(4)
    packed, loose = (decode(encode(pixels, "PNG", compress_level=level), LIMITS) for level in (9, 0))
    bmp = decode(encode(pixels, "BMP"), LIMITS)
    other = pixels.copy()
    other[5, 5, 0] ^= 1
    assert packed.digest == loose.digest == bmp.digest
    assert decode(encode(other, "PNG"), LIMITS).digest != packed.digest


def test_a_palette_is_expanded_before_it_is_compared() -> None:
    indexed = Image.fromarray(photo(5)).quantize(16)
    buffer = io.BytesIO()
    indexed.save(buffer, "PNG")
    assert (
        decode(buffer.getvalue(), LIMITS).digest
        == decode(encode(np.asarray(indexed.convert("RGB")), "PNG"), LIMITS).digest
    )


def test_a_bomb_is_refused_by_its_header() -> None:
    found = decode(PNG, DecodeLimits(max_pixels=100))
    assert [problem.kind for problem in found.problems] == [kinds.TOO_LARGE]
    assert found.image is None


def test_a_big_jpeg_is_decoded_reduced_and_damage_in_it_is_still_seen() -> None:
    data = encode(np.tile(photo(6, 400, 300), (7, 6, 1)), "JPEG", quality=80)
    whole = decode(data, LIMITS)
    assert whole.problems == []
    assert (whole.width, whole.height) == (2400, 2100)
    assert whole.image is not None
    assert whole.image.rgb.shape[0] < 2100
    assert decode(holed(data, len(data) // 2, 300), LIMITS).problems[0].kind is kinds.DAMAGED
    with_comment = data[:2] + b"\xff\xfe\x00\x06abcd" + data[2:]
    assert decode(with_comment, LIMITS).digest == whole.digest


def test_an_animation_with_a_broken_later_frame_is_damaged() -> None:
    frames = [Image.fromarray(photo(seed, 40, 40)) for seed in range(4)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    data = buffer.getvalue()
    assert decode(data, LIMITS).frames == 4
    assert decode(data, LIMITS).problems == []
    assert decode(data[: len(data) * 3 // 4], LIMITS).problems


def test_a_bit_flipped_in_an_avif_is_noticed() -> None:
    data = encode(photo(7), "AVIF")
    assert decode(data, LIMITS).problems == []
    assert [p.kind for p in decode(flipped(data, len(data) - 200), LIMITS).problems] == [kinds.DAMAGED]


def test_heic_is_read_where_the_plug_in_is_installed() -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    data = encode(photo(8), "HEIF")
    found = decode(data, LIMITS)
    assert (found.format, found.width, found.height, found.problems) == ("HEIF", 160, 120, [])
    assert decode(data[: len(data) // 2], LIMITS).problems[0].kind is kinds.TRUNCATED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"mode": "CMYK"}, "CMYK", id="CMYK"),
        pytest.param({"mode": "P", "format": "PNG"}, "palette", id="palette"),
        pytest.param({"mode": "I;16", "format": "PNG"}, "8 bits", id="16 bits"),
    ],
)
def test_an_oddity_is_told_for_information(tmp_path: Path, options: dict[str, str], words: str) -> None:
    image = Image.fromarray(photo(9)).convert("L" if options["mode"] == "I;16" else "RGB").convert(options["mode"])
    (tmp_path / "in").mkdir()
    image_format = options.get("format", "JPEG")
    image.save(tmp_path / "in" / f"a.{'jpg' if image_format == 'JPEG' else 'png'}", image_format)
    findings = curate.audit(tmp_path / "in", tmp_path / "ws").findings
    (reason,) = findings.loc[findings["kind"] == "odd_metadata", "reason"]
    assert words in reason
    assert (findings.loc[findings["kind"] == "odd_metadata", "severity"] == "info").all()


def test_decoding_leaves_the_settings_of_the_process_as_they_are() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    for data in (JPEG, PNG[: len(PNG) // 2], b"no image"):
        decode(data, DecodeLimits(max_pixels=1 << 40))
        assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
