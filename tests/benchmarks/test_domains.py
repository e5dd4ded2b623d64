"""Whole domains in which no two images are copies but those planted: how many are called copies, how many are found.

`pytest tests/benchmarks/test_domains.py -s` prints the table. All but scikit-learn's digits is drawn here, seeded.
"""

import io
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

import curate
from curate.config import Config
from curate.schema import GROUP_KINDS

Drawn = Iterator[tuple[str, Image.Image]]
FONTS = sorted(Path("/usr/share/fonts/truetype/dejavu").glob("*.ttf"))
WORDS = (
    "report",
    "total",
    "amount",
    "sample",
    "model",
    "train",
    "image",
    "value",
    "class",
    "figure",
    "table",
    "result",
    "number",
    "street",
    "order",
    "invoice",
    "price",
    "date",
    "name",
    "city",
    "country",
    "item",
    "unit",
    "paid",
    "due",
    "client",
    "contract",
    "page",
    "section",
    "note",
    "method",
    "data",
    "error",
    "green",
    "field",
    "river",
)
COPIES = 20
"""Of each edit, in each domain."""


def _font(size: int, name: str = "DejaVuSans.ttf") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS[0].with_name(name)), size)


def _said(rng: np.random.Generator, words: int) -> str:
    return " ".join(WORDS[index] for index in rng.integers(len(WORDS), size=words))


def digits_8() -> Drawn:
    datasets = pytest.importorskip("sklearn.datasets")
    data = datasets.load_digits()
    for pixels, label in zip(data.images, data.target, strict=True):
        yield str(label), Image.fromarray((pixels * 15.9375).astype(np.uint8))


def digits_28() -> Drawn:
    for label, image in digits_8():
        pixels = cv2.resize(np.asarray(image), (20, 20), interpolation=cv2.INTER_CUBIC)
        yield label, Image.fromarray(cv2.copyMakeBorder(pixels, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=0))


def digits_drawn(count: int = 1000) -> Drawn:
    """Digits in the fonts there are, leaning, turned, scaled and soft."""
    rng = np.random.default_rng(1)
    for index in range(count):
        image = Image.new("L", (56, 56))
        font = _font(40, FONTS[rng.integers(len(FONTS))].name)
        ImageDraw.Draw(image).text((28, 28), str(index % 10), 255, font, anchor="mm")
        turn = cv2.getRotationMatrix2D((28, 28), rng.normal(0, 10), rng.uniform(0.8, 1.2))
        turn[0, 1] += rng.normal(0, 0.12)
        turn[:, 2] += rng.normal(0, 2, 2)
        pixels = cv2.GaussianBlur(cv2.warpAffine(np.asarray(image), turn, (56, 56)), (0, 0), rng.uniform(0.4, 1.2))
        yield str(index % 10), Image.fromarray(cv2.resize(pixels, (28, 28), interpolation=cv2.INTER_AREA))


def glyphs() -> Drawn:
    """One glyph of each font, black on white."""
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":
        for font in FONTS:
            image = Image.new("L", (128, 128), 255)
            ImageDraw.Draw(image).text((64, 64), letter, 0, _font(90, font.name), anchor="mm")
            yield f"U{ord(letter):04x}", image


def _scanned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    turned = np.asarray(image.rotate(rng.normal(0, 0.4), Image.Resampling.BICUBIC, fillcolor=250), np.float32)
    noise = rng.normal(0, 4, turned.shape) + rng.normal(0, 3)
    return Image.fromarray(np.clip(turned + noise, 0, 255).astype(np.uint8))


def pages(count: int = 300) -> Drawn:
    """Text pages, scanned."""
    for index in range(count):
        rng = np.random.default_rng(1000 + index)
        image = Image.new("L", (850, 1100), 250)
        font = _font(20 + 2 * int(rng.integers(2)), ("DejaVuSans.ttf", "DejaVuSerif.ttf")[rng.integers(2)])
        for top in range(90, 1010, 30):
            if rng.random() > 0.06:
                ImageDraw.Draw(image).text((80, top), _said(rng, int(rng.integers(8, 11))), 30, font)
        yield ("letter", "report")[index % 2], _scanned(image, rng)


def forms(count: int = 200) -> Drawn:
    """One form, filled in with other words, scanned."""
    for index in range(count):
        rng = np.random.default_rng(3000 + index)
        image = Image.new("L", (850, 1100), 250)
        draw = ImageDraw.Draw(image)
        draw.rectangle((60, 60, 790, 120), fill=90)
        draw.text((80, 75), "APPLICATION FORM", 250, _font(28))
        for row, word in enumerate(WORDS[:15]):
            draw.rectangle((60, 150 + 60 * row, 790, 200 + 60 * row), outline=60, width=3)
            draw.text((70, 160 + 60 * row), word, 60, _font(18))
            if rng.random() < 0.85:
                draw.text((250 + rng.normal(0, 8), 160 + 60 * row), _said(rng, int(rng.integers(1, 5))), 30, _font(22))
        yield ("a", "b")[index % 2], _scanned(image, rng)


def screens(count: int = 200) -> Drawn:
    """One application with other contents."""
    for index in range(count):
        rng = np.random.default_rng(7000 + index)
        image = Image.new("RGB", (1280, 800), (250, 250, 252))
        draw, font = ImageDraw.Draw(image), _font(16)
        draw.rectangle((0, 0, 1280, 44), fill=(45, 60, 90))
        draw.rectangle((0, 44, 220, 800), fill=(230, 233, 240))
        draw.line((560, 44, 560, 800), fill=(200, 200, 210))
        for row in range(12):
            draw.text((236, 56 + 60 * row), _said(rng, 3), (20, 20, 30), font)
            draw.text((236, 80 + 60 * row), _said(rng, 4), (110, 110, 120), font)
        for row in range(rng.integers(6, 26)):
            draw.text((584, 64 + 26 * row), _said(rng, 9), (30, 30, 40), font)
        yield ("a", "b")[index % 2], image


def tissue(count: int = 300) -> Drawn:
    """A chest in outline with other tissue in it: smooth, and everywhere at the same place."""
    yy, xx = np.mgrid[:256, :256] / 128 - 1
    outline = 90 * (np.hypot(xx / 0.9, yy) < 0.9) - 50 * sum(
        np.hypot((xx - at) / 0.3, yy / 0.6) < 1 for at in (-0.4, 0.4)
    )
    for index in range(count):
        rng = np.random.default_rng(9000 + index)
        turn = cv2.getRotationMatrix2D((128, 128), rng.normal(0, 2), rng.uniform(0.95, 1.05))
        turn[:, 2] += rng.normal(0, 4, 2)
        body = cv2.warpAffine(outline.astype(np.float32), turn, (256, 256))
        cloud = cv2.resize(rng.normal(0, 18, (12, 12)).astype(np.float32), (256, 256), interpolation=cv2.INTER_CUBIC)
        pixels = cv2.GaussianBlur(body + cloud, (0, 0), 3) + rng.normal(80, 4, (256, 256))
        yield ("ill", "well")[index % 2], Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def digits_written(count: int = 1500) -> Drawn:
    """Digits of 28 px: strokes of scikit-learn's digits, bent as another hand would, their mass in the middle."""
    rng = np.random.default_rng(77)
    for label, image in itertools.islice(digits_8(), count):
        strokes = cv2.GaussianBlur(cv2.resize(np.asarray(image), (80, 80), interpolation=cv2.INTER_CUBIC), (0, 0), 3)
        bend = cv2.GaussianBlur(rng.normal(0, 1, (80, 80, 2)).astype(np.float32), (0, 0), 9)
        place = np.mgrid[:80, :80].astype(np.float32)[::-1].transpose(1, 2, 0) + 4 * bend / bend.std()
        bent = cv2.remap(np.clip((strokes - 90.0) * 4, 0, 255).astype(np.float32), place, None, cv2.INTER_LINEAR)
        small = cv2.resize(bent, (20, 20), interpolation=cv2.INTER_AREA)
        mass = small.sum() + 1e-3
        down, right = (
            int(np.clip(round(13.5 - float((small.sum(axis=1 - axis) @ np.arange(20)) / mass)), 0, 8))
            for axis in (0, 1)
        )
        pixels = np.zeros((28, 28), np.uint8)
        pixels[down : down + 20, right : right + 20] = small.astype(np.uint8)
        yield label, Image.fromarray(pixels)


def radiographs(count: int = 300) -> Drawn:
    """Chests with ribs, heart and spine, each of its own build, in noise."""
    yy, xx = np.mgrid[:256, :256].astype(np.float32) / 128 - 1
    for index in range(count):
        rng = np.random.default_rng(400 + index)
        x, y = (xx - rng.normal(0, 0.03)) / rng.normal(1, 0.05), (yy - rng.normal(0, 0.03)) / rng.normal(1, 0.05)
        film = 60 + 70 * (np.hypot(x / 0.95, y / 1.1) < 1)
        for side in (-1, 1):
            width, height = rng.normal(0.32, 0.02), rng.normal(0.62, 0.04)
            film = film - 55 / (1 + np.exp(12 * (np.hypot((x - side * 0.42) / width, (y + 0.05) / height) - 1)))
            for rib in range(9):
                middle = -0.6 + 0.14 * rib + rng.normal(0, 0.01) + (np.abs(x) - 0.4) ** 2 - 0.12 * np.abs(x)
                film = film + 10 * np.exp(-(((y - middle) / 0.022) ** 2)) * (side * x > 0.05) * (np.abs(x) < 0.8)
        film = (
            film + 45 * np.exp(-(((x - 0.12) / 0.22) ** 2) - ((y - 0.35) / 0.25) ** 2) + 35 * np.exp(-((x / 0.08) ** 2))
        )
        cloud = cv2.resize(rng.normal(0, 6, (10, 10)).astype(np.float32), (256, 256), interpolation=cv2.INTER_CUBIC)
        seen = cv2.GaussianBlur((film + cloud).astype(np.float32), (0, 0), 1.5) * rng.normal(1, 0.08)
        pixels = seen + rng.normal(0, 6) + rng.normal(0, 3, seen.shape)
        yield ("ill", "well")[index % 2], Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def textures(count: int = 400) -> Drawn:
    """Tiles of ten textures, no two from one place."""
    yy, xx = np.mgrid[:96, :96].astype(np.float32)
    for index in range(count):
        rng, kind = np.random.default_rng(index), np.random.default_rng(900 + index % 10)
        pitch, angle, phases = kind.uniform(0.1, 0.6), kind.uniform(0, np.pi), rng.uniform(0, 6.28, 2)
        bend = cv2.resize(rng.normal(0, 1.2, (6, 6)).astype(np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
        along, across = np.cos(angle) * xx + np.sin(angle) * yy, np.cos(angle) * yy - np.sin(angle) * xx
        weave = 1 if index % 2 else np.sin(pitch * across + phases[1] + bend.T)
        grain = cv2.GaussianBlur(rng.normal(0, 1, (96, 96)).astype(np.float32), (0, 0), 1.5) * kind.uniform(20, 60)
        pixels = 128 + 50 * np.sin(pitch * along + phases[0] + bend) * weave + grain
        yield f"texture {index % 10}", Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def slides(count: int = 200) -> Drawn:
    """Slides of one template: two bars and a logo, with few lines between."""
    for index in range(count):
        rng = np.random.default_rng(50 + index)
        image = Image.new("RGB", (960, 540), (255, 255, 255))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 960, 70), fill=(20, 60, 120))
        draw.rectangle((0, 510, 960, 540), fill=(20, 60, 120))
        draw.ellipse((880, 8, 935, 62), fill=(250, 180, 20))
        draw.text((30, 18), _said(rng, 3), (255, 255, 255), _font(30))
        for row in range(int(rng.integers(3, 8))):
            draw.text((60, 110 + 52 * row), "- " + _said(rng, int(rng.integers(3, 7))), (30, 30, 30), _font(24))
        yield ("a", "b")[index % 2], image


def icons(count: int = 300) -> Drawn:
    """Icons of a few strokes."""
    for index in range(count):
        rng = np.random.default_rng(13000 + index)
        ink = [(0, 0, 0), (200, 40, 40), tuple(rng.integers(20, 200, 3).tolist())][index % 3]
        image = Image.new("RGB", (256, 256), (255, 255, 255))
        draw = ImageDraw.Draw(image)
        for _ in range(rng.integers(2, 5)):
            corners = rng.integers(24, 232, (2, 2))
            box = (*corners.min(axis=0).tolist(), *(corners.max(axis=0) + 12).tolist())
            shape = rng.integers(4)
            if shape == 0:
                draw.ellipse(box, outline=ink, width=18)
            elif shape == 1:
                draw.rounded_rectangle(box, 14, outline=ink, width=18)
            elif shape == 2:
                draw.line(box, fill=ink, width=20)
            else:
                draw.polygon([tuple(corner) for corner in rng.integers(24, 232, (3, 2)).tolist()], fill=ink)
        yield ("black", "red", "coloured")[index % 3], image.resize((64, 64), Image.Resampling.LANCZOS)


def encoded_again(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return Image.open(io.BytesIO(buffer.getvalue()))


def resized(image: Image.Image) -> Image.Image:
    factor = 2 if image.width < 20 else 0.6
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def darker(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.75)


def shifted(image: Image.Image) -> Image.Image:
    """Move it a pixel to the right, what was at the edge repeated."""
    pixels = np.asarray(image)
    return Image.fromarray(np.concatenate([pixels[:, :1], pixels[:, :-1]], axis=1))


EDITS = (encoded_again, resized, darker, shifted)
MOST_CALLED, MOST_IN_CONFLICT, LEAST_FOUND = 0.01, 0.005, 0.95
"""Shares: of images called near copies, of images in conflict, of planted copies found."""
DOMAINS = [
    digits_8,
    digits_28,
    digits_drawn,
    glyphs,
    pages,
    forms,
    screens,
    tissue,
    digits_written,
    radiographs,
    slides,
    icons,
    textures,
]


def _origin(path: str) -> str:
    return path.rpartition("/")[2][:5]


def counted(folder: Path, workspace: Path) -> tuple[set[tuple[str, str]], set[str]]:
    """The pairs of near copy and keeper, and the images in conflict, that an audit names."""
    found = curate.audit(folder, workspace, configuration=Config(judge={"prevalence": 1.0})).findings
    duplicates = found[found["category"] == "duplicate"]
    near = duplicates[~duplicates["kind"].isin([*GROUP_KINDS, "same_bytes", "same_pixels"])]
    keeper = dict(duplicates[duplicates["role"] == "keeper"][["group_id", "path"]].itertuples(index=False, name=None))
    copies = near[near["role"] == "copy"][["path", "group_id"]].itertuples(index=False, name=None)
    pairs = {(path, keeper[group]) for path, group in copies}
    return pairs, set(duplicates.loc[duplicates["kind"] == "label_conflict", "path"])


@pytest.mark.parametrize("domain", DOMAINS)
def test_few_of_a_domain_are_called_copies_and_planted_ones_are_found(
    tmp_path: Path, domain: Callable[[], Drawn]
) -> None:
    clean, planted = tmp_path / "clean", tmp_path / "planted"
    drawn = list(domain())
    chosen = np.random.default_rng(5).permutation(len(drawn))[: COPIES * len(EDITS)]
    edits = dict(zip(chosen.tolist(), itertools.cycle(EDITS), strict=False))
    for index, (label, image) in enumerate(drawn):
        for folder in (clean, planted):
            (folder / label).mkdir(parents=True, exist_ok=True)
            image.save(folder / label / f"{index:05}.png")
        if index in edits:
            edits[index](image).save(planted / label / f"{index:05}-copy.png")
    started = time.perf_counter()
    pairs, conflicts = counted(clean, tmp_path / "ws")
    seconds = time.perf_counter() - started
    named = counted(planted, tmp_path / "ws-planted")[0]
    found = sum(_origin(copy) == _origin(keeper) for copy, keeper in named) / len(edits)
    called, conflict = len(pairs) / len(drawn), len(conflicts) / len(drawn)
    print(f"\n{'domain':14}{'images':>7}{'copies':>8}{'conflict':>9}{'found':>8}{'seconds':>9}")
    print(f"{domain.__name__:14}{len(drawn):7}{called:8.4f}{conflict:9.4f}{found:8.3f}{seconds:9.1f}")
    assert called <= MOST_CALLED
    assert conflict <= MOST_IN_CONFLICT
    assert found >= LEAST_FOUND
