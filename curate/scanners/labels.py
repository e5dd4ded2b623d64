"""Labels that the other images speak against: `suspected_mislabel`.

Judged by what a network said that was trained on the other images (`curate train mislabel`) or by the classes of the
nearest neighbours among the embeddings, whichever first is worth it. That is estimated on the dataset itself (`doubt`):
doubts that are right often enough are queued, and others ranked for information, with one line saying why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from curate.config import Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message, msg
from curate.scanners import Scanner, embeddings
from curate.scanners.doubt import Floats, Trust, trust, votes
from curate.scanners.embeddings import EMBEDDING
from curate.schema import Category, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd


SUSPECTED_MISLABEL = KindSpec(
    name="suspected_mislabel",
    category=Category.LABEL,
    title=N_("Suspected mislabel"),
    meaning=N_("It looks more like an image of another class."),
    message=N_(
        "Labelled {label}, but by {judged_by} it is {predicted} with {confidence:.0%}, {label} with {given:.0%}: "
        "{margin:.2f} apart (threshold {threshold:.2f})."
    ),
)
_RANKED = N_(
    "Labelled {label}, but by {judged_by} it is {predicted} with {confidence:.0%}, {label} with {given:.0%}. For "
    "information: here such doubts are wrong too often to be asked about."
)
_TRUSTED = N_(
    "Labels are doubted by {judged_by}: of the {count:,} in the queue about {precision:.0%} are expected to be wrong, "
    "and about {found:.0%} of all wrong ones to be among them."
)
_NOT_TRUSTED = N_(
    "No label is queued as doubtful: tried with wrong labels, {judged_by} would find {found:.0%} of them (wanted "
    "{min_found:.0%}) where {precision:.0%} of the doubts are right (wanted {min_precision:.0%})."
)
_MIN_IMAGES = 50
"""Images with a class below which their neighbours say nothing about labels."""


class LabelsSettings(Settings):
    """What a doubt about a label must be worth to be asked about."""

    min_precision: float = Field(0.6, ge=0, le=1, description=N_("share of the doubts queued that should be right"))
    min_found: float = Field(
        0.5, ge=0, le=1, description=N_("share of wrong labels that should be found for any to be queued")
    )
    max_label_quality: float = Field(
        0.2, ge=0, le=1, description=N_("how well a label may fit at most, to be listed for information")
    )
    neighbours: int = Field(20, ge=1, description=N_("how many of the nearest images say what an image is"))


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What is said of n images: (n, classes) `probabilities` and, by image, the likeliest class and two of them."""

    rows: npt.NDArray[np.intp]
    probabilities: Floats
    predicted: npt.NDArray[np.object_]
    confidence: Floats
    given: Floats
    judged_by: Message


class _Judged(NamedTuple):
    """An opinion, the label and the margin of each of its images, and what its doubts are worth."""

    opinion: _Opinion
    labels: npt.NDArray[np.object_]
    margins: Floats
    worth: Trust


class Labels(Scanner):
    """Images whose class is probably another one, with that other one as the suggestion."""

    name: ClassVar[str] = "labels"
    version: ClassVar[int] = 2
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (SUSPECTED_MISLABEL,)
    settings_model: ClassVar[type[Settings]] = LabelsSettings

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        labels_of = features["label"].to_numpy(object)
        first: _Judged | None = None
        for ask in (_of_network, partial(_of_neighbours, count=self.settings.neighbours)):
            opinion = ask(features)
            if opinion is None:
                continue
            labels = labels_of[opinion.rows]
            margins = np.where(opinion.predicted == labels, 0.0, opinion.confidence - opinion.given)
            worth = trust(
                opinion.probabilities,
                margins,
                min_precision=self.settings.min_precision,
                min_found=self.settings.min_found,
            )
            judged = _Judged(opinion, labels, margins, worth)
            first = first or judged
            if worth.is_known:  # of two opinions the first that is worth asking about
                yield from self._findings(features, judged)
                return
        if first is not None:
            yield from self._findings(features, first)

    def _findings(self, features: pd.DataFrame, judged: _Judged) -> Iterator[Finding]:
        opinion, labels, margins, worth = judged
        self.remarks = [self._remark(worth, opinion.judged_by, int((margins >= worth.threshold).sum()))]
        paths = features["path"].to_numpy(object)[opinion.rows]
        for row in np.flatnonzero(margins > 0):
            is_queued = bool(margins[row] >= worth.threshold)
            if is_queued or opinion.given[row] <= self.settings.max_label_quality:
                yield self._finding(opinion, int(row), paths[row], labels[row], worth, is_queued=is_queued)

    def _remark(self, worth: Trust, judged_by: Message, count: int) -> Message:
        values = {"judged_by": judged_by, "precision": worth.precision, "found": worth.found}
        if worth.is_known:
            return Message(_TRUSTED, {**values, "count": count})
        wanted = {"min_found": self.settings.min_found, "min_precision": self.settings.min_precision}
        return Message(_NOT_TRUSTED, {**values, **wanted})

    def _finding(self, opinion: _Opinion, row: int, path: str, label: str, worth: Trust, *, is_queued: bool) -> Finding:
        confidence, given = float(opinion.confidence[row]), float(opinion.given[row])
        values = {
            "label": label,
            "judged_by": opinion.judged_by,
            "predicted": opinion.predicted[row],
            "confidence": confidence,
            "given": given,
        }
        margin = confidence - given
        return Finding(
            kind=SUSPECTED_MISLABEL,
            path=path,
            score=min(1.0, max(0.0, margin)),
            message=SUSPECTED_MISLABEL.says(**values, margin=margin, threshold=worth.threshold)
            if is_queued
            else Message(_RANKED, values),
            severity=SUSPECTED_MISLABEL.severity if is_queued else Severity.INFO,
            suggestion=Verdict.RELABEL if is_queued else Verdict.KEEP,
            evidence={
                "suggested": opinion.predicted[row],
                "confidence": round(confidence, 4),
                "given_confidence": round(given, 4),
                "expected_precision": round(worth.precision, 4),
            },
        )


def _of_network(features: pd.DataFrame) -> _Opinion | None:
    """Read what a network predicted that was trained on the other images; None where none was."""
    if "predicted" not in features or not features["predicted"].notna().any():
        return None
    rows = np.flatnonzero(features["predicted"].notna())
    known = features.iloc[rows]
    return _Opinion(
        rows,
        np.array(known["probabilities"].tolist(), dtype=np.float64),
        known["predicted"].to_numpy(object),
        known["confidence"].to_numpy(np.float64),
        known["given_confidence"].to_numpy(np.float64),
        msg("a network that had not seen it"),
    )


def _of_neighbours(features: pd.DataFrame, count: int) -> _Opinion | None:
    """Ask the nearest neighbours of each image for its class; None without embeddings of enough images of two classes.

    Copies are no neighbours: one that has the same label confirms nothing.
    """
    if EMBEDDING not in features:
        return None
    labelled = np.flatnonzero(features["label"].notna() & features[EMBEDDING].notna())
    known = features.iloc[labelled]
    known = known[~known["digest"].astype(object).duplicated()] if "digest" in known else known
    classes, given = np.unique(known["label"].to_numpy(str), return_inverse=True)
    if len(classes) < 2 or len(known) < _MIN_IMAGES:
        return None
    _, vectors = embeddings.unit_vectors(known)
    cosines, neighbours = embeddings.nearest(vectors, count)
    probabilities = votes(cosines, neighbours, given, len(classes))
    likeliest, every = probabilities.argmax(axis=1), np.arange(len(known))
    # Where its own class is as likely as another, nothing speaks against it.
    likeliest = np.where(probabilities[every, given] >= probabilities[every, likeliest], given, likeliest)
    return _Opinion(
        features.index.get_indexer(known.index),
        probabilities,
        classes[likeliest].astype(object),
        probabilities[every, likeliest],
        probabilities[every, given],
        msg("its nearest images"),
    )
