"""What a scanner is, and which there are.

A scanner measures pixels once, in a worker, and judges the whole table of measurements as often as the
thresholds change. To add one: subclass `Scanner` in a file of its own, register it under the entry-point
group `curate.scanners`, and run the contract test over it (see CONTRIBUTING.md).
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa
from pydantic import ValidationError

from curate import config
from curate.config import Config, Settings
from curate.errors import ConfigError, suggestion
from curate.findings import Finding, Kinds, KindSpec
from curate.i18n import Message
from curate.images.image import DecodedImage
from curate.plugins import installed
from curate.spreading import Spread, here

if TYPE_CHECKING:
    import pandas as pd

    from curate.sources import Record, Source

__all__ = ["Finding", "KindSpec", "Scanner", "Threshold", "active", "kinds", "load", "resolved", "scanner_classes"]

ENTRY_POINTS = "curate.scanners"

Values = Callable[["pd.DataFrame", Any], "pd.Series"]
"""From a scanner's view of the measurements and its settings to one number an image, missing where there is none."""


Told = Callable[[str, int, int], None]
"""What a judgement that takes long tells: which step (a message id), how much of it is done, and of how much."""


def untold(step: str, done: int, total: int) -> None:
    del step, done, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A setting that cuts one measurement in two, described so that it can be shown and moved.

    `setting` names a field of the scanner's settings, whose description says what it means. `measured` is a
    column of the scanner's view, or computes one. `flags` says which side is suspected: what lies below the setting,
    or what lies at or above it. A `judge` flags nothing for it that it does not suspect.
    """

    kind: KindSpec
    setting: str
    measured: str | Values
    flags: Literal["above", "below"]

    def values(self, view: pd.DataFrame, settings: Any) -> pd.Series:
        """Return the measurement of every image, as floats; `settings` are those of the scanner."""
        column = view[self.measured] if isinstance(self.measured, str) else self.measured(view, settings)
        return column.astype("float64")

    def suspects(self, values: pd.Series, at: float) -> pd.Series:
        """Mark the measurements that the setting suspects where it is `at`."""
        return values >= at if self.flags == "above" else values < at


class Scanner(ABC):
    """One family of checks.

    `kinds` declares every kind it may report. `columns` declares what `measure` returns; `measured_with` names the
    settings that change what it returns, so that changing any other setting never reads an image again.
    `thresholds` lists the settings that a person may set by looking at the images on either side. A `judge` that takes
    long tells `report` how far it has come.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kinds: ClassVar[tuple[KindSpec, ...]]
    settings_model: ClassVar[type[Settings]] = Settings
    columns: ClassVar[Mapping[str, pa.DataType]] = {}
    measured_with: ClassVar[tuple[str, ...]] = ()
    judged_with: ClassVar[tuple[str, ...]] = ()
    """Files of the workspace that `judge` depends on besides the measurements, such as what `survey` keeps there."""
    borrows: ClassVar[Mapping[str, str]] = {}
    """Columns of other scanners that `judge` takes into account where they are there: own name to `scanner.column`."""
    thresholds: ClassVar[tuple[Threshold, ...]] = ()
    reads_sha256: ClassVar[bool] = True
    """Whether `judge` reads the column `sha256`, as text; if not, its texts are left on disk and read one by one."""
    required_kinds: ClassVar[frozenset[KindSpec]] = frozenset()
    """Kinds that say an image lacks what the profile requires of every image: a queue of many of them is wanted."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings: Any = settings if settings is not None else self.settings_model()
        self.report: Told = untold
        self.spread: Spread = here
        """Where a `judge` that has much to do may have parts of it done; `here` unless an audit has more room."""
        self.remarks: list[Message] = []
        """What the last `judge` says of the dataset as a whole: printed as notes, and queued nowhere."""

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        """Say whether a configuration asks for this scanner; raises `CurateError` where it does and cannot run."""
        del configuration
        return True

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        """Measure one image; runs in a worker and may not touch files, clock or randomness."""
        del image
        return {}

    def measure_batch(self, images: Sequence[DecodedImage]) -> Sequence[Mapping[str, Any]]:
        """Measure small images of one shape, none transparent: for each what `measure` returns, whatever is beside it.

        A scanner whose time goes into calls, and not into pixels, has one of its own and is given such images together.
        """
        return [self.measure(image) for image in images]

    def survey(self, source: Source, records: Sequence[Record], folder: Path) -> None:
        """Look at the dataset as a whole before it is judged, keeping results in the workspace `folder`."""
        del source, records, folder

    @abstractmethod
    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        """Judge all images at once.

        `features` has one row per file, sorted by path: the columns of `images.parquet`, `digest`
        (16 bytes), `problems` (JSON) and this scanner's own columns (missing where no image could be decoded).
        """

    @property
    def fingerprint(self) -> str:
        """Changes whenever stored measurements would no longer be what `measure` returns."""
        fixed = {name: getattr(self.settings, name) for name in self.measured_with}
        return config.fingerprint({"version": self.version, "columns": sorted(self.columns), **fixed})


@functools.cache
def scanner_classes() -> Mapping[str, type[Scanner]]:
    """Load every installed scanner, by name, in the order of the names.

    Raises `ConfigError` for one that declares no kinds.
    """
    classes: dict[str, type[Scanner]] = {}
    for entry in installed(ENTRY_POINTS):
        scanner: type[Scanner] = entry.load()
        if not getattr(scanner, "kinds", ()):
            raise ConfigError(f"the scanner {entry.name} ({entry.value}) declares no kinds; see CONTRIBUTING.md")
        classes[scanner.name] = scanner
    return {name: classes[name] for name in sorted(classes)}


@functools.cache
def kinds() -> Kinds:
    """Collect the kinds of all installed scanners."""
    return Kinds(spec for scanner in scanner_classes().values() for spec in scanner.kinds)


def load(configuration: Config) -> list[Scanner]:
    """Make every installed scanner with its settings, sorted by name.

    Raises `ConfigError` for a `[scan.NAME]` table that no scanner owns, or a setting it does not know.
    """
    classes = scanner_classes()
    unknown = sorted(set(configuration.scan) - set(classes))
    if unknown:
        # Every workspace names the scanners that were installed when it was made, and one of them may be gone.
        meant = suggestion(unknown[0], classes) or "install the package that brings it, or remove its table. "
        raise ConfigError(f"curate.toml: scan.{unknown[0]} is not a scanner; {meant}There are {', '.join(classes)}")
    return [_configured(scanner, configuration.scan.get(name, {})) for name, scanner in classes.items()]


def active(configuration: Config) -> list[Scanner]:
    """Make the scanners that a configuration asks for, and what measures for them without any check of its own."""
    from curate.scanners.lite0 import Lite0

    return [scanner for scanner in (*load(configuration), Lite0()) if scanner.is_wanted(configuration)]


def resolved(configuration: Config) -> Config:
    """Spell out every scanner's settings in a configuration, as it goes into the workspace."""
    tables = {scanner.name: scanner.settings.model_dump(mode="json") for scanner in load(configuration)}
    return configuration.model_copy(update={"scan": tables})


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of `curate.toml`, with a table for every installed scanner."""
    whole = Config.model_json_schema()
    tables = {name: scanner.settings_model.model_json_schema() for name, scanner in scanner_classes().items()}
    for table in tables.values():
        whole.setdefault("$defs", {}).update(table.pop("$defs", {}))
    whole["properties"]["scan"] = {
        "type": "object",
        "description": "settings of the scanners",
        "properties": tables,
        "additionalProperties": False,
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "title": "curate.toml"}


def _configured(scanner: type[Scanner], table: Mapping[str, Any]) -> Scanner:
    try:
        return scanner(scanner.settings_model.model_validate(table))
    except ValidationError as error:
        raise ConfigError(
            f"curate.toml: [scan.{scanner.name}] {config.explain(error, scanner.settings_model)}"
        ) from error
