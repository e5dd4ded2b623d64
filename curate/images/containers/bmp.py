"""BMP: has no checksum; all it can show is that the file is shorter than its header says."""

import struct
from collections.abc import Iterator

from curate.i18n import msg
from curate.images import kinds
from curate.images.containers.problem import Problem, cut_short
from curate.schema import Severity

_UNCOMPRESSED = (0, 3, 6)


def problems(data: bytes) -> Iterator[Problem]:
    """Compare the length with that of the rows which the header announces."""
    layout = _layout(data)
    if layout is None:
        return
    offset, row_bytes, rows = layout
    missing = offset + row_bytes * rows - len(data)
    if missing >= row_bytes:
        yield cut_short(missing, msg("{rows:,} rows of pixels", rows=rows), offset)
    elif missing > 0:
        yield Problem(
            kinds.TRUNCATED,
            Severity.WARNING,
            msg("The last row of pixels lacks {missing:,} bytes; fetch the file again.", missing=missing),
            {"offset": len(data), "missing_bytes": missing},
        )


def _layout(data: bytes) -> tuple[int, int, int] | None:
    """Return (offset of the pixels, bytes a row, rows) of an uncompressed BMP."""
    if len(data) < 34:
        return None
    offset, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        width, rows, _, depth = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, rows, _, depth, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression not in _UNCOMPRESSED or width <= 0:
        return None
    return offset, (width * depth + 31) // 32 * 4, abs(rows)
