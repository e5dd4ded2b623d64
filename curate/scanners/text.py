"""Text laid over an image: captions, quotations, the marks of stock agencies. Asked for with `--text`.

Read by PP-OCR models through RapidOCR and onnxruntime (extra `text`), on the image at a size at which the small
print of a thumbnail can still be read. It costs far more than everything else together, which is why it has to be
asked for; what was read is kept like any measurement, so that an image is read once.

Text counts where it matters: where it takes a good part of the image, or lies over a face. The name of an agency in a
corner is told for information.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.errors import MissingExtraError
from curate.findings import Finding, KindSpec
from curate.i18n import N_, msg
from curate.images.image import DecodedImage, Pixels
from curate.scanners import Scanner
from curate.schema import Category, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

READ_PX, ENLARGE = 640, 2.0
"""The longer side at which an image is read; smaller ones are enlarged, at most twice."""
MIN_LETTERS, MIN_SCORE = 3, 0.6
SURE_FACE = 0.7
"""How sure the detector must be of a face that text may lie over."""
_SHOWN = 60


TEXT_OVERLAY = KindSpec(
    name="text_overlay",
    category=Category.UNSUITABLE,
    title=N_("Text overlay"),
    meaning=N_("A caption, a quotation or other writing takes a good part of the image."),
    message=N_(
        "Text can be read on it: “{text}”{repeated} ({best:.2f} sure, threshold {threshold:g}); it takes {share:.1%} "
        "of the image (threshold {min_share:.0%})."
    ),
)
WATERMARK = KindSpec(
    name="watermark",
    category=Category.UNSUITABLE,
    title=N_("Watermark"),
    meaning=N_("A little writing, such as the mark of an agency; it is asked about where it lies over a face."),
    message=N_(
        "A little writing can be read on it: “{text}”{repeated} ({best:.2f} sure, threshold {threshold:g}); it takes "
        "{share:.1%} of the image (threshold {min_share:.0%}) and covers {covered:.0%} of a face (threshold "
        "{min_face:.0%})."
    ),
    severity=Severity.INFO,
)


class TextSettings(Settings):
    """How much must be read how surely."""

    letters: int = Field(MIN_LETTERS, ge=1, description=N_("letters or digits that a line must have to count"))
    min_score: float = Field(MIN_SCORE, ge=0, le=1, description=N_("how sure the reader must be of a line"))
    min_share: float = Field(
        0.05, ge=0, le=1, description=N_("share of the image from which on text counts; below it is a watermark")
    )
    min_face: float = Field(
        0.05, ge=0, le=1, description=N_("share of a face from which on a watermark over it counts as well")
    )


class Text(Scanner):
    """Images with text on them."""

    name: ClassVar[str] = "text"
    version: ClassVar[int] = 1
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (TEXT_OVERLAY, WATERMARK)
    settings_model: ClassVar[type[Settings]] = TextSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"lines": pa.string()}
    borrows: ClassVar[Mapping[str, str]] = {"faces": "faces.boxes"}

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        if configuration.text:
            require()
        return configuration.text

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {"lines": json.dumps(_read(image), ensure_ascii=False, separators=(",", ":"))}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["lines"].notna()]
        faces = measured["faces"].where(measured["faces"].notna(), "[]") if "faces" in measured else "[]"
        rows = measured.assign(faces=faces)[["path", "width", "height", "lines", "faces"]]
        for path, width, height, lines, boxes in rows.itertuples(index=False, name=None):
            sure = [line for line in json.loads(lines) if self._counts(line)]
            if sure:
                covered = _covered_share(sure, [box for box in json.loads(boxes) if box["score"] >= SURE_FACE])
                yield self._finding(path, sure, float(width * height), covered)

    def _counts(self, line: Mapping[str, Any]) -> bool:
        letters = sum(character.isalnum() for character in line["text"])
        return bool(letters >= self.settings.letters and line["score"] >= self.settings.min_score)

    def _finding(self, path: str, lines: list[dict[str, Any]], area: float, covered: float) -> Finding:
        read = " / ".join(dict.fromkeys(line["text"] for line in lines))
        read = read if len(read) <= _SHOWN else read[: _SHOWN - 1] + "…"
        texts = [line["text"].casefold() for line in lines]
        again = max(texts.count(text) for text in texts)
        share = min(1.0, sum(line["width"] * line["height"] for line in lines) / max(area, 1.0))
        s = self.settings
        kind = TEXT_OVERLAY if share >= s.min_share else WATERMARK
        is_asked = kind is TEXT_OVERLAY or covered >= s.min_face
        values: dict[str, Any] = {
            "text": read,
            "repeated": msg(", {times} times", times=again) if again > 2 else "",
            "best": max(line["score"] for line in lines),
            "threshold": s.min_score,
            "share": share,
            "min_share": s.min_share,
        }
        if kind is WATERMARK:
            values |= {"covered": covered, "min_face": s.min_face}
        return Finding(
            kind=kind,
            path=path,
            score=min(1.0, 0.5 + 0.3 * min(1.0, len(lines) / 5) + 0.2 * min(1.0, 5 * share)),
            message=kind.says(**values),
            severity=Severity.WARNING if is_asked else kind.severity,
            suggestion=Verdict.DROP if is_asked else Verdict.KEEP,
            evidence={"text": read, "boxes": [{"what": "text", **line} for line in lines]},
        )


def _covered_share(lines: Sequence[Mapping[str, Any]], faces: Sequence[Mapping[str, Any]]) -> float:
    """Return the largest share of any face that one line of text covers; all are boxes in pixels of the full image."""
    return max(
        (_overlap(line, face) / (face["width"] * face["height"]) for line in lines for face in faces), default=0.0
    )


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return the square pixels that two boxes share."""
    across, down = (
        min(one[start] + one[length], other[start] + other[length]) - max(one[start], other[start])
        for start, length in (("left", "width"), ("top", "height"))
    )
    return float(max(0.0, across) * max(0.0, down))


def require() -> None:
    """Raise `MissingExtraError` where the reader is not installed."""
    if not installed():
        raise MissingExtraError('reading text needs more packages: pip install "imagecurate[text]"')


def installed() -> bool:
    """Say whether text can be read."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def _read(image: DecodedImage) -> list[dict[str, Any]]:
    """Read lines of text with boxes in pixels of the full image; faint marks by a second look at raised contrast."""
    view = _enlarged(image.fit(READ_PX))
    lines = _lines(view, image)
    if any(sum(map(str.isalnum, line["text"])) >= MIN_LETTERS and line["score"] >= MIN_SCORE for line in lines):
        return lines
    return lines + _lines(_contrasted(view), image)


def _lines(view: Pixels, image: DecodedImage) -> list[dict[str, Any]]:
    # The three steps are named on every call, since the reader remembers those of the call before.
    found = _reader()(cv2.cvtColor(view, cv2.COLOR_RGB2BGR), use_det=True, use_cls=False, use_rec=True)
    if found.boxes is None or found.txts is None:
        return []
    scale, size = view.shape[1] / image.width, (image.width, image.height)
    lines = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        left, top = np.clip(np.min(corners, axis=0) / scale, 0, size)
        right, bottom = np.clip(np.max(corners, axis=0) / scale, 0, size)
        lines.append(
            {
                "text": text,
                "score": round(float(score), 3),
                "left": round(float(left), 1),
                "top": round(float(top), 1),
                "width": round(float(right - left), 1),
                "height": round(float(bottom - top), 1),
            }
        )
    return lines


def _contrasted(view: Pixels) -> Pixels:
    """Stretch lightness tile by tile (CLAHE), as in Zuiderveld, Graphics Gems IV (1994)."""
    lab = cv2.cvtColor(view, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def _enlarged(view: Pixels) -> Pixels:
    factor = min(ENLARGE, READ_PX / max(view.shape[:2]))
    if factor <= 1:
        return view
    return np.asarray(cv2.resize(view, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@functools.cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.limit_type": "max",
            "Det.limit_side_len": READ_PX,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
