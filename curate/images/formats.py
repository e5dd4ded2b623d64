"""What a file is, by its first bytes; never by its name.

The names are Pillow's. Extensions are only compared with the content afterwards.
"""

import posixpath
import re

from curate.i18n import Message, msg

SNIFF_BYTES = 512

EXTENSIONS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif", ".hif"),
    "JPEG2000": (".jp2", ".j2k", ".jpx", ".j2c"),
    "ICO": (".ico", ".cur"),
    "PSD": (".psd",),
    "DDS": (".dds",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "TGA": (".tga",),
    "ICNS": (".icns",),
    "PCX": (".pcx",),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".bw"),
    "JXL": (".jxl",),
    "EXR": (".exr",),
    "DICOM": (".dcm", ".dicom"),
}
UNREAD = ("JXL", "EXR", "DICOM")
"""Formats that are known by their first bytes and read by no decoder here."""
FORMAT_OF_EXTENSION = {extension: name for name, extensions in EXTENSIONS.items() for extension in extensions}

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),
    (0, b"8BPS", "PSD"),
    (0, b"DDS ", "DDS"),
    (0, b"icns", "ICNS"),
    (0, b"qoif", "QOI"),
    (0, b"\x01\xda", "SGI"),
    (0, b"\xff\x0a", "JXL"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JXL"),
    (0, b"\x76\x2f\x31\x01", "EXR"),
    (128, b"DICM", "DICOM"),
    (0, b"#?RADIANCE", "HDR"),
    (0, b"#?RGBE", "HDR"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_OTHER: tuple[tuple[bytes, Message], ...] = (
    (b"<!doctype html", msg("an HTML page")),
    (b"<html", msg("an HTML page")),
    (b"<svg", msg("an SVG drawing")),
    (b"<?xml", msg("an XML document")),
    (b"{", msg("JSON text")),
    (b"%pdf", msg("a PDF document")),
    (b"pk\x03\x04", msg("a ZIP archive")),
    (b"\x1f\x8b", msg("a gzip archive")),
    (b"version https://git-lfs", msg("a Git LFS pointer, not the image itself")),
)


def sniff(head: bytes) -> str | None:
    """Name the image format that `head` (the first `SNIFF_BYTES` bytes) announces, or None."""
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis") or (brand in _HEIF_BRANDS and b"avif" in head[16:64]):
            return "AVIF"
        if brand in _HEIF_BRANDS:
            return "HEIF"
    if (
        head[:2] == b"BM"
        and len(head) >= 26
        and int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)
    ):
        return "BMP"
    if head[:4] in (b"\x00\x00\x01\x00", b"\x00\x00\x02\x00") and 0 < int.from_bytes(head[4:6], "little") < 256:
        return "ICO"
    if head[:1] == b"P" and head[1:2] in b"123456fF" and head[2:3].isspace():
        return "PPM"
    return None


def describe_other(head: bytes) -> Message:
    """Say in a few words what a file is that no image format claims."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, name in _OTHER:
        if text.startswith(start):
            return name
    if head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return msg("plain text")
    if not any(head):
        return msg("zero bytes")
    return msg("no known image format")


def extension_matches(path: str, image_format: str) -> bool:
    """Say whether the file name's extension is one that this format goes by."""
    suffix = posixpath.splitext(path)[1].lower()
    accepted = EXTENSIONS.get(image_format)
    return accepted is None or suffix in accepted


_NUMBERS = re.compile(rb"P([2356fF])((?:\s+(?:#[^\n]*\n\s*)*[-+.\deE]+){3})\s")
_RADIANCE = re.compile(rb"\n[-+]Y (\d{1,9}) [-+]X (\d{1,9})\n")


def ppm_maximum(data: bytes) -> int:
    """Return the largest sample that a PPM or PGM announces; 0 where it announces none."""
    found = _NUMBERS.match(data[:4096])
    third = _header_numbers(found)[2] if found and found[1] in b"2356" else b"0"
    return int(third) if third.isdigit() else 0


def size_in_header(data: bytes, image_format: str | None) -> tuple[int, int] | None:
    """Read (columns, rows) from the header of a PFM or Radiance file; None where it cannot be read."""
    if image_format == "HDR":
        lines = _RADIANCE.search(data[:65536])
        return (int(lines[2]), int(lines[1])) if lines else None
    found = _NUMBERS.match(data[:4096])
    columns, rows, _ = _header_numbers(found) if found else (b"", b"", b"")
    return (int(columns), int(rows)) if columns.isdigit() and rows.isdigit() else None


def _header_numbers(found: re.Match[bytes]) -> list[bytes]:
    return re.sub(rb"#[^\n]*\n", b" ", found[2]).split()
