"""Images that decode well and still are no use: blurred, dark, bright, empty, or of an odd size or shape.

Thresholds are set so that a person would agree: measured on 1,000 ordinary photos, all checks together
flag fewer than 2 %. Sizes are judged against the dataset itself, robustly, never against a norm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message
from curate.images.image import DecodedImage
from curate.scanners import Scanner, Threshold
from curate.scanners.limits import robust_limit
from curate.schema import Category, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

SIDE_PX = 256
"""Quality is measured on the image shrunk to this side: what a person sees at a glance."""
ENOUGH_PX = 20_000
"""Above this tones are counted in every second row and column."""
ENOUGH = 50
"""Images from which on a dataset can say what is usual in it."""
MOSTLY_FLAT = 0.9
"""Share of one tone from which on it is worth asking whether the rest is a shape on it."""
FLAT_LEVELS = 9
"""Width, in grey levels, of the window that holds the flat part of an image."""
EMPTY = 0.998
"""Share of one tone from which on an image is almost empty in any dataset, however even its images are."""
DETAIL_FLAT, DETAIL_LEVELS = 0.5, 64
"""Details are counted on a ground of at least this share: shapes so many levels off its tone."""
MANY_DETAILS = 13
"""A page of text or a sky of stars has at least so many: no detail is lost there, and it is not empty."""
SHAPES = 3
"""One to three connected shapes are a subject (an icon, the letter "i"); a line of text or specks of dust are more."""
SUBJECT_SIDE = 0.25
"""Least longer side of the box round a subject, over that of the image: anything smaller is a speck."""
SUBJECT_FILL = 0.15
"""Least share of that box that a subject covers."""
ONE_WAY = 0.05
"""Share of the steps of one direction below which those of the other are noise, as along stripes."""
_LEVELS, _WINDOW = np.arange(256.0), np.ones(FLAT_LEVELS)


BLURRY = KindSpec(
    name="blurry",
    category=Category.UNSUITABLE,
    title=N_("Blurry"),
    meaning=N_("Fine detail is missing."),
    message=N_("Blurred: its blur effect is {blur:.2f}, from 0 sharp to 1 (threshold {threshold:.2f})."),
)
DARK = KindSpec(
    name="dark",
    category=Category.UNSUITABLE,
    title=N_("Dark"),
    meaning=N_("Too dark to make out much."),
    message=N_("Very dark: 99 % of it lies below {p99:.0%} brightness (threshold {threshold:.0%})."),
)
BRIGHT = KindSpec(
    name="bright",
    category=Category.UNSUITABLE,
    title=N_("Bright"),
    meaning=N_("So bright that detail is lost."),
    message=N_("Very bright: 95 % of it lies above {p5:.0%} brightness (threshold {threshold:.0%})."),
)
LOW_INFORMATION = KindSpec(
    name="low_information",
    category=Category.UNSUITABLE,
    title=N_("Low information"),
    meaning=N_("Nearly uniform: there is little to learn from it."),
    message=N_(
        "Almost empty: {flat_share:.0%} of it is one grey tone, and its contrast is {contrast:.1f} levels "
        "(thresholds {flat_threshold:.0%}, {contrast_threshold:g})."
    ),
)
ODD_SIZE = KindSpec(
    name="odd_size",
    category=Category.UNSUITABLE,
    title=N_("Odd size"),
    meaning=N_("Far smaller or larger than is typical of this dataset."),
)
ODD_ASPECT_RATIO = KindSpec(
    name="odd_aspect_ratio",
    category=Category.UNSUITABLE,
    title=N_("Odd aspect ratio"),
    meaning=N_("Unusually wide or unusually tall."),
    message=N_(
        "{width:.0f} x {height:.0f} pixels: its longer side is {ratio:.1f} times the shorter (threshold {threshold:g})."
    ),
)


class QualitySettings(Settings):
    """Above (or below) these an image is flagged."""

    blurry: float = Field(0.55, ge=0, le=1, description=N_("blur effect at or above which an image is blurry"))
    dark: float = Field(0.25, ge=0, le=1, description=N_("dark where even the brightest percent stays below this"))
    bright: float = Field(0.85, ge=0, le=1, description=N_("bright where all but the darkest 5 % lie above this"))
    bright_floor: float = Field(0.60, ge=0, le=1, description=N_("... and all but the darkest 1 % above this"))
    max_deviations: float = Field(
        3.0,
        ge=0,
        description=N_("... and beyond what is usual in this dataset, in robust standard deviations; 0: never mind"),
    )
    flat_share: float = Field(0.95, ge=0, le=1, description=N_("share of pixels within one grey tone: almost empty"))
    low_contrast: float = Field(6.0, ge=0, description=N_("standard deviation of grey levels: almost empty"))
    odd_size_factor: float = Field(4.0, gt=1, description=N_("side length against the dataset's median"))
    odd_size_beyond: float = Field(3.0, ge=1, description=N_("... and against its 10th or 90th percentile"))
    tiny_px: int = Field(16, ge=0, description=N_("a shorter side below this is odd in any dataset of larger images"))
    odd_aspect_ratio: float = Field(3.5, gt=1, description=N_("longer over shorter side"))


class Quality(Scanner):
    """Blurry, dark, bright, low-information, odd-sized and odd-shaped images."""

    name: ClassVar[str] = "quality"
    version: ClassVar[int] = 7
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (BLURRY, DARK, BRIGHT, LOW_INFORMATION, ODD_SIZE, ODD_ASPECT_RATIO)
    settings_model: ClassVar[type[Settings]] = QualitySettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "blur": pa.float32(),
        "p1": pa.float32(),
        "p5": pa.float32(),
        "p99": pa.float32(),
        "flat_share": pa.float32(),
        "contrast": pa.float32(),
        "has_subject": pa.bool_(),
        "details": pa.int32(),
    }

    thresholds: ClassVar[tuple[Threshold, ...]] = (
        Threshold(kind=BLURRY, setting="blurry", measured="blur", flags="above"),
        Threshold(kind=DARK, setting="dark", measured="p99", flags="below"),
        Threshold(kind=BRIGHT, setting="bright", measured="p5", flags="above"),
        Threshold(kind=BRIGHT, setting="bright_floor", measured="p1", flags="above"),
        Threshold(kind=LOW_INFORMATION, setting="flat_share", measured="flat_share", flags="above"),
        Threshold(kind=LOW_INFORMATION, setting="low_contrast", measured="contrast", flags="below"),
        Threshold(
            kind=ODD_SIZE,
            setting="tiny_px",
            measured=lambda view, _: view[["width", "height"]].min(axis=1),
            flags="below",
        ),
        Threshold(
            kind=ODD_ASPECT_RATIO,
            setting="odd_aspect_ratio",
            measured=lambda view, _: view[["width", "height"]].max(axis=1) / view[["width", "height"]].min(axis=1),
            flags="above",
        ),
    )

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        laid = [image.grey(SIDE_PX)] if image.on_black is None else [image.grey(SIDE_PX), image.on_black]
        toned = [_tones(grey) for grey in laid]
        grey, tones = min(zip(laid, toned, strict=True), key=lambda one: one[1].flat_share)  # what vanishes on white
        histogram, flat_share = tones.histogram, tones.flat_share
        # Dark, or bright, is what is so on white and on black.
        levels = np.array([np.searchsorted(each.histogram.cumsum(), (0.01, 0.05, 0.99)) for each in toned]) / 255
        p1, p5, p99 = levels[:, 0].min(), levels[:, 1].min(), levels[:, 2].max()
        mean = float(histogram @ _LEVELS)
        return {
            "blur": blur_effect(grey),
            "p1": p1,
            "p5": p5,
            "p99": p99,
            "flat_share": flat_share,
            "contrast": float(np.sqrt(histogram @ (_LEVELS - mean) ** 2)),
            "has_subject": flat_share >= MOSTLY_FLAT and has_subject(grey, tones.ground),
            "details": count_details(grey, tones.ground) if flat_share >= DETAIL_FLAT else 0,
        }

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["blur"].notna()]
        yield from self._content(measured)
        yield from self._sizes(measured)

    def _content(self, measured: pd.DataFrame) -> Iterator[Finding]:
        s = self.settings
        limit = self._limits(measured)
        for row in measured.itertuples(index=False):
            detailed = row.details >= MANY_DETAILS
            dark = row.p99 < limit["dark"] and not detailed
            bright = row.p5 >= limit["bright"] and row.p1 >= s.bright_floor and not detailed
            is_flat = row.flat_share >= limit["flat_share"] and not row.has_subject and not detailed
            # A dark or bright image has little contrast by nature, in a dataset of such as well; that is no reason.
            pale = row.p99 < s.dark or (row.p5 >= s.bright and row.p1 >= s.bright_floor)
            empty = is_flat or (row.contrast < s.low_contrast and not pale)
            if dark:
                message = DARK.says(p99=row.p99, threshold=limit["dark"])
                yield _finding(DARK, row.path, 1 - row.p99 / 2, message, {"p99": row.p99})
            if bright:
                message = BRIGHT.says(p5=row.p5, threshold=limit["bright"])
                yield _finding(BRIGHT, row.path, row.p5, message, {"p5": row.p5})
            if empty:
                numbers = {"flat_share": row.flat_share, "contrast": row.contrast}
                message = LOW_INFORMATION.says(
                    **numbers, flat_threshold=limit["flat_share"], contrast_threshold=s.low_contrast
                )
                score = max(row.flat_share, 1 - row.contrast / 128)
                yield _finding(LOW_INFORMATION, row.path, score, message, numbers)
            elif row.blur >= limit["blurry"]:
                message = BLURRY.says(blur=row.blur, threshold=limit["blurry"])
                yield _finding(BLURRY, row.path, row.blur, message, {"blur": row.blur})

    def _limits(self, measured: pd.DataFrame) -> dict[str, float]:
        """Compute the thresholds of this dataset: never stricter than the settings, looser where most images are so."""
        s = self.settings
        limits = {"blurry": s.blurry, "dark": s.dark, "bright": s.bright, "flat_share": s.flat_share}
        if s.max_deviations and len(measured) >= ENOUGH:
            limits["blurry"] = max(s.blurry, robust_limit(measured["blur"], s.max_deviations)[1])
            limits["dark"] = min(s.dark, robust_limit(measured["p99"], -s.max_deviations)[1])
            limits["bright"] = max(s.bright, robust_limit(measured["p5"], s.max_deviations)[1])
            flat_share = robust_limit(measured["flat_share"], s.max_deviations)[1]
            limits["flat_share"] = max(s.flat_share, min(EMPTY, flat_share))
        return limits

    def _sizes(self, measured: pd.DataFrame) -> Iterator[Finding]:
        s = self.settings
        if measured.empty:
            return
        width, height = measured["width"].to_numpy(float), measured["height"].to_numpy(float)
        log_side = np.log(np.sqrt(width * height))
        low, typical, high = np.quantile(log_side, (0.1, 0.5, 0.9))
        factor, beyond = np.log(s.odd_size_factor), np.log(s.odd_size_beyond)
        smallest, largest = min(typical - factor, low - beyond), max(typical + factor, high + beyond)
        side = float(np.exp(typical))
        for path, w, h, log in zip(measured["path"], width, height, log_side, strict=True):
            tiny = min(w, h) < s.tiny_px and side >= 2 * s.tiny_px
            if tiny or not smallest < log < largest:
                times = float(np.exp(abs(log - typical)))
                limit = smallest if log < typical else largest
                message = Message(
                    _SMALLER if log < typical else _LARGER,
                    {
                        "width": w,
                        "height": h,
                        "times": times,
                        "typical": side,
                        "threshold": float(np.exp(abs(limit - typical))),
                        "tiny": s.tiny_px,
                    },
                )
                finding = _finding(
                    ODD_SIZE, path, 1 - 1 / max(times, 2.0), message, {"factor": times, "typical_px": side}
                )
                # Larger than the rest is worth knowing, and nothing against an image: it can be made smaller.
                is_larger = not tiny and log > typical
                yield replace(finding, severity=Severity.INFO, suggestion=Verdict.KEEP) if is_larger else finding
            ratio = max(w, h) / min(w, h)
            if ratio >= s.odd_aspect_ratio:
                message = ODD_ASPECT_RATIO.says(width=w, height=h, ratio=ratio, threshold=s.odd_aspect_ratio)
                yield _finding(ODD_ASPECT_RATIO, path, 1 - 1 / ratio, message, {"ratio": ratio})


_SMALLER = N_(
    "{width:.0f} x {height:.0f} pixels: its side is {times:.1f} times smaller than the {typical:.0f} pixels typical of "
    "this dataset (threshold {threshold:.1f} times, or a side under {tiny} pixels)."
)
_LARGER = N_(
    "{width:.0f} x {height:.0f} pixels: its side is {times:.1f} times larger than the {typical:.0f} pixels typical of "
    "this dataset (threshold {threshold:.1f} times, or a side under {tiny} pixels)."
)


class _Tones(NamedTuple):
    """The tones of an image: the share of each of 256 grey levels, and where, and how large, its flat part is."""

    histogram: npt.NDArray[np.float64]
    ground: int
    flat_share: float


def _tones(grey: np.ndarray) -> _Tones:
    # Of tens of thousands of pixels, every fourth tells the same in a third of the time.
    sample = np.ascontiguousarray(grey[::2, ::2]) if grey.size > ENOUGH_PX else grey
    histogram = cv2.calcHist([sample], [0], None, [256], [0, 256]).ravel().astype(np.float64) / sample.size
    flat = np.convolve(histogram, _WINDOW, "same")
    return _Tones(histogram, int(flat.argmax()), float(flat.max()))


def count_details(grey: np.ndarray, ground: int) -> int:
    """Count the shapes of two pixels or more, joined by sides or corners, on an even ground: letters, stars."""
    drawn = (cv2.absdiff(grey, np.full_like(grey, ground)) > DETAIL_LEVELS).astype(np.uint8)
    shapes = cv2.connectedComponentsWithAlgorithm(drawn, 8, cv2.CV_32S, cv2.CCL_GRANA)[0] - 1
    # A pixel alone is no shape. Counting these takes a tenth of the time of measuring every shape.
    around = cv2.boxFilter(drawn, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return int(shapes - np.count_nonzero(drawn & (around == 1)))


def has_subject(grey: np.ndarray, tone: int) -> bool:
    """Say whether what differs from an even ground is a shape: a thin glyph or an icon is not empty."""
    drawn = (np.abs(grey.astype(np.int16) - tone) > 2 * FLAT_LEVELS).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    shapes = boxes[1:][boxes[1:, cv2.CC_STAT_AREA] >= 4]
    if not 1 <= len(shapes) <= SHAPES:
        return False
    left, top = shapes[:, cv2.CC_STAT_LEFT], shapes[:, cv2.CC_STAT_TOP]
    width = int((left + shapes[:, cv2.CC_STAT_WIDTH]).max() - left.min())
    height = int((top + shapes[:, cv2.CC_STAT_HEIGHT]).max() - top.min())
    fill = int(shapes[:, cv2.CC_STAT_AREA].sum()) / (width * height)
    return max(width, height) >= SUBJECT_SIDE * max(grey.shape) and fill >= SUBJECT_FILL


def blur_effect(grey: np.ndarray) -> float:
    """Measure how little an image changes when it is blurred once more: 0 sharp, 1 blurred or flat.

    After Crete, Dolmiere, Ladret and Nicolas, "The blur effect: perception and estimation with a new
    no-reference perceptual blur metric", SPIE 6492 (2007), with their 9-tap mean; independent of contrast. The worse
    of both directions counts, but none along which there is next to nothing: stripes are sharp.
    """
    if min(grey.shape) < 2:  # a line has no neighbours to one side
        return 1.0
    totals, blurs = [], []
    for later, earlier, entering, leaving, border in _AXES:
        before = cv2.absdiff(grey[later], grey[earlier])
        # The step between two sums of nine neighbours is that between the one that enters and the one that leaves.
        wide = cv2.copyMakeBorder(grey, *border, cv2.BORDER_REFLECT_101)
        softened = cv2.absdiff(wide[entering], wide[leaving])
        lost = cv2.subtract(before.astype(np.uint16) * 9, softened.astype(np.uint16))  # never below 0 in this type
        totals.append(9 * cv2.sumElems(before)[0])
        blurs.append(1 - cv2.sumElems(lost)[0] / max(totals[-1], 1))
    least = ONE_WAY * max(totals)
    return max((blur for total, blur in zip(totals, blurs, strict=True) if total > least), default=1.0)


_AXES = (
    (np.s_[1:], np.s_[:-1], np.s_[9:], np.s_[:-9], (4, 4, 0, 0)),
    (np.s_[:, 1:], np.s_[:, :-1], np.s_[:, 9:], np.s_[:, :-9], (0, 0, 4, 4)),
)


def _finding(kind: KindSpec, path: str, score: float, message: Message, measured: Mapping[str, float]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=min(max(float(score), 0.0), 1.0),
        message=message,
        evidence={name: round(float(value), 4) for name, value in measured.items()},
    )
