"""The thresholds of all scanners, shown on what was measured: how many images lie on either side, and which are near.

Everything but `measurements` and `save` is pure. A threshold that is saved goes into the workspace's
`curate.toml` and the stored measurements are judged again; no image is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from curate import config, scanners
from curate.auditing import pipeline, summary
from curate.errors import WorkspaceError
from curate.measuring import features
from curate.scanners import Scanner, Threshold
from curate.storage.atomic import atomic
from curate.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A threshold as it stands: whose it is, its value, its bounds, and what its setting says of itself."""

    scanner: str
    threshold: Threshold
    value: float
    low: float
    high: float
    whole: bool
    description: str


def cuts(workspace: Workspace) -> list[Cut]:
    """List every threshold of the scanners in force, in the order in which they declare them."""
    return [
        _cut(scanner, threshold)
        for scanner in scanners.active(config.read(workspace.config))
        for threshold in scanner.thresholds
    ]


def measurements(workspace: Workspace, cut: Cut) -> pd.Series:
    """Read what was measured, by path, without images that lack a measurement; only the columns it needs."""
    (scanner,) = [item for item in scanners.active(config.read(workspace.config)) if item.name == cut.scanner]
    view = features.small_columns(workspace.read_images(), workspace.features, scanner)
    if view is None:
        return pd.Series(dtype="float64")
    values = cut.threshold.values(view, scanner.settings)
    values.index = pd.Index(view["path"])
    return values.dropna().sort_index()


def flagged(values: pd.Series, cut: Cut, at: float) -> pd.Series:
    """Mark the images that a threshold at `at` suspects by this measurement alone."""
    return cut.threshold.suspects(values, at)


def nearest(values: pd.Series, cut: Cut, at: float, count: int) -> tuple[pd.Series, pd.Series]:
    """Select the images just suspected and those just not, the closest to the threshold first."""
    suspected = flagged(values, cut, at)
    distance = (values - at).abs()
    near, far = (
        values.loc[distance[side].sort_values(kind="stable").index[:count]] for side in (suspected, ~suspected)
    )
    return near, far


def histogram(values: pd.Series, cut: Cut, bins: int = 60) -> pd.DataFrame:
    """Count measurements in equal steps from the least to the greatest: columns `start`, `end`, `images`.

    The scale reaches at least the threshold in force, so that its line is always in the chart.
    """
    if values.empty:
        return pd.DataFrame({"start": [], "end": [], "images": []})
    low, high = min(float(values.min()), cut.value), max(float(values.quantile(0.999)), cut.value)
    counts, edges = np.histogram(values.clip(upper=high), bins=bins, range=(low, high if high > low else low + 1))
    return pd.DataFrame({"start": edges[:-1], "end": edges[1:], "images": counts})


def save(workspace: Workspace, changed: Mapping[tuple[str, str], float]) -> int:
    """Write settings, named by (scanner, setting), to `curate.toml` and judge again; returns the number of findings.

    Raises `CurateError`, leaving the file as it was, where a setting is refused or cannot be judged.
    """
    before = workspace.config.read_bytes()
    configuration = config.read(workspace.config)
    for (scanner, setting), value in changed.items():
        configuration = config.override(configuration, scanner, **{setting: value})
    configuration = scanners.resolved(configuration)
    _write(workspace, config.dump(configuration).encode())
    try:
        return len(summary.flagged(pipeline.judge(workspace.root)))
    except BaseException:
        _write(workspace, before)
        raise


def _write(workspace: Workspace, content: bytes) -> None:
    if not workspace.config.is_file():
        raise WorkspaceError(f"{workspace.config} is missing; run the audit again")
    with atomic(workspace.config) as file:
        file.write(content)


def _cut(scanner: Scanner, threshold: Threshold) -> Cut:
    field = type(scanner.settings).model_fields[threshold.setting]
    value = getattr(scanner.settings, threshold.setting)
    bounds: dict[str, Any] = {}
    for rule in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if hasattr(rule, name):
                bounds[name] = getattr(rule, name)
    return Cut(
        scanner=scanner.name,
        threshold=threshold,
        value=float(value),
        low=float(bounds.get("ge", bounds.get("gt", 0))),
        high=float(bounds.get("le", bounds.get("lt", max(4 * float(value), 1)))),
        whole=isinstance(value, int),
        description=field.description or threshold.setting,
    )
