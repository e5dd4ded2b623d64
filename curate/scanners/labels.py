"""Labels that a model trained on the other images does not believe: `suspected_mislabel`.

Judged where `curate train mislabel` has been run: every image was predicted by a network that had not seen it,
and confident learning (Northcutt, Jiang and Chuang, JAIR 2021) has said how well its label fits. What is
flagged is where the network is sure of another class and gives the label it has next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.images.image import DecodedImage
from curate.scanners import Finding, Scanner
from curate.schema import Kind, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd


class LabelsSettings(Settings):
    """How sure the network must be that a label is wrong."""

    quality: float = Field(0.2, ge=0, le=1, description="how well a label may fit at most, to be suspected")
    confidence: float = Field(0.6, ge=0, le=1, description="how likely another class must at least be")


class Labels(Scanner):
    """Images whose class is probably another one, with that other one as the suggestion."""

    name: ClassVar[str] = "labels"
    version: ClassVar[int] = 1
    settings_model: ClassVar[type[Settings]] = LabelsSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {}

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        if "predicted" not in features:
            return
        names = ["path", "label", "predicted", "confidence", "given_confidence", "label_quality"]
        seen = features.loc[features["predicted"].notna(), names]
        for path, label, predicted, confidence, given, quality in seen.itertuples(index=False, name=None):
            if predicted == label or quality > self.settings.quality or confidence < self.settings.confidence:
                continue
            yield Finding(
                kind=Kind.SUSPECTED_MISLABEL,
                path=path,
                score=min(1.0, max(0.0, 1 - float(quality))),
                severity=Severity.WARNING,
                reason=f"Labelled {label}, but a network that had not seen it says {predicted} with {confidence:.0%}, "
                f"{label} with {given:.0%} (how well the label fits: {quality:.2f}, "
                f"threshold {self.settings.quality:g}).",
                suggestion=Verdict.RELABEL,
                evidence={
                    "suggested": predicted,
                    "confidence": round(float(confidence), 4),
                    "given_confidence": round(float(given), 4),
                    "label_quality": round(float(quality), 4),
                },
            )
