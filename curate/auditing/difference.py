"""What changed between two audits of a dataset, or two datasets: images, counts, and how they look.

An image is known by its content (sha256), so that one that was renamed has moved and is not gone. The arithmetic is
pure; `diff` reads what it needs, and audits for the occasion what is no workspace.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from curate import scanners
from curate.auditing import shortcuts
from curate.auditing.compare import audited_for_now, is_workspace
from curate.auditing.settings import judged_by
from curate.auditing.steps import Report
from curate.auditing.summary import UNLABELLED, flagged
from curate.config import Config
from curate.errors import path_of, refuse_uncallable
from curate.measuring import features
from curate.scanners import embeddings
from curate.schema import DecodeStatus
from curate.storage.atomic import disk_refusals_explained
from curate.storage.workspace import Workspace

COLUMNS = ("change", "path", "path_before", "label", "label_before", "split", "split_before")
SAMPLE = 1000
"""Embeddings of either side that are compared with each other: evenly spaced by path, since all pairs are too many."""


class Change(StrEnum):
    """What has become of an image."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"
    """Another content at the same path."""
    MOVED = "moved"
    """The same content at another path."""
    UNKNOWN = "unknown"
    """At the same path, but could not be read on one side, so that contents cannot be compared."""
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How one property is distributed before and after.

    `before` and `after` are medians. `distance` is the largest gap between the two cumulative distributions
    (Kolmogorov-Smirnov), 0 where they are equal and 1 where they do not overlap.
    """

    name: str
    before: float
    after: float
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed between two audits.

    `images` has one row per image that is not the same (`COLUMNS`; a value that does not apply is None); one whose
    class or split alone changed is there as `same`. `counts` has the images of each `Change`, `relabelled` those of
    another class. `classes` (images) and `kinds` (flagged images, category and kind as index) have the columns `before`
    and `after`. `embeddings` is the energy coefficient of the two sets of embeddings, 0 where they are equal (Szekely
    and Rizzo, 2013, Journal of Statistical Planning and Inference 143), None where not both have some of one model.
    `settings` names those under which the two were not judged alike, so that their kinds cannot be compared.
    """

    images: pd.DataFrame
    counts: dict[str, int]
    relabelled: int
    classes: pd.DataFrame
    kinds: pd.DataFrame
    drift: list[Drift]
    embeddings: float | None
    settings: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return {
            "counts": self.counts,
            "relabelled": self.relabelled,
            "images": self.images.to_dict("records"),
            "classes": self.classes.reset_index().to_dict("records"),
            "kinds": self.kinds.reset_index().to_dict("records"),
            "drift": [
                {"name": item.name, "before": item.before, "after": item.after, "distance": item.distance}
                for item in self.drift
            ],
            "embeddings": self.embeddings,
            "settings": self.settings,
        }


@disk_refusals_explained()
def diff(before: str | Path, after: str | Path, *, report: Report | None = None) -> Difference:
    """Say what changed between two workspaces or datasets, by the contents of their images.

    What is no workspace is audited for the occasion, with the settings that the other side was judged by where that is
    one. Raises `CurateError` for a side that is neither.

    >>> found = curate.diff("ws", "more")
    >>> found.counts["gone"], found.counts["moved"], found.counts["added"]
    (7, 1, 1)
    """
    one, other = path_of("before", before), path_of("after", after)
    refuse_uncallable("report", report, or_flag=True)
    with _opened(one, other, report) as old, _opened(other, one, report) as new:
        images = matched(old.read_images(), new.read_images())
        pairs = images[~images["change"].isin([Change.ADDED, Change.GONE])]
        is_relabelled = pairs["label"].map(_named) != pairs["label_before"].map(_named)
        is_other_split = pairs["split"].map(_named) != pairs["split_before"].map(_named)
        touched = is_relabelled | is_other_split
        shown = (images["change"] != Change.SAME) | touched.reindex(images.index, fill_value=False)
        return Difference(
            images=images[shown].reset_index(drop=True),
            counts={str(change): int((images["change"] == change).sum()) for change in Change},
            relabelled=int(is_relabelled.sum()),
            classes=_counted(old.read_images()["label"].map(_named), new.read_images()["label"].map(_named), "label"),
            kinds=_kinds(old.read_findings(), new.read_findings()),
            drift=drifts(_measured(old), _measured(new)),
            embeddings=_embedded(old, new),
            settings=_unequal(judged_by(old), judged_by(new)),
        )


@contextmanager
def _opened(side: Path, other: Path, report: Report | None) -> Iterator[Workspace]:
    if is_workspace(side):
        yield Workspace(side)
        return
    chosen = judged_by(Workspace(other)) if is_workspace(other) else Config()
    if isinstance(chosen.embeddings, str):  # a file that names the images of the other side
        chosen = chosen.model_copy(update={"embeddings": False})
    with audited_for_now(side, chosen, report) as workspace:
        yield workspace


def _named(value: object) -> str:
    return str(value) if isinstance(value, str) else UNLABELLED


def matched(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Match the images of two tables (path, sha256, label, split): a row for each image of either side, as `COLUMNS`.

    An image at its path counts first, then contents that are elsewhere now, in the order of their paths. Pure.
    """
    old = {row["path"]: row for row in before.to_dict("records")}
    new = {row["path"]: row for row in after.to_dict("records")}
    pairs = {path: path for path in new if path in old and _is_same(old[path], new[path])}
    left = {path: row for path, row in old.items() if path not in pairs}
    homeless: dict[str, list[str]] = defaultdict(list)
    for path in sorted(left, reverse=True):
        if isinstance(left[path]["sha256"], str):
            homeless[left[path]["sha256"]].append(path)
    for path in sorted(new):
        waiting = homeless.get(new[path]["sha256"], [])
        if path not in pairs and waiting:
            pairs[path] = waiting.pop()
            del left[pairs[path]]
    for path in new:
        if path not in pairs and path in left:
            pairs[path] = path
            del left[path]
    rows = [_row(new[path], old[pairs[path]] if path in pairs else None) for path in new]
    rows += [_row(None, row) for row in left.values()]
    rows.sort(key=lambda row: (row["path"] or row["path_before"], row["change"]))
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _is_same(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> bool:
    return isinstance(old["sha256"], str) and old["sha256"] == new["sha256"]


def _row(new: Mapping[Any, Any] | None, old: Mapping[Any, Any] | None) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for name in ("path", "label", "split"):
        row[name], row[f"{name}_before"] = (side[name] if side is not None else None for side in (new, old))
    return {"change": str(_change(new, old)), **row}


def _change(new: Mapping[Any, Any] | None, old: Mapping[Any, Any] | None) -> Change:
    if old is None:
        return Change.ADDED
    if new is None:
        return Change.GONE
    if _is_same(old, new):
        return Change.SAME if old["path"] == new["path"] else Change.MOVED
    known = isinstance(old["sha256"], str) and isinstance(new["sha256"], str)
    return Change.CHANGED if known else Change.UNKNOWN


def _counted(before: "pd.Series[Any]", after: "pd.Series[Any]", name: str) -> pd.DataFrame:
    counts = pd.DataFrame({"before": before.value_counts(), "after": after.value_counts()})
    return counts.fillna(0).astype("int64").sort_index().rename_axis(name)


def _kinds(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Count the flagged images of each kind on either side, kinds in their order."""
    old, new = (flagged(findings).groupby(["category", "kind"])["path"].nunique() for findings in (before, after))
    counts = pd.DataFrame({"before": old, "after": new}).fillna(0).astype("int64")
    order = sorted(counts.index, key=lambda names: scanners.kinds().rank(names[1]))
    return counts.reindex(pd.MultiIndex.from_tuples(order, names=["category", "kind"]))


def _measured(workspace: Workspace) -> pd.DataFrame:
    """Read the readable images with the numbers that `shortcuts.properties` asks for, as far as they were measured."""
    images = workspace.read_images()
    frame = images
    for scanner in scanners.load(judged_by(workspace)):
        if scanner.name in ("quality", "duplicates"):
            found = features.small_columns(images, workspace.features, scanner)
            if found is not None:
                own = found[["path", *scanner.columns.keys() & set(found.columns)]]
                frame = frame.merge(own.rename(columns=lambda name, of=scanner.name: _prefixed(name, of)), how="left")
    return frame[frame["width"].notna() & (frame["status"] != DecodeStatus.ERROR)]


def _prefixed(name: str, scanner: str) -> str:
    return name if name == "path" else f"{scanner}.{name}"


def drifts(before: pd.DataFrame, after: pd.DataFrame) -> list[Drift]:
    """Compare every number that is known of the images of both sides; nothing where one side has no image. Pure."""
    if before.empty or after.empty:
        return []
    new = dict(shortcuts.properties(after))
    found = []
    for name, values in shortcuts.properties(before):
        if name in new and pd.api.types.is_numeric_dtype(values) and pd.api.types.is_numeric_dtype(new[name]):
            old_numbers, new_numbers = (column.dropna().to_numpy(dtype=np.float64) for column in (values, new[name]))
            if len(old_numbers) and len(new_numbers):
                medians = float(np.median(old_numbers)), float(np.median(new_numbers))
                distance = kolmogorov_smirnov(old_numbers, new_numbers)
                found.append(Drift(name=name, before=medians[0], after=medians[1], distance=round(distance, 4)))
    return found


def kolmogorov_smirnov(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """Return the largest gap between the cumulative distributions of two samples (n,) and (m,), 0 to 1."""
    values = np.concatenate([first, second])
    shares = [np.searchsorted(np.sort(side), values, side="right") / len(side) for side in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


def energy_coefficient(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    """Return how far two samples of vectors, (n, d) and (m, d), are from one distribution: 0 to 1, 0 if equal."""
    if not len(first) or not len(second):
        raise ValueError("of no vectors there is no distance")
    across, within, beyond = (_mean_distance(*pair) for pair in ((first, second), (first, first), (second, second)))
    return 0.0 if across == 0 else max(0.0, (2 * across - within - beyond) / (2 * across))


def _mean_distance(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    a, b = first.astype(np.float64), second.astype(np.float64)
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return float(np.sqrt(np.maximum(squares, 0)).mean())


def _embedded(old: Workspace, new: Workspace) -> float | None:
    first, second = embeddings.read(old.root), embeddings.read(new.root)
    if first is None or second is None:
        return None
    if len(set(first.models)) != 1 or set(first.models) != set(second.models):
        return None
    if first.matrix.shape[1] != second.matrix.shape[1]:
        return None
    vectors, others = _spaced(first, old), _spaced(second, new)
    return round(energy_coefficient(vectors, others), 4) if len(vectors) and len(others) else None


def _spaced(found: embeddings.Embeddings, workspace: Workspace) -> npt.NDArray[np.float32]:
    """Take at most `SAMPLE` vectors of images as they are now, evenly spaced in the order of the paths."""
    images = workspace.read_images()
    now = set(zip(images["path"], images["sha256"], strict=True))
    keys = zip(found.paths, found.hashes, strict=True)
    rows = sorted((row for row, key in enumerate(keys) if key in now), key=lambda row: found.paths[row])
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(int))
    vectors: npt.NDArray[np.float32] = found.matrix[[rows[place] for place in chosen]]
    return vectors


def _unequal(before: Config, after: Config) -> list[str]:
    """Name the settings that findings depend on and that differ."""
    old, new = (
        _flat(side.model_dump(mode="json", exclude={"engine", "exclude", "online"})) for side in (before, after)
    )
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found
