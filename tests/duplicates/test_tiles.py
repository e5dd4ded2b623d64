"""Two tiles compared: what each transform is, and what of a difference brightness and tone explain."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.Image import Transpose

from curate.duplicates import tiles
from curate.duplicates.tiles import TILE_PX, Floats

AS_PILLOW = {
    "mirrored": [Transpose.FLIP_LEFT_RIGHT],
    "turned by 90 degrees": [Transpose.ROTATE_270],
    "turned by 180 degrees": [Transpose.ROTATE_180],
    "turned by 270 degrees": [Transpose.ROTATE_90],
    "mirrored top to bottom": [Transpose.FLIP_TOP_BOTTOM],
    "mirrored and turned by 90 degrees": [Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_270],
    "mirrored and turned by 270 degrees": [Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_90],
}
"""Pillow turns to the left."""


def scene(seed: int) -> Floats:
    """Smooth patches of every tone from 20 to 235."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (8, 8)).astype(np.float32)
    smooth = cv2.resize(coarse, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.interp(smooth, (smooth.min(), smooth.max()), (20, 235)), np.float32)


def captioned(tile: Floats) -> Floats:
    changed = tile.copy()
    changed[40:50, 8:56] = 255 - changed[40:50, 8:56]
    return changed


def noisy(tile: Floats) -> Floats:
    return np.asarray(tile + np.random.default_rng(9).normal(0, 30, tile.shape), np.float32)


@pytest.mark.parametrize("transform", tiles.TRANSFORMS)
def test_a_transform_mirrors_left_to_right_and_turns_clockwise(transform: str) -> None:
    image = Image.fromarray(scene(1).astype(np.uint8))
    for step in AS_PILLOW[transform]:
        image = image.transpose(step)
    assert (tiles.transformed(scene(1)[None], transform)[0].astype(np.uint8) == np.asarray(image)).all()


@pytest.mark.parametrize(
    ("change", "gain", "offset", "levels"),
    [
        pytest.param(lambda tile: tile, 1.0, 0.0, (0, 0.1), id="nothing"),
        pytest.param(lambda tile: 0.5 * tile + 40, 2.0, -80.0, (0, 0.1), id="contrast and brightness"),
        pytest.param(lambda tile: np.minimum(1.5 * tile, 255), 1 / 1.5, 0.0, (0, 5), id="burnt by more light"),
        pytest.param(lambda tile: 255 * (tile / 255) ** 2.2, 1.0, 0.0, (0, 5), id="gamma"),
        pytest.param(lambda tile: 255 * (tile / 255) ** 0.4, 1.0, 0.0, (0, 5), id="gamma the other way"),
        pytest.param(lambda tile: np.abs(2 * tile - 255), 1.0, 0.0, (0, 17), id="a curve that cannot be undone"),
        pytest.param(noisy, 1.0, 0.0, (10, 20), id="noise, most of which is smoothed"),
        pytest.param(captioned, 1.0, 0.0, (60, 255), id="a caption"),
        pytest.param(lambda tile: scene(2), 1.0, 0.0, (60, 255), id="another image"),
    ],
)
def test_what_brightness_and_tone_do_not_explain(
    change: Callable[[Floats], Floats], gain: float, offset: float, levels: tuple[float, float]
) -> None:
    one = scene(1)
    other = np.asarray(change(one), np.float32)
    low, high = levels
    assert low <= tiles.residual(one, other, gain, offset) <= high
    assert low <= tiles.residual(other, one, 1 / gain, -offset / gain) <= high, "whichever is the first"


@pytest.mark.parametrize("strength", [1.0, 0.05])
def test_contrast_and_brightness_are_told_from_blocks_with_texture_or_from_the_whole(strength: float) -> None:
    """Of a faint scene no block has texture."""
    one = 128 + strength * (scene(1) - 128)
    pair = np.stack([one, 0.5 * one + 40]).astype(np.float32)
    found = tiles.compare(tiles.prepare(pair), np.array([0, 1]), np.array([1, 0]))
    assert (found.textured > 0).tolist() == [strength == 1] * 2
    assert found.gain == pytest.approx([2, 0.5], rel=0.01)
    assert found.offset == pytest.approx([-80, 40], abs=1)
    assert found.correlation == pytest.approx([1, 1], abs=0.001)


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        pytest.param(0, [], id="none"),
        pytest.param(4, [0], id="within the first blocks"),
        pytest.param(8, [0, 1], id="between two"),
        pytest.param(12, [1], id="within the second"),
    ],
)
def test_the_blocks_on_the_inner_edge_of_a_frame_are_known(width: int, rows: list[int]) -> None:
    framed = np.minimum(scene(1), 180)
    framed[:width] = 250
    blocks = tiles.prepare(framed[None]).frame.reshape(8, 8)
    assert np.flatnonzero(blocks.all(axis=1)).tolist() == rows
    assert blocks.sum() == 8 * len(rows)
