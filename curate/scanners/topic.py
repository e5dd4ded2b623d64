"""Images that have nothing in common with the rest: outliers among the embeddings of a trained network.

Judged where `curate train embed` has been run. How far an image stands off is its mean cosine distance from its
nearest neighbours (Ramaswamy, Rastogi and Shim, SIGMOD 2000); how far is too far, the dataset itself says, by
the median of all distances and their spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.images.image import DecodedImage
from curate.scanners import Finding, Scanner, embeddings
from curate.schema import Kind, Severity

if TYPE_CHECKING:
    import pandas as pd

_TO_SIGMA = 1.4826
"""What turns a median absolute deviation into the standard deviation of a normal distribution."""


class TopicSettings(Settings):
    """How alone an image must stand."""

    neighbours: int = Field(10, ge=1, description="how many of the nearest images count")
    deviations: float = Field(4.0, ge=0, description="robust standard deviations above the median distance")
    least: int = Field(50, ge=2, description="images below which a dataset says nothing about its topic")


class OffTopic(Scanner):
    """Images far from all others."""

    name: ClassVar[str] = "topic"
    version: ClassVar[int] = 1
    settings_model: ClassVar[type[Settings]] = TopicSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {}

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        rows, vectors = embeddings.unit_vectors(features)
        if len(rows) < self.settings.least:
            return
        cosines, _ = embeddings.nearest(vectors, self.settings.neighbours)
        distance = 1 - cosines.mean(axis=1)
        middle = float(np.median(distance))
        spread = _TO_SIGMA * float(np.median(np.abs(distance - middle)))
        limit = middle + self.settings.deviations * spread
        paths = features["path"].to_numpy(object)
        for index in np.flatnonzero(distance > limit):
            yield Finding(
                kind=Kind.OFF_TOPIC,
                path=paths[rows[index]],
                score=float(np.clip((distance[index] - middle) / max(2 * (limit - middle), 1e-9), 0.5, 1)),
                severity=Severity.WARNING,
                reason=f"Unlike the rest: its nearest images are {distance[index]:.2f} away on average "
                f"(threshold {limit:.2f}, in the middle of this dataset {middle:.2f}).",
                evidence={"distance": round(float(distance[index]), 4), "threshold": round(limit, 4)},
            )
