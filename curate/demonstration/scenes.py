"""Backgrounds of portraits, drawn in code, and the camera's light, exposure and grain.

A painter takes a generator, height and width and returns (height, width, 3) float32, clipped afterwards.
"""

from collections.abc import Callable

import cv2
import numpy as np

from curate.demonstration.canvas import (
    CLOTHES,
    Colour,
    Field,
    Rng,
    as_pixels,
    between,
    chance,
    fractal,
    mix,
    pick,
    shade,
)
from curate.images.image import Pixels


def scene(rng: Rng, rows: int, columns: int) -> Pixels:
    """Draw a random background: painted small, blurred, enlarged to (rows, columns, 3) uint8."""
    h, w = max(8, rows // 2), max(8, columns // 2)
    paint, depth = pick(rng, _PAINTERS)
    board = as_pixels(np.clip(paint(rng, h, w), 0, 255))
    if chance(rng, 0.5):
        board = np.ascontiguousarray(board[:, ::-1])
    focus = depth * between(rng, 0.5, 1.1) * np.sqrt(h * w) / 300 + 0.2
    return as_pixels(
        cv2.resize(cv2.GaussianBlur(board, (0, 0), focus), (columns, rows), interpolation=cv2.INTER_LINEAR)
    )


def _positions(h: int, w: int) -> tuple[Field, Field]:
    """Return how far down and how far right each pixel lies, 0 to 1, as two (h, w) arrays."""
    down, right = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    return np.broadcast_to(down[:, None], (h, w)), np.broadcast_to(right, (h, w))


def _along(x: Field, y: Field, angle: float) -> Field:
    """Return how far each pixel at (x, y) lies in the direction of `angle`, in radians."""
    return np.asarray(x * np.cos(angle) + y * np.sin(angle), dtype=np.float32)


def _blend(share: Field, a: Colour, b: Colour) -> Field:
    """Return an image that goes from colour `a` to `b` where `share`, (rows, columns), goes from 0 to 1."""
    part = np.clip(share, 0, 1)
    return np.asarray(
        cv2.merge([first + part * np.float32(second - first) for first, second in zip(a, b, strict=True)])
    )


def _vary(board: Field, noise: Field) -> Field:
    """Return the image made lighter by positive noise and darker by negative noise, (rows, columns)."""
    return board * cv2.merge([1 + noise] * 3)


def _fabric_colour(rng: Rng, low: float = 0.7, high: float = 1.0) -> Colour:
    """Return a random colour of cloth, darkened to between `low` and `high` of its brightness."""
    return shade(pick(rng, CLOTHES), between(rng, low, high))


def _box(board: Field, corner: tuple[float, float], size: tuple[float, float], colour: Colour) -> None:
    """Fill a rectangle given by its left top corner (x, y) and size (width, height), in pixels."""
    (x, y), (width, height) = corner, size
    cv2.rectangle(board, (int(x), int(y)), (int(x + width), int(y + height)), colour, -1)


def _open_air(rng: Rng, h: int, w: int) -> Field:
    """Paint a sky with clouds over three ridges of hills."""
    y, _ = _positions(h, w)
    zenith, haze, land = pick(rng, (
        ((76, 132, 196), (196, 216, 232), (84, 116, 62)), ((120, 128, 140), (196, 196, 194), (92, 98, 78)),
        ((88, 70, 120), (244, 160, 104), (64, 52, 60)), ((60, 96, 150), (236, 196, 170), (120, 104, 70)),
        ((90, 160, 206), (214, 232, 238), (206, 186, 140)),
    ))  # fmt: skip
    clouds = np.clip(fractal(rng, h, w, 3) * 1.2, 0, 0.8) * np.clip(1.2 - y * 1.4, 0, 1)
    board = _blend(y * 1.5, zenith, haze)
    board += (246 - board) * clouds[:, :, None]
    for layer in range(3):
        ridge = between(rng, 0.42, 0.6) + 0.14 * layer + 0.1 * fractal(rng, 1, w, 3)
        ground = np.full((h, w, 3), mix(mix(haze, land, 0.4), shade(land, 0.8), layer / 2), np.float32)
        board = np.where((y > ridge)[:, :, None], _vary(ground, 0.14 * fractal(rng, h, w, 20, 3)), board)
    return board


def _sea(rng: Rng, h: int, w: int) -> Field:
    """Paint a sky, the sea with foam, and a shore of sand."""
    y, _ = _positions(h, w)
    level, shore = between(rng, 0.3, 0.5), between(rng, 0.68, 0.95)
    board = _blend(y / level, pick(rng, ((98, 150, 206), (150, 160, 176), (230, 150, 120))), (232, 228, 220))
    water = _blend((y - level) / (shore - level), (34, 84, 116), (88, 158, 164))
    foam = cv2.resize(fractal(rng, h, max(2, w // 8), 30), (w, h))
    water = _vary(water, 0.16 * fractal(rng, h, w, 6)) + np.clip(foam - 0.7, 0, 1)[:, :, None] * 120
    board = np.where((y > level)[:, :, None], water, board)
    sand = _vary(np.full((h, w, 3), (214, 190, 150), np.float32), 0.08 * fractal(rng, h, w, 30))
    return np.where((y > shore + 0.03 * fractal(rng, 1, w, 4))[:, :, None], sand, board)


def _wall(rng: Rng, h: int, w: int) -> Field:
    """Paint a wall lit from one side, with up to two posters."""
    y, x = _positions(h, w)
    paint = shade(pick(rng, (
        (196, 184, 164), (150, 168, 172), (172, 130, 108), (118, 132, 112), (188, 164, 118), (120, 116, 128),
        (92, 110, 136), (164, 176, 150),
    )), between(rng, 0.75, 1.05))  # fmt: skip
    angle = between(rng, 0, 2 * np.pi)
    slope = 0.5 + 0.7 * _along(x - 0.5, y - 0.5, angle)
    board = _blend(slope, shade(paint, 1.15), shade(paint, 0.62))
    board = _vary(board, between(rng, 0.03, 0.12) * fractal(rng, h, w, int(rng.integers(4, 14)), 5))
    for _ in range(int(rng.integers(0, 3))):
        left, top = between(rng, -0.1, 0.9) * w, between(rng, -0.1, 0.5) * h
        across, down = between(rng, 0.2, 0.4) * w, between(rng, 0.2, 0.5) * h
        _box(board, (left - 4, top - 4), (across + 8, down + 8), shade(paint, between(rng, 0.3, 0.6)))
        _box(board, (left, top), (across, down), _fabric_colour(rng))
        cv2.circle(
            board,
            (int(left + across / 2), int(top + down / 2)),
            int(across / 4) + 1,
            _fabric_colour(rng),
            -1,
            cv2.LINE_AA,
        )
    return board


def _room(rng: Rng, h: int, w: int) -> Field:
    """Paint a wall with a window, curtains, a floor, furniture and a lamp."""
    board, floor, bar = _wall(rng, h, w), between(rng, 0.68, 0.92) * h, max(2, w // 60)
    _box(board, (0, floor), (w, h), pick(rng, ((120, 86, 60), (86, 72, 66), (150, 128, 104))))
    left, top = between(rng, -0.1, 0.5) * w, between(rng, 0, 0.15) * h
    across, down = between(rng, 0.35, 0.6) * w, between(rng, 0.4, 0.6) * h
    frame, glass = (218, 210, 200), pick(rng, ((206, 226, 240), (250, 236, 204), (70, 84, 120), (168, 196, 150)))
    _box(board, (left - 4, top - 4), (across + 8, down + 8), frame)
    _box(board, (left, top), (across, down), glass)
    _box(board, (left, top + down / 2), (across, bar), frame)
    for share in (0.33, 0.67):
        _box(board, (left + across * share, top), (bar, down), frame)
    curtain = _fabric_colour(rng)
    for strip in range(8):
        edge = left - w / 12 if strip < 4 else left + across - w / 12
        _box(board, (edge + (strip % 4) * w / 24, 0), (w / 26, floor), shade(curtain, 0.7 + 0.2 * (strip % 2)))
    for _ in range(int(rng.integers(1, 4))):
        _box(
            board,
            (between(rng, -0.1, 0.9) * w, between(rng, 0.5, 0.75) * h),
            (between(rng, 0.2, 0.5) * w, h),
            _fabric_colour(rng, 0.6, 0.7),
        )
    lamp = int(between(rng, 0, 1) * w), int(between(rng, 0.05, 0.4) * h)
    cv2.circle(board, lamp, int(between(rng, 0.04, 0.1) * w), (255, 232, 176), -1, cv2.LINE_AA)
    return _vary(board, 0.05 * fractal(rng, h, w, 12))


def _shelves(rng: Rng, h: int, w: int) -> Field:
    """Paint shelves full of books."""
    wood = shade(pick(rng, ((112, 76, 48), (70, 50, 40), (176, 150, 118), (206, 204, 198))), between(rng, 0.7, 1.1))
    board = np.full((h, w, 3), shade(wood, 0.5), np.float32)
    deep = int(h * between(rng, 0.2, 0.34))
    for top in range(-int(rng.integers(deep)), h, deep):
        x = -between(rng, 0, 20)
        while x < w:
            thick, high = between(rng, 0.025, 0.08) * w + 2, between(rng, 0.55, 0.86) * deep
            if chance(rng, 0.9):
                book = _fabric_colour(rng, 0.6, 1.1)
                _box(board, (x, top + deep - high), (thick - 2, high), book)
                _box(board, (x, top + deep - high * between(rng, 0.6, 0.9)), (thick - 2, 4), shade(book, 1.6))
            x += thick
        _box(board, (0, top + deep - 3), (w, 7), wood)
    return board


def _lights(rng: Rng, h: int, w: int) -> Field:
    """Paint a dark place with round lights far out of focus."""
    y, _ = _positions(h, w)
    base = pick(rng, ((22, 26, 48), (44, 30, 34), (20, 40, 44), (48, 42, 30)))
    board = _blend(y + 0.3 * fractal(rng, h, w, 3), base, shade(base, 2.2))
    tints = ((255, 206, 120), (255, 150, 90), (180, 210, 255), (255, 120, 140), (150, 240, 200), (255, 240, 210))
    for _ in range(int(rng.integers(24, 60))):
        glow, radius = np.zeros((h, w), np.uint8), between(rng, 0.015, 0.075) * max(h, w)
        cv2.circle(glow, (int(rng.integers(w)), int(rng.integers(h))), int(radius), 255, -1)
        board[glow > 0] += np.array(pick(rng, tints), np.float32) * np.float32(rng.uniform(0.25, 0.75))
    return board


def _leaves(rng: Rng, h: int, w: int) -> Field:
    """Paint leaves of one season."""
    dark, light = pick(rng, (
        ((24, 48, 26), (150, 184, 90)), ((40, 44, 20), (206, 176, 70)), ((60, 26, 16), (220, 120, 50)),
        ((16, 44, 44), (120, 176, 140)),
    ))  # fmt: skip
    board = _blend(0.4 + 0.5 * fractal(rng, h, w, 4), dark, mix(dark, light, 0.6))
    for _ in range(260):
        centre, axes = (int(rng.integers(w)), int(rng.integers(h))), (int(rng.integers(4, 13)), int(rng.integers(2, 6)))
        tint = mix(dark, light, float(rng.uniform(0.1, 1) ** 1.5))
        cv2.ellipse(board, centre, axes, float(rng.uniform(0, 180)), 0, 360, tint, -1, cv2.LINE_AA)
    return board


def _street(rng: Rng, h: int, w: int) -> Field:
    """Paint the fronts of houses with windows under a sky."""
    board, x = _open_air(rng, h, w), -between(rng, 0, 0.2) * w
    fronts = ((168, 120, 96), (190, 176, 150), (120, 124, 132), (150, 90, 74), (206, 196, 180))
    while x < w:
        across, top = between(rng, 0.18, 0.42) * w, between(rng, -0.1, 0.4) * h
        front, size = shade(pick(rng, fronts), between(rng, 0.5, 1.0)), across / between(rng, 4, 7)
        _box(board, (x, top), (across, h - top), front)
        for row in np.arange(top + size / 2, h, size * 1.6):
            for column in np.arange(x + size / 2, x + across - size, size * 1.3):
                pane = (250, 220, 150) if chance(rng, 0.15) else shade(front, between(rng, 0.35, 0.6))
                _box(board, (column, row), (size * 0.7, size), pane)
        x += across + between(rng, 0, 0.12) * w
    return board


def _bricks(rng: Rng, h: int, w: int) -> Field:
    """Paint a wall of bricks."""
    clays = ((160, 84, 62), (190, 180, 168), (120, 104, 98), (150, 110, 76), (84, 96, 112))
    clay, tall = shade(pick(rng, clays), between(rng, 0.8, 1.1)), max(8, int(between(rng, 0.035, 0.08) * h))
    board = np.full((h, w, 3), mix(clay, (200, 196, 188), 0.55), np.float32)
    for index, top in enumerate(range(0, h, tall)):
        for left in np.arange(-tall * 2 + (index % 2) * tall * 1.2, w, tall * 2.4):
            _box(board, (left, top), (tall * 2.4 - 3, tall - 3), shade(clay, between(rng, 0.72, 1.18)))
    y, x = _positions(h, w)
    return _vary(board, 0.12 * fractal(rng, h, w, 24) + between(rng, -0.5, 0.5) * (x - 0.5) + 0.3 * (y - 0.5))


def _drape(rng: Rng, h: int, w: int) -> Field:
    """Paint a curtain with vertical folds."""
    y, x = _positions(h, w)
    colour = _fabric_colour(rng, 0.6, 0.95)
    wave = x * between(rng, 4, 11) + 0.5 * fractal(rng, h, w, 2) + y * between(rng, -1, 1)
    weave = 0.1 * rng.standard_normal((h, w), dtype=np.float32)
    return _vary(_blend(np.abs(np.sin(np.pi * wave)), shade(colour, 0.65), shade(colour, 1.2)), weave)


def _wallpaper(rng: Rng, h: int, w: int) -> Field:
    """Paint wallpaper with dots, rhombs or stripes."""
    base, step, motif = _fabric_colour(rng), int(between(rng, 0.08, 0.2) * w), int(rng.integers(3))
    ink = shade(base, pick(rng, (0.6, 1.4)))
    board = np.full((h, w, 3), base, np.float32)
    rhomb = np.array([(0, 0), (step // 2, step // 2), (0, step), (-step // 2, step // 2)])
    for index, top in enumerate(range(0, h + step, step)):
        for left in range(-(index % 2) * step // 2, w + step, step):
            if motif == 0:
                cv2.circle(board, (left, top), step // 5, ink, -1, cv2.LINE_AA)
            elif motif == 1:
                cv2.polylines(board, [rhomb + np.array((left, top))], True, ink, 2, cv2.LINE_AA)
            else:
                _box(board, (left, 0), (step / 3, h), ink)
    y, x = _positions(h, w)
    return _vary(board, 0.05 - 0.35 * np.abs(x - between(rng, 0, 1)) - 0.2 * y)


def _studio(rng: Rng, h: int, w: int) -> Field:
    """Paint a photographer's background, light in the middle."""
    y, x = _positions(h, w)
    colours = ((150, 150, 154), (96, 120, 140), (160, 120, 90), (110, 130, 104), (140, 100, 130), (190, 170, 130))
    colour, far = pick(rng, colours), np.hypot(x - between(rng, 0.2, 0.8), y - between(rng, 0.1, 0.7))
    return _blend(far * 1.2 + 0.12 * fractal(rng, h, w, 3), shade(colour, 1.3), shade(colour, 0.35))


_PAINTERS: tuple[tuple[Callable[[Rng, int, int], Field], float], ...] = (
    (_open_air, 3.0), (_sea, 3.0), (_wall, 1.0), (_wall, 3.0), (_room, 4.0), (_room, 2.5), (_shelves, 2.5),
    (_shelves, 1.2), (_lights, 2.0), (_leaves, 2.5), (_leaves, 4.0), (_street, 2.8), (_street, 1.8), (_bricks, 1.0),
    (_drape, 0.6), (_wallpaper, 0.8), (_studio, 1.0),
)  # fmt: skip
"""Each with how far out of focus the background may be, in pixels of an image 300 pixels large."""


# The camera


def expose(rng: Rng, pixels: Pixels) -> Pixels:
    """Return the image as a camera takes it: lit from one side, sharpened, exposed, with the sensor's grain."""
    h, w = pixels.shape[:2]
    y, x = (side - np.float32(0.5) for side in _positions(h, w))
    angle, strength = between(rng, 0, 2 * np.pi), between(rng, 0.0, 0.5)
    light = 1 + strength * _along(x, y, angle)
    light *= 1 - between(rng, 0.0, 0.55) * (x**2 + y**2)
    warmth = between(rng, -0.07, 0.09)
    image: Field = cv2.merge([light * (1 + warmth), light, light * (1 - warmth)]) * pixels
    image += np.float32(0.5) * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
    sample = image[::4, ::4]
    low, high = np.percentile(sample.mean(axis=2) / 2 + sample.max(axis=2) / 2, (1, 99)).tolist()
    black, white = between(rng, 4, 34), between(rng, 205, 250)
    gain = (white - black) / max(high - low, 1.0)
    # A stretched image would be garish: its colours are stretched less than its brightness.
    vivid = 0.0 if chance(rng, 0.03) else min(1.0, gain**-0.8)
    grey = cv2.transform(image, np.array([[0.299, 0.587, 0.114]], np.float32))
    shift = black - low * gain + rng.standard_normal((h, w), dtype=np.float32) * np.float32(between(rng, 3.6, 7.0))
    image *= np.float32(gain * vivid)
    image += cv2.merge([grey * np.float32(gain * (1 - vivid)) + shift] * 3)
    blotches = rng.standard_normal((h // 2, w // 2, 3), dtype=np.float32) * np.float32(between(rng, 1.0, 3.0))
    image += cv2.resize(blotches, (w, h), interpolation=cv2.INTER_LINEAR)
    return np.clip(image, 0, 255).astype(np.uint8)
