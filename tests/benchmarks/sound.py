"""Sound images of domains other than photographs, drawn in code and seeded: nothing in them may be called damaged.

Edges lie on the grid of coded blocks half of the time, where they look most like the traces of damage: pages of
text and tables, screens with a selection, framed photos, collages, plots, line drawings, gradients, maps, slides.
"""

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from curate.images.image import Pixels
from tests.sample_images import photo

Rng = np.random.Generator
Draw = Callable[[Rng, int, int], Pixels]


def _snapped(rng: Rng, value: float) -> int:
    """Half of the time on the grid of 8 or 16 pixels."""
    grid = int(rng.choice([1, 1, 8, 16]))
    return int(value) // grid * grid


def _tone(rng: Rng, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    if rng.random() < 0.5:
        return (int(rng.choice([0, 40, 96, 120, 126, 128, 130, 157, 192, 224, 240, 255])),) * 3
    return tuple(int(value) for value in rng.integers(low, high, 3))


def _paper(rng: Rng, width: int, height: int) -> Pixels:
    return np.full((height, width, 3), int(rng.choice([255, 255, 250, 238])), np.uint8)


def _lines_of_text(canvas: Pixels, rng: Rng, box: tuple[int, int, int, int], ink: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    scale = float(rng.uniform(0.3, 0.8))
    pitch = max(8, _snapped(rng, 28 * scale + 6))
    letters = "abcdefghijklmnopqrstuvwxyz ,.ETAOIN "
    for baseline in range(top + pitch, bottom, pitch):
        text = "".join(rng.choice(list(letters), max(1, int((right - left) / (18 * scale)))))
        cv2.putText(canvas, text, (left, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)


def text_page(rng: Rng, width: int, height: int) -> Pixels:
    """Black text on paper, with a shaded paragraph or a running selection."""
    canvas = _paper(rng, width, height)
    if rng.random() < 0.7:
        _staircase(canvas, rng, _tone(rng))
    margin = width // 12
    _lines_of_text(canvas, rng, (margin, margin, width - margin, height - margin), (0, 0, 0))
    return canvas


def _staircase(canvas: Pixels, rng: Rng, tone: tuple[int, int, int]) -> None:
    """What a selection looks like, or a paragraph that is shaded from the middle of a line on."""
    height, width = canvas.shape[:2]
    row, column = _snapped(rng, rng.uniform(0.1, 0.8) * height), _snapped(rng, rng.uniform(0.1, 0.9) * width)
    step = int(rng.choice([8, 16, 16, 24]))
    last = height if rng.random() < 0.6 else _snapped(rng, rng.uniform(0.8, 1) * height)
    canvas[row : row + step, column:] = tone
    canvas[row + step : last] = tone


def table(rng: Rng, width: int, height: int) -> Pixels:
    """Rows shaded in turn, a header, rules."""
    canvas = _paper(rng, width, height)
    pitch = max(12, _snapped(rng, rng.uniform(16, 40)))
    tone, header = _tone(rng, 150), _tone(rng)
    for index, top in enumerate(range(0, height, pitch)):
        if index % 2:
            canvas[top : top + pitch] = tone
    canvas[:pitch] = header
    for column in range(0, width, max(24, width // int(rng.integers(3, 9)))):
        canvas[:, column : column + 1] = 128
    _lines_of_text(canvas, rng, (6, 0, width, height), (20, 20, 20))
    return canvas


def screen(rng: Rng, width: int, height: int) -> Pixels:
    """Panels, buttons, a selection in an editor, a status bar."""
    canvas = np.full((height, width, 3), _tone(rng), np.uint8)
    for _ in range(int(rng.integers(3, 9))):
        left, top = _snapped(rng, rng.uniform(0, width)), _snapped(rng, rng.uniform(0, height))
        right, bottom = left + _snapped(rng, rng.uniform(40, width)), top + _snapped(rng, rng.uniform(16, height))
        canvas[top:bottom, left:right] = _tone(rng)
    if rng.random() < 0.6:
        _staircase(canvas, rng, _tone(rng))
    _lines_of_text(canvas, rng, (8, 8, width - 8, height - 8), _tone(rng))
    bar = max(8, _snapped(rng, height / 12))
    if rng.random() < 0.5:
        canvas[height - bar :] = _tone(rng)
    return canvas


def framed(rng: Rng, width: int, height: int) -> Pixels:
    """A photo in a frame, or on a card with a wide lower edge."""
    canvas = np.full((height, width, 3), _tone(rng), np.uint8)
    side, lower = _snapped(rng, rng.uniform(0, width / 6)), _snapped(rng, rng.uniform(4, height / 2))
    upper = side if rng.random() < 0.7 else 0
    inner = photo(int(rng.integers(1 << 30)), max(32, width - 2 * side), max(32, height - upper - lower))
    canvas[upper : upper + len(inner), side : side + inner.shape[1]] = inner[: height - upper, : width - side]
    return canvas


def collage(rng: Rng, width: int, height: int) -> Pixels:
    """Photos side by side, of unequal height, with or without borders."""
    canvas = np.full((height, width, 3), _tone(rng), np.uint8)
    across, gap = int(rng.integers(1, 4)), int(rng.choice([0, 0, 4, 8]))
    cell = max(40, _snapped(rng, width / across))
    for left in range(0, width - 32, cell):
        top = 0
        while top < height - 32:
            tall = max(32, _snapped(rng, rng.uniform(0.2, 0.8) * height))
            tile = photo(int(rng.integers(1 << 30)), min(cell, width - left), min(tall, height - top))
            tile = np.clip(tile.astype(np.int16) + int(rng.integers(-60, 60)), 0, 255).astype(np.uint8)
            canvas[top : top + len(tile), left : left + tile.shape[1]] = tile
            top += len(tile) + gap
    return canvas


def plot(rng: Rng, width: int, height: int) -> Pixels:
    """Bars or a curve over a filled area, with a legend and a grid."""
    canvas = _paper(rng, width, height)
    for row in range(0, height, max(8, _snapped(rng, height / 8))):
        canvas[row : row + 1] = 210
    tone = _tone(rng)
    if rng.random() < 0.5:  # a step function, filled: few steps make a staircase
        edges = sorted(_snapped(rng, value) for value in rng.uniform(0, width, int(rng.integers(1, 5))))
        top = _snapped(rng, rng.uniform(0.2, 0.8) * height)
        for left, right in zip([0, *edges], [*edges, width], strict=True):
            canvas[top:, left:right] = tone
            top += int(rng.choice([-16, -8, 8, 16]))
    else:
        values = np.cumsum(rng.normal(0, 1, width))
        values = (values - values.min()) / (np.ptp(values) + 1e-9) * height * 0.8 + height * 0.1
        points = np.stack([np.arange(width), values], axis=1).astype(np.int32)
        cv2.fillPoly(canvas, [np.concatenate([points, [[width, height], [0, height]]])], tone, cv2.LINE_AA)
    _lines_of_text(canvas, rng, (width // 2, 8, width - 8, height // 4), (0, 0, 0))
    return canvas


def line_drawing(rng: Rng, width: int, height: int) -> Pixels:
    """Strokes on white."""
    canvas = _paper(rng, width, height)
    for _ in range(int(rng.integers(4, 40))):
        points = rng.integers(0, (width, height), (int(rng.integers(2, 6)), 2)).astype(np.int32)
        cv2.polylines(canvas, [points], bool(rng.integers(2)), _tone(rng, 0, 120), int(rng.integers(1, 5)), cv2.LINE_AA)
    return canvas


def gradient(rng: Rng, width: int, height: int) -> Pixels:
    """A ramp, in steps or smooth, downwards or across."""
    along = np.linspace(0, 1, height if rng.random() < 0.5 else width)
    steps = int(rng.choice([0, 0, 4, 8, 16]))
    along = np.floor(along * steps) / steps if steps else along
    first, last = np.array(_tone(rng), float), np.array(_tone(rng), float)
    ramp = first + along[:, None] * (last - first)
    canvas = np.broadcast_to(ramp[:, None] if len(along) == height else ramp[None], (height, width, 3))
    canvas = np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        _staircase(canvas, rng, _tone(rng))
    return canvas


def city_map(rng: Rng, width: int, height: int) -> Pixels:
    """Flat regions, water up to one edge, streets, names."""
    canvas = np.full((height, width, 3), _tone(rng, 180), np.uint8)
    for _ in range(int(rng.integers(2, 8))):
        corners = np.array([[_snapped(rng, x), _snapped(rng, y)] for x, y in rng.uniform(0, (width, height), (5, 2))])
        cv2.fillPoly(canvas, [cv2.convexHull(corners.astype(np.int32))], _tone(rng))
    if rng.random() < 0.5:
        _staircase(canvas, rng, _tone(rng))
    for _ in range(int(rng.integers(3, 14))):
        ends = rng.integers(0, (width, height), (2, 2))
        cv2.line(canvas, ends[0].tolist(), ends[1].tolist(), (255, 255, 255), int(rng.integers(1, 6)), cv2.LINE_AA)
    _lines_of_text(canvas, rng, (width // 3, height // 3, width * 2 // 3, height // 2), (60, 60, 60))
    return canvas


def slide(rng: Rng, width: int, height: int) -> Pixels:
    """A photo under a panel that lets it shine through, with a tab."""
    canvas = photo(int(rng.integers(1 << 30)), width, height)
    panel = canvas.copy()
    _staircase(panel, rng, _tone(rng))
    opacity = float(rng.uniform(0.3, 1))
    return cv2.addWeighted(panel, opacity, canvas, 1 - opacity, 0).astype(np.uint8)


def static(rng: Rng, width: int, height: int) -> Pixels:
    """A screen without a station: noise all over, or in a panel beside something drawn."""
    canvas = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if rng.random() < 0.6:
        top, left = _snapped(rng, rng.uniform(0, 0.7) * height), _snapped(rng, rng.uniform(0, 0.1) * width)
        canvas[:top] = _tone(rng)
        canvas[:, :left] = _tone(rng)
        canvas[_snapped(rng, rng.uniform(0.7, 1) * height) :] = _tone(rng)
    return canvas


DOMAINS: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (text_page, table, screen, framed, collage, plot, line_drawing, gradient, city_map, slide, static)
}
SUBSAMPLINGS = (
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)


def drawn(domain: str, seed: int) -> Pixels:
    """The image of a domain with this seed, 200 to 700 pixels a side."""
    rng = np.random.default_rng([seed, sorted(DOMAINS).index(domain)])
    return DOMAINS[domain](rng, int(rng.integers(200, 700)), int(rng.integers(200, 700)))


def written(pixels: Pixels, seed: int) -> bytes:
    """A file of it: JPEG of any quality from 30 to 95, subsampling and order, or, one in six, another format."""
    rng = np.random.default_rng([seed, 7])
    if rng.random() < 1 / 6:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, str(rng.choice(["PNG", "BMP", "TIFF", "WEBP"])))
        return buffer.getvalue()
    bgr = pixels[:, :, ::-1] if rng.random() < 0.8 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    options = {
        cv2.IMWRITE_JPEG_QUALITY: int(rng.integers(30, 96)),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: int(rng.choice(SUBSAMPLINGS)),
        cv2.IMWRITE_JPEG_PROGRESSIVE: int(rng.integers(2)),
        cv2.IMWRITE_JPEG_OPTIMIZE: int(rng.integers(2)),
    }
    return cv2.imencode(".jpg", bgr, [number for option in options.items() for number in option])[1].tobytes()
