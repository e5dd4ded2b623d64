"""What a scanner is, and which there are.

A scanner measures pixels once, in a worker, and judges the whole table of measurements as often as the
thresholds change. To add one: subclass `Scanner` in a file of its own, register it under the entry-point
group `curate.scanners`, and run the contract test over it (see CONTRIBUTING.md).
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa
from pydantic import ValidationError

from curate import config
from curate.config import Config, Settings
from curate.errors import ConfigError
from curate.images.image import DecodedImage
from curate.schema import Kind, Role, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

ENTRY_POINTS = "curate.scanners"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One scanner's suspicion about one image.

    `score` runs from 0 to 1, higher is worse. `key` names what the finding is about (for a copy: itself
    and its keeper); with scanner and kind it makes the stable `finding_id`, so it must hold no measurement.
    """

    kind: Kind
    path: str
    score: float
    severity: Severity
    reason: str
    suggestion: Verdict = Verdict.DROP
    role: Role = Role.SUBJECT
    group_id: str | None = None
    key: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def finding_id(self, scanner: str) -> str:
        """Stable over re-scans: from scanner, kind and paths, not from scores."""
        return stable_id(scanner, self.kind, *(self.key or (self.path,)))


Values = Callable[["pd.DataFrame"], "pd.Series"]
"""From a scanner's view of the measurements to one number for each image, missing where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A setting that cuts one measurement in two, told so that it can be shown and moved.

    `setting` names a field of the scanner's settings, whose description says what it means. `measured` is a
    column of the scanner's view, or works one out. `flags` says which side is suspected.
    """

    kind: Kind
    setting: str
    measured: str | Values
    flags: Literal["above", "below"]

    def values(self, view: pd.DataFrame) -> pd.Series:
        """The measurement of every image, as floats."""
        found = view[self.measured] if isinstance(self.measured, str) else self.measured(view)
        return found.astype("float64")


class Scanner(ABC):
    """One family of checks.

    `columns` declares what `measure` returns; `measured_with` names the settings that change what it
    returns, so that changing any other setting never reads an image again. `thresholds` lists the settings
    that a person may set by looking at the images on either side.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    settings_model: ClassVar[type[Settings]]
    columns: ClassVar[Mapping[str, pa.DataType]]
    measured_with: ClassVar[tuple[str, ...]] = ()
    borrows: ClassVar[Mapping[str, str]] = {}
    """Columns of other scanners that `judge` takes into account where they are there: own name to `scanner.column`."""
    thresholds: ClassVar[tuple[Threshold, ...]] = ()
    asked: ClassVar[frozenset[Kind]] = frozenset()
    """Kinds that say an image lacks what the dataset is for: a queue of many of them is wanted."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings: Any = settings if settings is not None else self.settings_model()

    @abstractmethod
    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        """Measure one image; runs in a worker and may not touch files, clock or randomness."""

    @abstractmethod
    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        """Judge all images at once.

        `features` has one row per file, sorted by path: the columns of `images.parquet`, `digest`,
        `problems` (JSON) and this scanner's own columns (missing where no image could be decoded).
        """

    @property
    def fingerprint(self) -> str:
        """Changes whenever stored measurements would no longer be what `measure` returns."""
        fixed = {name: getattr(self.settings, name) for name in self.measured_with}
        return config.fingerprint({"version": self.version, "columns": sorted(self.columns), **fixed})


def load(configuration: Config) -> list[Scanner]:
    """Every registered scanner with its settings, sorted by name.

    Raises `ConfigError` for a `[scan.NAME]` table that no scanner owns, or a setting it does not know.
    """
    classes: dict[str, type[Scanner]] = {}
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        scanner = entry.load()
        classes[scanner.name] = scanner
    unknown = sorted(set(configuration.scan) - set(classes))
    if unknown:
        raise ConfigError(f"curate.toml: scan.{unknown[0]} is not a scanner; there are {', '.join(sorted(classes))}")
    return [_configured(classes[name], configuration.scan.get(name, {})) for name in sorted(classes)]


def resolved(configuration: Config, active: Sequence[Scanner]) -> Config:
    """The configuration with every scanner's settings spelt out, as it goes into the workspace."""
    return configuration.model_copy(
        update={"scan": {scanner.name: scanner.settings.model_dump(mode="json") for scanner in active}}
    )


def _configured(scanner: type[Scanner], table: Mapping[str, Any]) -> Scanner:
    try:
        return scanner(scanner.settings_model.model_validate(table))
    except ValidationError as error:
        raise ConfigError(f"curate.toml: [scan.{scanner.name}] {config.explain(error)}") from error


def stable_id(*parts: str) -> str:
    """A short digest of the parts, the same on every machine and in every run."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
