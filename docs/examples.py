"""Examples for the site: for each check an image that it flags and one that it does not, and a whole report.

Both are drawn anew with every build, and audited as any dataset is, so that they show what the code does today. What
kills its reader, or never ends, has no example.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from PIL import Image

import curate
from curate.auditing.gallery import Previews
from curate.config import Config, JudgeSettings
from curate.demonstration import dataset
from curate.demonstration.portraits import portrait
from curate.demonstration.run import demo
from curate.demonstration.scenes import scene
from curate.images.image import Pixels
from curate.reports.render import breakable
from curate.schema import Role
from curate.sources import source_at
from curate.storage.workspace import Workspace

SIDE_PX = 180
_JPEG_XL = bytes.fromhex("0000000c4a584c200d0a870a") + bytes(400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What the audit says of an image that a check flags, and previews (JPEG; None where there is nothing to see).

    `of` is the image that a copy is a copy of; `sound` is an image that no check flags.
    """

    reason: str
    flagged: bytes | None
    of: bytes | None
    sound: bytes


def draw(folder: Path) -> dict[str, Example]:
    """Draw a dataset with defects in `folder`, audit it, and return an example by kind."""
    source = folder / "dataset"
    truth = dataset.draw(source / "train")
    planted = {*truth["path"], *truth["of"].dropna()}
    clean = [
        path for path in sorted((source / "train").rglob("*.jpg")) if _below(path, source / "train") not in planted
    ]
    for path in clean[::5]:
        (source / "test" / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.replace(source / "test" / path.parent.name / path.name)
    for name, data in _further([path for path in clean if path.is_file()]):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    for name, pixels in (*_frames(), *_people(), *_crowd(), *_classes()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    every_copy = Config(judge=JudgeSettings(prevalence=1.0))  # of a fixed camera most images are copies
    return {
        **_audited(folder / "camera", folder / "of-camera", configuration=every_copy),
        **_audited(folder / "crowd", folder / "of-crowd", embeddings=True),
        **_audited(folder / "classes", folder / "of-classes", embeddings=True),
        **_audited(folder / "people", folder / "of-people", profile="faces", text=True),
        **_audited(source, folder / "workspace"),
    }


def _audited(source: Path, workspace: Path, **settings: Any) -> dict[str, Example]:
    audit = curate.audit(source, workspace, engine="serial", **settings)
    previews = Previews(Workspace(workspace), source_at(source), audit.images, audit.findings)
    return dict(_examples(audit.findings, audit.images, previews))


def report(folder: Path) -> str:
    """Take the demo the whole way in `folder`, and return its report."""
    made = demo(folder / "curate-demo").report
    if made is None:
        raise RuntimeError("the site shows a report, so the extra `report` has to be installed")
    html = made.read_text(encoding="utf-8")
    # Where it was drawn is another folder with every build.
    return html.replace(f"{folder}/", "").replace(breakable(f"{folder}/"), "")


def _further(clean: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield what the demo does not plant, each made of another sound image: where it goes, and its bytes."""
    mirrored, rotated, whole, written, relabelled, leaked, renamed = clean[:7]
    yield f"train/{mirrored.parent.name}/mirrored.jpg", _jpeg(_pixels(mirrored)[:, ::-1])
    yield f"train/{rotated.parent.name}/rotated.jpg", _jpeg(np.rot90(_pixels(rotated)))
    rows, columns = (side // 25 for side in _pixels(whole).shape[:2])
    yield f"train/{whole.parent.name}/cropped.jpg", _jpeg(_pixels(whole)[rows:-rows, columns:-columns])
    pixels = _pixels(written).copy()
    cv2.putText(pixels, "HELLO", (10, pixels.shape[0] - 20), cv2.FONT_HERSHEY_DUPLEX, 1.5, (255, 255, 255), 3)
    yield f"train/{written.parent.name}/edited.jpg", _jpeg(pixels)
    other = "Sad" if relabelled.parent.name != "Sad" else "Happy"
    yield f"train/{other}/in_two_classes.jpg", relabelled.read_bytes()
    yield f"test/{leaked.parent.name}/in_two_splits.jpg", leaked.read_bytes()
    buffer = io.BytesIO()
    Image.fromarray(_pixels(renamed)).save(buffer, "PNG")
    yield f"train/{renamed.parent.name}/png.jpg", buffer.getvalue()
    whole_png = buffer.getvalue()
    yield "train/Happy/comment.png", whole_png[:33] + _chunk(b"tEXt", b"Comment\0hello", checksum=0) + whole_png[33:]
    yield "train/Sad/jpeg_xl.jpg", _JPEG_XL
    yield "train/Sad/bomb.png", _png_of(60_000)


def _frames() -> Iterator[tuple[str, Pixels]]:
    """Yield what a fixed camera sees: one view with noise, and a thing that crosses it; and another view."""
    yield "camera/elsewhere.png", portrait(np.random.default_rng(4), "Happy", 256, 192)
    view = cv2.resize(scene(np.random.default_rng(3), 384, 512), (256, 192), interpolation=cv2.INTER_AREA)
    for number in range(105):
        frame = view + np.random.default_rng(number).normal(0, 3, view.shape)
        frame[80:110, 2 * number : 2 * number + 16] = (200, 20, 20)
        yield f"camera/{number:03}.png", np.clip(frame, 0, 255).astype(np.uint8)


def _people() -> Iterator[tuple[str, Pixels]]:
    """Yield portraits, and what is no portrait of one person: two, none, one far away, one covered, a cartoon."""
    for number in range(24):
        yield f"people/{number:02}.png", portrait(np.random.default_rng(number), "Happy", 300, 360)
    yield "people/sad.png", portrait(np.random.default_rng(7), "Sad", 300, 360)
    pair = [portrait(np.random.default_rng(seed), "Happy", 240, 320) for seed in (102, 202)]
    yield "people/two.png", np.hstack(pair)
    yield "people/none.png", scene(np.random.default_rng(12), 360, 300).astype(np.uint8)
    far = scene(np.random.default_rng(13), 360, 300).astype(np.uint8)
    far[280:352, 120:180] = portrait(np.random.default_rng(14), "Happy", 60, 72)
    yield "people/far.png", far
    yield "people/covered.png", _covered(portrait(np.random.default_rng(68), "Happy", 300, 360))
    cartoon = np.full((360, 300, 3), (120, 200, 240), np.uint8)
    cv2.circle(cartoon, (150, 180), 90, (250, 210, 60), -1)
    for x in (115, 185):
        cv2.circle(cartoon, (x, 160), 10, (40, 40, 40), -1)
    cv2.ellipse(cartoon, (150, 200), (45, 30), 0, 0, 180, (40, 40, 40), 6)
    yield "people/cartoon.png", cartoon

    caption = portrait(np.random.default_rng(50), "Happy", 300, 360)
    yield "people/caption.png", _written(caption, "WHEN MONDAY COMES", scale=0.8, thickness=2)
    marked = portrait(np.random.default_rng(51), "Happy", 300, 360)
    yield "people/mark.png", _written(marked, "stockphoto", scale=0.6, thickness=1)


def _covered(pixels: Pixels) -> Pixels:
    """Draw three fingers over the mouth of that portrait."""
    covered = pixels.copy()
    skin = pixels[205:215, 85:95].mean(axis=(0, 1))
    for row in (251, 273, 295):
        for shade, thickness in ((0.55, 26), (0.95, 21)):
            cv2.line(covered, (38, row), (175, row), (shade * skin).tolist(), thickness, cv2.LINE_AA)
    return covered


def _crowd() -> Iterator[tuple[str, Pixels]]:
    """Yield many portraits, and one page of text."""
    for number in range(60):
        yield f"crowd/{number:02}.png", portrait(np.random.default_rng(300 + number), "Happy", 200, 240)
    page = np.full((240, 200, 3), 250, np.uint8)
    for line in range(20, 230, 14):
        cv2.putText(page, "lorem ipsum dolor sit", (12, line), cv2.FONT_HERSHEY_PLAIN, 0.9, (20, 20, 20), 1)
    yield "crowd/page.png", page


def _classes() -> Iterator[tuple[str, Pixels]]:
    """Yield two classes that look different, and eight images in the wrong one of them."""
    for number in range(60):
        yield f"classes/face/{number:02}.png", portrait(np.random.default_rng(400 + number), "Happy", 200, 240)
        yield f"classes/view/{number:02}.png", scene(np.random.default_rng(500 + number), 240, 200).astype(np.uint8)
    for number in range(8):
        yield f"classes/face/view-{number}.png", scene(np.random.default_rng(600 + number), 240, 200).astype(np.uint8)


def _written(pixels: Pixels, text: str, *, scale: float, thickness: int) -> Pixels:
    written = pixels.copy()
    at = (10, pixels.shape[0] - 20)
    cv2.putText(written, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, (255, 255, 255), thickness)
    return written


def _examples(findings: pd.DataFrame, images: pd.DataFrame, previews: Previews) -> Iterator[tuple[str, Example]]:
    """Yield by kind the clearest image, what it is a copy of, and an image that no check flags."""
    keepers = findings[findings["role"] == Role.KEEPER].drop_duplicates("group_id").set_index("group_id")["path"]
    sound = sorted(set(images["path"]) - set(findings["path"]))
    rest = findings[findings["role"] != Role.KEEPER].sort_values(["score", "path"], ascending=[False, True])
    for number, (kind, rows) in enumerate(rest.groupby("kind", sort=True)):
        row = rows.iloc[0]
        keeper = keepers.get(row["group_id"])
        shown = previews.jpeg(sound[number * 7 % len(sound)], SIDE_PX)
        if shown is None:
            raise RuntimeError("a sound image has no preview")
        yield (
            str(kind),
            Example(
                reason=row["reason"],
                flagged=previews.jpeg(row["path"], SIDE_PX),
                of=previews.jpeg(keeper, SIDE_PX) if isinstance(keeper, str) else None,
                sound=shown,
            ),
        )


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _jpeg(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _png_of(side_px: int) -> bytes:
    """Return a PNG whose header promises that many pixels a side, and whose data are a few zeros."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(bytes(1000))), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, data: bytes, checksum: int | None = None) -> bytes:
    right = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", right if checksum is None else checksum)
