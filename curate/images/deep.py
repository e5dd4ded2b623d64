"""Samples of more than 8 bits, and bands that are no colours: on which scale they are shown.

A radiograph fills 12 of the 16 bits it is stored in, a low-light image 8 of them, an elevation raster lies between
1,800 and 2,100 m. Shown on the scale of the container all of them are black, so each image has a scale of its own:
the bits that it fills, where it fills them; else from its 1st to its 99th percentile. Values that measure nothing
(NaN, infinity, the "no data" of rasters) have no say in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.images.image import Pixels

Samples = npt.NDArray[np.generic]
"""(rows, columns) or (rows, columns, bands), of any integer or float type."""

SAMPLE = 1 << 20
"""So many values of a band are enough to find its scale."""
LOW, HIGH = 0.01, 0.99
"""Quantiles between which an image is shown that does not fill its bits."""
MEASURES_NOTHING = 1e20
"""Beyond this a float is a mark, not a measurement: rasters use -3.4e38 and 9.97e36."""
NO_DATA = (-999.0, -9999.0, -99999.0, -32767.0, -32768.0)
"""What rasters put where there are no data, believed only where it is the lowest value."""
ENOUGH_TONES = 16
"""So many values must be left for the lowest one to pass for "no data"; a mask has only two."""
_ROWS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Scale:
    """The values that are shown black and white."""

    low: float
    high: float


def shown(samples: Samples, *, has_alpha: bool = True, no_data: float | None = None) -> Pixels:
    """Convert samples to what is looked at: uint8, (rows, columns[, 3 or 4]); samples of 8 bits are left as they are.

    Colours share a scale; of more than four bands the first three are shown, each on its own. A fourth band is laid
    out as alpha where `has_alpha`. `no_data` is the value that the file itself declares to be no measurement.
    """
    bands = samples.shape[2] if samples.ndim == 3 else 1
    if samples.dtype == np.uint8 and (bands in (1, 3) or (bands == 4 and has_alpha)) and samples.shape[2:] != (1,):
        return np.asarray(samples, dtype=np.uint8)
    if bands < 3:
        return _grey(samples if samples.ndim == 2 else samples[:, :, 0], no_data)
    colours = [samples[:, :, band] for band in range(3)]
    scale = scale_of(samples[:, :, :3], no_data) if bands <= 4 else None
    planes = [_grey(colour, no_data, scale) for colour in colours]
    if bands == 4 and has_alpha:
        planes.append(_opacity(samples[:, :, 3]))
    return np.dstack(planes)


def _grey(plane: Samples, no_data: float | None, scale: Scale | None = None) -> Pixels:
    if plane.dtype == np.uint8:
        return np.asarray(plane, dtype=np.uint8)
    return _stretched(plane, scale or scale_of(plane, no_data), no_data)


def _opacity(alpha: Samples) -> Pixels:
    """Convert alpha, which has the scale of its type, to 8 bits."""
    if alpha.dtype == np.uint8:
        return np.asarray(alpha, dtype=np.uint8)
    full = float(2 ** (8 * alpha.dtype.itemsize - (alpha.dtype.kind == "i")) - 1) if alpha.dtype.kind in "iu" else 1.0
    return _stretched(alpha, Scale(0.0, full), None)


def scale_of(samples: Samples, no_data: float | None = None) -> Scale:
    """Find the values to be shown black and white; of a constant image, those between which it is mid-grey."""
    values = _measured(samples, no_data)
    if not values.size:
        return Scale(0.0, 1.0)
    low, high = (float(value) for value in np.quantile(values, (LOW, HIGH)))
    if low == high:  # all but a few are the same
        low, high = float(values[0]), float(values[-1])
    if low == high:
        around = max(1.0, abs(low) / 2)
        return Scale(low - around, high + around)
    full = _full(high)
    return Scale(0.0, full) if 0 <= low <= full / 4 and high >= full / 2 else Scale(low, high)


def _full(high: float) -> float:
    """Return the largest value of as many bits as `high` takes, 8 at least; of a float up to 1 that is 1."""
    return 1.0 if high <= 1 else float((1 << max(8, int(min(high, 1e18)).bit_length())) - 1)


def _measured(samples: Samples, no_data: float | None) -> npt.NDArray[np.float64]:
    """Return values that measure something, sorted: every n-th one of a large image."""
    flat = samples.reshape(-1)
    # An odd step that shares no factor with the usual widths visits all columns and bands.
    step = 1 if flat.size <= SAMPLE else (flat.size // SAMPLE) * 6 + 1
    values = np.sort(flat[::step].astype(np.float64))
    values = values[np.abs(values) < MEASURES_NOTHING]  # NaN is not, either
    if no_data is not None:
        values = values[values != no_data]
    return _without_lowest(values)


def _without_lowest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out the lowest of sorted values where it is a known mark, or lies further off than the rest is wide."""
    rest = values[np.searchsorted(values, values[0], "right") :] if values.size else values
    if not rest.size or rest.size == values.size or np.unique(rest[:: 1 + rest.size // 4096]).size < ENOUGH_TONES:
        return values
    width = float(np.quantile(rest, HIGH)) - rest[0]
    return rest if values[0] in NO_DATA or rest[0] - values[0] > width else values


def _stretched(plane: Samples, scale: Scale, no_data: float | None) -> Pixels:
    """Convert one band to 8 bits on a scale; what measures nothing becomes black."""
    if plane.dtype == np.uint16:  # a table of all values takes a fraction of the time and memory
        table = _stretched(np.arange(1 << 16, dtype=np.float32).reshape(1, -1), scale, no_data)[0]
        return np.asarray(table[plane], dtype=np.uint8)
    made = np.empty(plane.shape, dtype=np.uint8)
    for rows in strips(plane.shape):
        values = plane[rows].astype(np.float64)
        nothing = np.isnan(values) if no_data is None else np.isnan(values) | (values == no_data)
        grey = (values - scale.low) * (255.0 / (scale.high - scale.low))
        grey[nothing] = 0
        made[rows] = np.clip(np.rint(grey), 0, 255)
    return made


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut the rows of a large image into strips, so that no copy of the whole is made in a wider type."""
    rows = max(1, _ROWS_AT_ONCE // max(1, shape[1]))
    return (slice(first, first + rows) for first in range(0, shape[0], rows))
