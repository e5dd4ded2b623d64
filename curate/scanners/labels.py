"""Labels that a model trained on the other images does not believe: `suspected_mislabel`.

Judged where `curate train mislabel` has been run: every image was predicted by a network that had not seen it,
and confident learning (Northcutt, Jiang and Chuang, JAIR 2021) has said how well its label fits. What is
flagged is where the network is sure of another class and gives the label it has next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_
from curate.scanners import Scanner
from curate.schema import Category, Verdict

if TYPE_CHECKING:
    import pandas as pd


SUSPECTED_MISLABEL = KindSpec(
    name="suspected_mislabel",
    category=Category.LABEL,
    title=N_("Suspected mislabel"),
    meaning=N_("It looks more like an image of another class."),
    message=N_(
        "Labelled {label}, but a network that had not seen it says {predicted} with {confidence:.0%}, {label} with "
        "{given:.0%} (how well the label fits: {quality:.2f}, threshold {threshold:g})."
    ),
)


class LabelsSettings(Settings):
    """How sure the network must be that a label is wrong."""

    max_label_quality: float = Field(
        0.2, ge=0, le=1, description=N_("how well a label may fit at most, to be suspected")
    )
    confidence: float = Field(0.6, ge=0, le=1, description=N_("how likely another class must at least be"))


class Labels(Scanner):
    """Images whose class is probably another one, with that other one as the suggestion."""

    name: ClassVar[str] = "labels"
    version: ClassVar[int] = 1
    kinds: ClassVar[tuple[KindSpec, ...]] = (SUSPECTED_MISLABEL,)
    settings_model: ClassVar[type[Settings]] = LabelsSettings

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        if "predicted" not in features:
            return
        names = ["path", "label", "predicted", "confidence", "given_confidence", "label_quality"]
        measured = features.loc[features["predicted"].notna(), names]
        for path, label, predicted, confidence, given, quality in measured.itertuples(index=False, name=None):
            if predicted == label or quality > self.settings.max_label_quality:
                continue
            if confidence < self.settings.confidence:
                continue
            yield Finding(
                kind=SUSPECTED_MISLABEL,
                path=path,
                score=min(1.0, max(0.0, 1 - float(quality))),
                message=SUSPECTED_MISLABEL.says(
                    label=label,
                    predicted=predicted,
                    confidence=float(confidence),
                    given=float(given),
                    quality=float(quality),
                    threshold=self.settings.max_label_quality,
                ),
                suggestion=Verdict.RELABEL,
                evidence={
                    "suggested": predicted,
                    "confidence": round(float(confidence), 4),
                    "given_confidence": round(float(given), 4),
                    "label_quality": round(float(quality), 4),
                },
            )
