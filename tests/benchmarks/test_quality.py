"""How many images of whole domains the quality checks queue: `pytest tests/benchmarks/test_quality.py -s`.

Nothing is wrong with any of them. All but scikit-learn's digits is drawn, seeded.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

import curate
from tests.benchmarks.test_domains import Drawn, _font, _said, digits_28, digits_drawn, forms, glyphs, screens, tissue

MOST_QUEUED = 0.02


def _clouds(rng: np.random.Generator, coarse: int, rows: int, columns: int) -> np.ndarray:
    """(rows, columns, 1) from -1 to 1, smooth."""
    noise = rng.uniform(-1, 1, (coarse, coarse)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC))[..., None]


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def icons(count: int = 300) -> Drawn:
    """Rings, strokes and triangles on nothing, black, white or coloured."""
    for index in range(count):
        rng = np.random.default_rng(100 + index)
        label = ("black", "white", "coloured")[index % 3]
        ink = {"black": (0, 0, 0), "white": (255, 255, 255)}.get(label, tuple(rng.integers(20, 235, 3).tolist()))
        image = Image.new("RGBA", (256, 256), (*ink, 0))
        for _ in range(int(rng.integers(2, 5))):
            left, top, right, bottom = np.sort(rng.integers(24, 220, (2, 2)), axis=0).ravel().tolist()
            box = (left, top, right + 16, bottom + 16)
            if rng.random() < 0.5:
                ImageDraw.Draw(image).ellipse(box, outline=(*ink, 255), width=16)
            else:
                ImageDraw.Draw(image).line(box, fill=(*ink, 255), width=18)
        yield label, image.resize((64, 64), Image.Resampling.LANCZOS)


def letters(count: int = 300) -> Drawn:
    """Pages with five to thirty lines of text on white paper."""
    for index in range(count):
        rng = np.random.default_rng(200 + index)
        page = Image.new("L", (850, 1100), 255)
        for row in range(int(rng.choice([5, 10, 20, 30, 30]))):
            said = _said(rng, int(rng.integers(3, 9)))
            ImageDraw.Draw(page).text((80, 90 + 30 * row), said, 20, _font(int(rng.integers(14, 24))))
        yield ("letter", "note")[index % 2], page


def skies(count: int = 200) -> Drawn:
    """Stars on a dark ground, in one class of two."""
    for index in range(count):
        rng = np.random.default_rng(300 + index)
        pixels = 12 + 8 * _clouds(rng, 5, 480, 640) + rng.normal(0, 3, (480, 640, 3))
        if index % 2:
            for _ in range(int(rng.integers(80, 400))):
                centre = int(rng.integers(640)), int(rng.integers(480))
                cv2.circle(pixels, centre, int(rng.integers(0, 2)), [float(rng.uniform(120, 255))] * 3, -1)
        else:
            pixels = 120 + 100 * _clouds(rng, 40, 480, 640) + rng.normal(0, 3, (480, 640, 3))
        yield ("day", "night")[index % 2], _image(pixels)


def tiles(count: int = 400) -> Drawn:
    """Land cover of 64 px: water and fields, nearly even, wood and town."""
    for index in range(count):
        rng = np.random.default_rng(400 + index)
        tone, depth, coarse, grain = [(60, 3, 3, 1.5), (130, 7, 4, 3), (70, 40, 20, 6), (120, 90, 8, 8)][index % 4]
        colour = tone * rng.uniform(0.7, 1.3, 3)
        label = ("water", "field", "wood", "town")[index % 4]
        yield label, _image(colour + depth * _clouds(rng, coarse, 64, 64) + rng.normal(0, grain, (64, 64, 3)))


@pytest.mark.parametrize(
    "domain", [icons, letters, skies, tiles, forms, screens, glyphs, tissue, digits_28, digits_drawn]
)
def test_few_sound_images_of_a_domain_are_queued(tmp_path: Path, domain: Callable[[], Drawn]) -> None:
    for index, (label, image) in enumerate(domain()):
        (tmp_path / "set" / label).mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "set" / label / f"{index:05}.png")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws", engine="local:1")
    queued = audit.findings[(audit.findings["scanner"] == "quality") & (audit.findings["severity"] != "info")]
    share = queued["path"].nunique() / len(audit.images)
    print(
        f"\n{domain.__name__:14}{len(audit.images):6} images, {share:.1%} queued {dict(queued['kind'].value_counts())}"
    )
    for note in audit.prevalent:
        print(f"    {note.reason}")
    assert share <= MOST_QUEUED
