"""Images that have nothing in common with the rest: outliers among the embeddings of a trained network.

Judged where there are embeddings (`curate audit --embeddings`, or `curate train embed`). How far an image stands off is
its mean cosine distance from its nearest neighbours (Ramaswamy, Rastogi and Shim, SIGMOD 2000); how far is too far, the
dataset itself says, by how its distances fall off. Where they fall off so slowly that no image can be far enough, none
is flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_
from curate.scanners import Scanner, embeddings
from curate.scanners.limits import tail_limit
from curate.schema import Category

if TYPE_CHECKING:
    import pandas as pd

OFF_TOPIC = KindSpec(
    name="off_topic",
    category=Category.UNSUITABLE,
    title=N_("Off topic"),
    meaning=N_("It resembles nothing else in the dataset."),
    message=N_(
        "Unlike the rest: its nearest images are {distance:.2f} away on average (threshold {threshold:.2f}, in the "
        "middle of this dataset {middle:.2f})."
    ),
)


class TopicSettings(Settings):
    """How alone an image must stand."""

    neighbours: int = Field(10, ge=1, description=N_("how many of the nearest images count"))
    expected: float = Field(
        0.001, gt=0, le=0.1, description=N_("share of images of the dataset's own kind that are as far by chance")
    )
    min_images: int = Field(50, ge=2, description=N_("images below which a dataset says nothing about its topic"))


class OffTopic(Scanner):
    """Images far from all others."""

    name: ClassVar[str] = "topic"
    version: ClassVar[int] = 2
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (OFF_TOPIC,)
    settings_model: ClassVar[type[Settings]] = TopicSettings

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        rows, vectors = embeddings.unit_vectors(features, centred=False)
        if len(rows) < self.settings.min_images:
            return
        cosines, _ = embeddings.nearest(vectors, self.settings.neighbours)
        distance = 1 - cosines.mean(axis=1)
        middle, limit = tail_limit(distance, self.settings.expected)
        if limit <= middle:  # more than half are equally far: nothing is unusual about any distance
            return
        paths = features["path"].to_numpy(object)
        for index in np.flatnonzero(distance > limit):
            yield Finding(
                kind=OFF_TOPIC,
                path=paths[rows[index]],
                score=float(np.clip((distance[index] - middle) / max(2 * (limit - middle), 1e-9), 0.5, 1)),
                message=OFF_TOPIC.says(distance=float(distance[index]), threshold=limit, middle=middle),
                evidence={"distance": round(float(distance[index]), 4), "threshold": round(limit, 4)},
            )
