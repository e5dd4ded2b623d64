"""What Pillow does not open: read by a second decoder, or called unsupported, and never unreadable for its sort."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import curate
from curate.config import DecodeLimits
from curate.findings import KindSpec
from curate.images import formats, kinds
from curate.images.decode import decode
from curate.schema import Severity
from tests.images.test_depth import many_bands
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()
PIXELS = photo(1)
PNG = encode(PIXELS, "PNG")
LARGE_TEXT = b"history\0\0" + zlib.compress(bytes(2 << 20))


def with_chunk(name: bytes, body: bytes, *, before: bytes = b"IDAT", is_right: bool = True) -> bytes:
    """The PNG with another chunk, its checksum right or wrong."""
    at = PNG.find(before) - 4
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ (not is_right))
    return PNG[:at] + chunk + PNG[at:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_chunk(b"zTXt", LARGE_TEXT), id="text that unpacks large"),
        pytest.param(
            with_chunk(b"zTXt", b"h\0\0" + zlib.compress(bytes(2 << 20)), before=b"IEND"), id="behind the data"
        ),
        pytest.param(with_chunk(b"gAMA", b"\0\0\xb1\x8f", is_right=False), id="a wrong checksum of the gamma"),
        pytest.param(with_chunk(b"tEXt", b"a\0b", before=b"IEND", is_right=False), id="of text behind the data"),
    ],
)
def test_what_lies_beside_the_image_does_not_stop_it_from_being_read(data: bytes) -> None:
    found = decode(data, LIMITS)
    assert found.image is not None
    assert (found.image.rgb == PIXELS).all()
    assert {problem.severity for problem in found.problems} <= {Severity.INFO}
    assert found.digest == decode(PNG, LIMITS).digest


def test_the_orientation_of_a_mended_png_is_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    at = PNG.find(b"IDAT") - 4
    upright = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    gamma = struct.pack(">I", 4) + b"gAMA" + bytes(8)
    found = decode(PNG[:at] + upright + gamma + PNG[at:], LIMITS)
    assert (found.width, found.height) == (120, 160)


def test_a_wrong_checksum_beside_the_image_suggests_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(with_chunk(b"gAMA", b"\0\0\xb1\x8f", is_right=False))
    audit = curate.audit(tmp_path / "in", tmp_path / "ws")
    (finding,) = audit.findings.loc[audit.findings["category"] == "corrupted"].itertuples()
    assert (finding.kind, finding.severity, finding.suggestion) == ("odd_metadata", "info", "keep")
    assert audit.images["status"].tolist() == ["ok"]


def complex_numbers() -> bytes:
    """A TIFF of complex samples (format 6), as radar has them."""
    data = many_bands(np.full((20, 30, 5), 7, np.uint32))
    return data.replace(struct.pack("<5I", *[1] * 5), struct.pack("<5I", *[6] * 5))


def lossless_jpeg() -> bytes:
    data = bytearray(encode(PIXELS))
    data[data.find(b"\xff\xc0") + 1] = 0xC3
    return bytes(data)


def twelve_bit_jpeg() -> bytes:
    data = bytearray(encode(PIXELS))
    at = data.find(b"\xff\xc0")
    data[at + 1], data[at + 4] = 0xC1, 12
    return bytes(data)


def deep_psd() -> bytes:
    return b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 20, 30, 32, 3) + bytes(12) + bytes(2 + 20 * 30 * 3 * 4)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(complex_numbers(), id="a TIFF of complex numbers"),
        pytest.param(b"\xff\x0a" + bytes(range(200)), id="JPEG XL"),
        pytest.param(b"\x76\x2f\x31\x01" + bytes(range(200)), id="OpenEXR"),
        pytest.param(bytes(128) + b"DICM" + bytes(200), id="DICOM"),
        pytest.param(lossless_jpeg(), id="lossless JPEG"),
        pytest.param(twelve_bit_jpeg(), id="JPEG of twelve bits"),
        pytest.param(deep_psd(), id="PSD of 32 bits"),
    ],
)
def test_a_sort_of_image_that_nothing_here_reads_is_unsupported(data: bytes) -> None:
    found = decode(data, LIMITS)
    assert [(problem.kind, problem.severity) for problem in found.problems] == [(kinds.UNSUPPORTED, Severity.WARNING)]


def test_an_unsupported_image_is_queued_with_the_suggestion_to_keep_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tif").write_bytes(complex_numbers())
    audit = curate.audit(tmp_path / "in", tmp_path / "ws")
    (finding,) = audit.findings.itertuples()
    assert (finding.kind, finding.category, finding.severity) == ("unsupported", "corrupted", "warning")
    assert finding.suggestion == "keep"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(
            many_bands(np.ones((20, 30, 5), np.uint16))[:300], kinds.UNREADABLE, id="a TIFF without directory"
        ),
        pytest.param(b"II*\0" + b"\x08\0\0\0" + bytes(range(255)), kinds.UNREADABLE, id="a TIFF of garbage"),
        pytest.param(b"P5 10", kinds.UNREADABLE, id="half a header"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(50), kinds.UNREADABLE, id="a PNG signature only"),
    ],
)
def test_what_is_broken_is_not_called_unsupported(data: bytes, kind: KindSpec) -> None:
    assert kind in {problem.kind for problem in decode(data, LIMITS).problems}


def test_high_dynamic_range_is_read_by_the_second_decoder() -> None:
    values = cv2.resize(np.random.default_rng(0).random((6, 6, 3)).astype(np.float32), (60, 40)) * 50
    found = decode(cv2.imencode(".hdr", values)[1].tobytes(), LIMITS)
    assert (found.format, found.mode, found.width, found.height) == ("HDR", "RGB;F", 60, 40)
    assert found.problems == []


def test_colours_of_the_second_decoder_are_in_order() -> None:
    red = np.zeros((20, 20, 3), np.float32)
    red[:, :, 2] = np.linspace(0, 1, 20)  # OpenCV's order is blue, green, red
    for extension in (".tiff", ".pfm", ".hdr"):
        found = decode(cv2.imencode(extension, red)[1].tobytes(), LIMITS)
        assert found.image is not None
        right = found.image.rgb[10, -1]
        assert right[0] > 200
        assert right[2] < 50


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(many_bands(np.ones((20, 30, 5), np.uint16)), id="a TIFF of many bands"),
        pytest.param(cv2.imencode(".pfm", np.ones((20, 30, 3), np.float32))[1].tobytes(), id="a PFM"),
        pytest.param(cv2.imencode(".hdr", np.ones((20, 30, 3), np.float32))[1].tobytes(), id="a Radiance file"),
    ],
)
def test_the_second_decoder_opens_no_bombs(data: bytes) -> None:
    found = decode(data, DecodeLimits(max_pixels=599))
    assert [problem.kind for problem in found.problems] == [kinds.TOO_LARGE]
    assert decode(data, DecodeLimits(max_pixels=600)).image is not None


@pytest.mark.parametrize(
    ("header", "maximum"),
    [
        (b"P6 3 2 255\n", 255),
        (b"P5\n# a comment\n3 2\n65535\n", 65535),
        (b"P5 3 2", 0),
        (b"P4 3 2\n", 0),
        (b"Pf 3 2 -1.0\n", 0),
    ],
)
def test_the_largest_sample_of_a_ppm_is_read_from_its_header(header: bytes, maximum: int) -> None:
    assert formats.ppm_maximum(header) == maximum


def test_an_end_marker_that_is_missing_is_told_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, options in {"a": {}, "b": {"progressive": True}}.items():
        data = encode(PIXELS, "JPEG", **options)
        (tmp_path / "in" / f"{name}.jpg").write_bytes(data[:-2])
        assert decode(data[:-2], LIMITS).digest == decode(data, LIMITS).digest
    audit = curate.audit(tmp_path / "in", tmp_path / "ws")
    truncated = audit.findings.loc[audit.findings["kind"] == "truncated"]
    assert truncated["severity"].tolist() == ["warning"] * 2
    assert truncated["suggestion"].tolist() == ["keep"] * 2
    assert truncated["reason"].str.contains("only the end marker").all()


def test_a_progressive_jpeg_that_lacks_its_last_scan_is_an_error() -> None:
    """With an end marker put behind what is there, a strict decoder reads it without a word."""
    data = encode(PIXELS, "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    tables = data.rfind(b"\xff\xc4", 0, last)
    (problem,) = decode(data[:tables], LIMITS).problems
    assert (problem.kind, problem.severity) == (kinds.TRUNCATED, Severity.ERROR)


def test_white_shapes_on_nothing_are_laid_on_grey() -> None:
    icon = np.zeros((60, 60, 4), np.uint8)
    icon[:, :, :3] = 255
    icon[20:40, 20:40, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(icon).save(buffer, "PNG")
    found = decode(buffer.getvalue(), LIMITS)
    assert found.image is not None
    assert (found.image.rgb[20:40, 20:40] == 255).all()
    assert (found.image.rgb[:20] < 128).all()


def test_black_shapes_on_nothing_stay_on_white() -> None:
    icon = np.zeros((60, 60, 4), np.uint8)
    icon[20:40, 20:40, 3] = 255
    found = decode(encode(icon, "PNG"), LIMITS)
    assert found.image is not None
    assert (found.image.rgb[:20] == 255).all()
