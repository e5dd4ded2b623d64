"""Images that decode well and still are no use: blurred, dark, bright, empty, or of an odd size or shape.

Thresholds are set so that a person would agree: measured on 1,000 ordinary photos, all checks together
flag fewer than 2 %. Sizes are judged against the dataset itself, robustly, never against a norm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message
from curate.images.image import DecodedImage, Pixels
from curate.scanners import Scanner, Threshold
from curate.scanners.glance import Tones, blur_effects, count_details, has_subject, tones
from curate.scanners.limits import robust_limit
from curate.schema import Category, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

SIDE_PX = 256
"""Quality is measured on the image shrunk to this side: what a person sees at a glance."""
ENOUGH = 50
"""Images from which on a dataset can say what is usual in it."""
MOSTLY_FLAT = 0.9
"""Share of one tone from which on it is worth asking whether the rest is a shape on it."""
EMPTY = 0.998
"""Share of one tone from which on an image is almost empty in any dataset, however even its images are."""
DETAIL_FLAT = 0.5
"""Details are counted on a ground of at least this share."""
MANY_DETAILS = 13
"""A page of text or a sky of stars has at least so many: no detail is lost there, and it is not empty."""


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
    version: ClassVar[int] = 8
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
        if image.on_black is None:
            return self.measure_batch([image])[0]
        laid = [image.grey(SIDE_PX), image.on_black]
        toned = [tones(grey[None])[0] for grey in laid]
        # Dark, or bright, is what is so on white and on black; what vanishes on white is judged on black.
        p1, p5, p99 = zip(*(each.levels for each in toned), strict=True)
        grey, shown = min(zip(laid, toned, strict=True), key=lambda one: one[1].flat_share)
        return _described(grey, shown._replace(levels=(min(p1), min(p5), max(p99))), blur_effects(grey[None])[0])

    def measure_batch(self, images: Sequence[DecodedImage]) -> list[Mapping[str, Any]]:
        greys = np.stack([image.grey(SIDE_PX) for image in images])
        return list(map(_described, greys, tones(greys), blur_effects(greys)))

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


def _described(grey: Pixels, shown: Tones, blur: float) -> Mapping[str, Any]:
    p1, p5, p99 = shown.levels
    return {
        "blur": blur,
        "p1": p1,
        "p5": p5,
        "p99": p99,
        "flat_share": shown.flat_share,
        "contrast": shown.contrast,
        "has_subject": shown.flat_share >= MOSTLY_FLAT and has_subject(grey, shown.ground),
        "details": count_details(grey, shown.ground) if shown.flat_share >= DETAIL_FLAT else 0,
    }


def _finding(kind: KindSpec, path: str, score: float, message: Message, measured: Mapping[str, float]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=min(max(float(score), 0.0), 1.0),
        message=message,
        evidence={name: round(float(value), 4) for name, value in measured.items()},
    )
