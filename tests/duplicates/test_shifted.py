"""Fine texture moved by a pixel is the same texture; another piece of it is not."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import curate
from curate.duplicates import shifted
from curate.duplicates.tiles import TILE_PX, Floats
from tests import sample_images


def texture(seed: int, side: int = 96) -> Floats:
    """Grain, as fine as a texture is that a pixel moves off itself."""
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (side, side)), (0, 0), 1.5)
    return np.asarray(128 + 40 * grain / grain.std(), dtype=np.float32)


def moved(image: Floats, right: float, down: float = 0.0) -> Floats:
    matrix = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
    size = (image.shape[1], image.shape[0])
    laid = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, dtype=np.float32)


@pytest.mark.parametrize("by", [(0.67, 0.0), (-1.0, 0.5), (0.0, 1.8), (0.4, -0.4)])
def test_a_tile_is_laid_where_it_was(by: tuple[float, float]) -> None:
    ours = texture(1, TILE_PX)
    laid = shifted.laid_on(ours, moved(ours, *by))
    assert laid is not None
    inside = np.s_[4:-4, 4:-4]
    assert np.corrcoef(laid[inside].ravel(), ours[inside].ravel())[0, 1] > 0.98


@pytest.mark.parametrize("by", [(0.0, 0.0), (0.2, 0.1), (2.3, 0.0), (0.0, -3.0)])
def test_a_tile_that_lies_there_or_far_off_is_left(by: tuple[float, float]) -> None:
    ours = texture(1, TILE_PX)
    assert shifted.laid_on(ours, moved(ours, *by)) is None


def test_another_tile_is_none_that_was_moved() -> None:
    half = 0.5 * texture(1, TILE_PX) + 0.5 * moved(texture(2, TILE_PX), 1.0)
    assert shifted.laid_on(texture(1, TILE_PX), texture(2, TILE_PX)) is None
    assert shifted.laid_on(texture(3, TILE_PX), half) is None


def test_textures_moved_by_a_pixel_are_copies_and_others_are_not(tmp_path: Path) -> None:
    source = tmp_path / "set" / "cloth"
    for seed in range(12):
        pixels = texture(seed).clip(0, 255).astype(np.uint8)
        sample_images.save(pixels, source / f"{seed:02}.png")
        if seed < 4:
            edge = np.concatenate([pixels[:, :1], pixels[:, :-1]], axis=1)
            sample_images.save(edge, source / f"{seed:02}-moved.png")
        if seed == 4:
            edge[:48] = texture(99)[:48].clip(0, 255).astype(np.uint8)
            sample_images.save(edge, source / "half.png")
    found = curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial").findings
    copies = found[(found["role"] == "copy") & (found["category"] == "duplicate")]
    pairs = [sorted(group["path"]) for _, group in found[found["category"] == "duplicate"].groupby("group_id")]
    assert sorted(pairs) == [[f"cloth/{seed:02}-moved.png", f"cloth/{seed:02}.png"] for seed in range(4)]
    assert set(copies["kind"]) == {"re_encoded"}
