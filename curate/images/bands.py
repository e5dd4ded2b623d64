"""The samples of a TIFF as they are stored, whatever their number and depth: satellite tiles, float maps, deep colour.

Pillow knows a closed list of layouts and cuts colours to 8 bits; OpenCV reads up to four bands. But libtiff, within
OpenCV, unpacks one band of any width: a directory is written that describes the interleaved bands as one wide grey
image, and what came out is taken apart here (TIFF 6.0; predictors 2 and 3 are undone per band, as Adobe's Technical
Note 3 has it).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

from curate.images.deep import Samples

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOUR, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_ORIENTATION, _BANDS, _PLANAR, _PREDICTOR, _EXTRA, _FORMAT, _NO_DATA = 274, 277, 284, 317, 338, 339, 42113
_STRIPS, _ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_UNPACKED = {1, 5, 8, 32773, 32946, 34925, 50000}
"""None, LZW, deflate, PackBits, LZMA, Zstandard: compressions of bytes, which know nothing of bands."""
_READ_AS = {8: (1, "u1"), 16: (1, "u2"), 32: (2, "i4"), 64: (3, "f8")}
"""By bits: the sample format that OpenCV is told, and what it then gives; the bits are what counts."""
_TYPES = {1: "u", 2: "i", 3: "f"}
_RGB, _MAX_PAGES = 2, 10_000


Pieces = tuple[tuple[int, ...], tuple[int, ...]]
"""Offsets and sizes of strips or tiles."""


class UnsupportedLayoutError(Exception):
    """The file may be sound, but its layout is none that is read here."""


@dataclass(frozen=True, slots=True)
class Page:
    """One directory of a TIFF: the tags by number, each a tuple of values."""

    tags: dict[int, tuple[int, ...]]
    no_data: float | None = None

    def one(self, tag: int, default: int) -> int:
        """Return the first value of a tag."""
        return self.tags.get(tag, (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        """(columns, rows)."""
        return self.one(_WIDTH, 0), self.one(_HEIGHT, 0)

    @property
    def orientation(self) -> int:
        """As in EXIF, 1 to 8."""
        return self.one(_ORIENTATION, 1)

    @property
    def bands(self) -> int:
        """Samples a pixel."""
        return self.one(_BANDS, 1)

    @property
    def bits(self) -> int:
        """Bits a sample, of the first band."""
        return self.one(_BITS, 1)

    @property
    def has_alpha(self) -> bool:
        """Say whether the fourth band is declared to be the opacity of three colours."""
        return self.one(_COLOUR, 0) == _RGB and self.bands == 4 and self.one(_EXTRA, 0) in (1, 2)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of a sample."""
        kind = _TYPES.get(self.one(_FORMAT, 1))
        bits = set(self.tags.get(_BITS, (1,)))
        if kind is None or len(bits) != 1 or self.bits not in (8, 16, 32, 64) or (kind, self.bits) == ("f", 8):
            raise UnsupportedLayoutError(f"{self.bits}-bit samples of format {self.one(_FORMAT, 1)}")
        return np.dtype(f"{kind}{self.bits // 8}")

    @property
    def pieces(self) -> Pieces:
        """Offsets and sizes of the strips or tiles."""
        names = (_TILES, _TILE_BYTES) if _TILES in self.tags else (_STRIPS, _STRIP_BYTES)
        return self.tags.get(names[0], ()), self.tags.get(names[1], ())

    def is_coherent(self, size: int) -> bool:
        """Say whether a directory makes sense in a file of that many bytes, read here or not."""
        offsets, sizes = self.pieces
        is_complete = {_WIDTH, _HEIGHT, _BITS}.issubset(self.tags) and len(self.tags[_BITS]) in (1, self.bands)
        are_listed = bool(offsets) and len(offsets) == len(sizes)
        return is_complete and all(self.size) and are_listed and all(map(lambda at, n: at + n <= size, offsets, sizes))


def pages(data: bytes) -> Iterator[Page]:
    """Yield the directories of a TIFF, classic or big."""
    stream = io.BytesIO(data)
    header = stream.read(16 if data[2:3] == b"\x2b" or data[3:4] == b"\x2b" else 8)
    directory = TiffImagePlugin.ImageFileDirectory_v2(header)
    seen: set[int] = set()
    while directory.next and directory.next not in seen and len(seen) < _MAX_PAGES:
        seen.add(directory.next)
        stream.seek(directory.next)
        directory.load(stream)
        yield Page({tag: _integers(directory, tag) for tag in directory if tag != _NO_DATA}, _declared(directory))


def _integers(directory: TiffImagePlugin.ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    try:
        value = directory[tag]
    except (KeyError, ValueError, TypeError, struct.error):
        return (0,)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in values if isinstance(item, int)) or (0,)


def _declared(directory: TiffImagePlugin.ImageFileDirectory_v2) -> float | None:
    return no_data(directory.get(_NO_DATA))


def no_data(text: object) -> float | None:
    """Parse GDAL's tag 42113, a number as text; None where there is none."""
    try:
        return float(str(text).strip("\x00 ")) if text is not None else None
    except ValueError:
        return None


def read(data: bytes, page: Page) -> Samples:
    """Read the samples of a page, (rows, columns) or (rows, columns, bands), as stored.

    Raises `UnsupportedLayoutError` for a layout or compression that is not read here.
    """
    columns, rows = page.size
    dtype, bands = page.dtype, page.bands
    if not page.is_coherent(len(data)) or page.one(_COMPRESSION, 1) not in _UNPACKED:
        raise UnsupportedLayoutError(f"compression {page.one(_COMPRESSION, 1)}, {columns} x {rows} x {bands}")
    if page.one(_PLANAR, 1) == 1 or bands == 1:
        made = _unpacked(data, page, bands, page.pieces)
    else:
        offsets, sizes = page.pieces
        each = len(offsets) // bands
        parts = (slice(band * each, (band + 1) * each) for band in range(bands))
        made = np.stack([_unpacked(data, page, 1, (offsets[part], sizes[part]))[:, :, 0] for part in parts], axis=2)
    made = made.view(dtype)
    return made[:, :, 0] if bands == 1 else made


def _unpacked(data: bytes, page: Page, bands: int, pieces: Pieces) -> npt.NDArray[np.generic]:
    """Unpack interleaved bands to (rows, columns, bands), of some type of the right width."""
    columns, rows = page.size
    tile = page.one(_TILE_WIDTH, 0) if _TILES in page.tags else 0
    wide = -(-columns // tile) * tile if tile else columns
    order = ">" if data[:2] == b"MM" else "<"
    bits = _bits_at_once(page)
    samples = bits // page.bits
    described = _as_grey(data, page, bands, wide, pieces)
    flat = cv2.imdecode(np.frombuffer(described, np.uint8), cv2.IMREAD_UNCHANGED)
    if flat is None or flat.shape != (rows, wide * bands // samples) or flat.dtype != np.dtype(_READ_AS[bits][1]):
        raise UnsupportedLayoutError(f"{bands} bands of {page.bits} bits")
    if samples == 2:
        flat = (flat.byteswap() if order == ">" else flat).view(np.uint8)
    pixels: npt.NDArray[Any] = np.ascontiguousarray(flat).reshape(rows, wide // (tile or wide), tile or wide, bands)
    predictor = page.one(_PREDICTOR, 1)
    if predictor == 2:
        whole = pixels.view(f"u{page.bits // 8}")
        pixels = np.cumsum(whole, axis=2, dtype=whole.dtype)
    elif predictor == 3:
        pixels = _from_planes(pixels.byteswap() if order == ">" else pixels)
    elif predictor != 1:
        raise UnsupportedLayoutError(f"predictor {predictor}")
    return np.ascontiguousarray(pixels.reshape(rows, wide, bands)[:, :columns])


def _bits_at_once(page: Page) -> int:
    """Return the bits to be read at once: of one sample, or of two of 8 bits in tiles, which OpenCV cannot."""
    return 16 if page.bits == 8 and _TILES in page.tags else page.bits


def _from_planes(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Undo predictor 3: differences of bytes, and of each row first all highest bytes, then the next."""
    rows, tiles, columns, bands = pixels.shape
    width = pixels.dtype.itemsize
    differences = pixels.view(np.uint8).reshape(rows, tiles, columns * width, bands)
    planes = np.cumsum(differences, axis=2, dtype=np.uint8).reshape(rows, tiles, width, columns * bands)
    swapped = np.ascontiguousarray(planes.swapaxes(2, 3)).view(f">u{width}")
    return swapped.astype(f"u{width}").reshape(rows, tiles, columns, bands)


def _as_grey(data: bytes, page: Page, bands: int, wide: int, pieces: Pieces) -> bytes:
    """Append a directory that describes the packed bytes as one grey band, `bands` times as wide."""
    _, rows = page.size
    is_tiled = _TILES in page.tags
    bits = _bits_at_once(page)
    entries: dict[int, tuple[int, ...]] = {
        _WIDTH: (wide * bands * page.bits // bits,),
        _HEIGHT: (rows,),
        _BITS: (bits,),
        _COMPRESSION: (page.one(_COMPRESSION, 1),),
        _COLOUR: (1,),
        _FILL_ORDER: (page.one(_FILL_ORDER, 1),),
        _BANDS: (1,),
        _PLANAR: (1,),
        _FORMAT: (_READ_AS[bits][0],),
    }
    if is_tiled:
        across = page.one(_TILE_WIDTH, 0) * bands * page.bits // bits
        entries |= {_TILE_WIDTH: (across,), _TILE_HEIGHT: (page.one(_TILE_HEIGHT, 0),)}
        entries |= {_TILES: pieces[0], _TILE_BYTES: pieces[1]}
    else:
        entries |= {_ROWS: (min(page.one(_ROWS, rows), rows),), _STRIPS: pieces[0], _STRIP_BYTES: pieces[1]}
    return _with_directory(data, entries)


def _with_directory(data: bytes, entries: dict[int, tuple[int, ...]]) -> bytes:
    """Append a directory of whole numbers to a TIFF, and make it the first."""
    order = ">" if data[:2] == b"MM" else "<"
    is_big = 43 in (data[2], data[3])
    count, head, word, kind = ("Q", 16, "Q", 16) if is_big else ("H", 8, "I", 4)
    size = struct.calcsize(word)
    body = bytearray(data)
    body += bytes(-len(body) % 8)
    fields = []
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{word}", *values)
        if len(values) > 1:
            listed, packed = packed, struct.pack(order + word, len(body))
            body += listed + bytes(-len(listed) % 8)
        fields.append(struct.pack(f"{order}HH{word}", tag, kind, len(values)) + packed)
    struct.pack_into(order + word, body, head - size, len(body))
    return bytes(body + struct.pack(order + count, len(fields)) + b"".join(fields) + bytes(size))
