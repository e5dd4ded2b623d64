"""Burnt-out images, as a scanner in a package of its own."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_
from curate.images.image import DecodedImage
from curate.scanners import Scanner, Threshold
from curate.schema import Category

GLARE = KindSpec(
    name="glare",
    category=Category.UNSUITABLE,
    title=N_("Glare"),
    meaning=N_("A light burns out a part of the image."),
    message=N_("{share:.0%} of it is burnt out (threshold {threshold:.0%})."),
)


class GlareSettings(Settings):
    """How much of an image may be burnt out."""

    min_share: float = Field(0.2, ge=0, le=1, description=N_("share of burnt pixels from which on an image is flagged"))


class Glare(Scanner):
    """Images of which a part is pure white."""

    name: ClassVar[str] = "glare"
    version: ClassVar[int] = 1
    kinds: ClassVar[tuple[KindSpec, ...]] = (GLARE,)
    settings_model: ClassVar[type[Settings]] = GlareSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"share": pa.float32()}
    thresholds: ClassVar[tuple[Threshold, ...]] = (
        Threshold(kind=GLARE, setting="min_share", measured="share", flags="above"),
    )

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {"share": float(np.mean(image.grey(256) == 255))}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["share"].notna()]
        for path, share in zip(measured["path"], measured["share"], strict=True):
            if share >= self.settings.min_share:
                yield Finding(
                    kind=GLARE,
                    path=path,
                    score=float(share),
                    message=GLARE.says(share=float(share), threshold=self.settings.min_share),
                )
