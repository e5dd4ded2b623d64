"""fastdup as a second opinion on copies and outliers, by the embeddings of its own model.

fastdup 2.54 is free for non-commercial use only (CC BY-NC-ND 4.0) and reports home unless told not to: it is
never a default, its telemetry is switched off, and it runs in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from curate.config import Config, Settings
from curate.duplicates import kinds
from curate.duplicates.groups import NEEDED, Match, by_preference, columns_of, exact_copies, findings, stars
from curate.errors import ConfigError, CurateError, MissingExtraError
from curate.findings import Finding, KindSpec
from curate.i18n import N_, msg
from curate.scanners import Scanner
from curate.scanners.standalone import fastdup_worker
from curate.scanners.topic import OFF_TOPIC
from curate.sources import Record, Source
from curate.storage.atomic import write_json

if TYPE_CHECKING:
    import pandas as pd

LICENCE = "fastdup is licensed for non-commercial use only (CC BY-NC-ND 4.0)"


RESULT = "fastdup.json"
"""Where the workspace keeps what fastdup found."""


class FastdupSettings(Settings):
    """Where fastdup is, and what counts."""

    python: str = Field("", description=N_("a Python that has fastdup; empty for the one that runs curate"))
    similarity: float = Field(0.96, ge=0, le=1, description=N_("cosine similarity from which on two images are copies"))
    outlier: float = Field(0.68, ge=0, le=1, description=N_("similarity to the nearest image below which one is alone"))


class Fastdup(Scanner):
    """What fastdup has found, judged like any other measurement."""

    name: ClassVar[str] = "fastdup"
    version: ClassVar[int] = 1
    kinds: ClassVar[tuple[KindSpec, ...]] = (*kinds.ALL, OFF_TOPIC)
    settings_model: ClassVar[type[Settings]] = FastdupSettings
    judged_with: ClassVar[tuple[str, ...]] = (RESULT,)
    found: Mapping[str, Any] | None = None
    """The result of `run`; without it there is nothing to judge."""

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.duplicates == "fastdup"

    def survey(self, source: Source, records: Sequence[Record], folder: Path) -> None:
        files = {record.path: source.plain_file(record.path) for record in records}
        plain = {path: file for path, file in files.items() if file is not None}
        if len(plain) < len(files):
            raise ConfigError("fastdup reads plain files only; leave out --duplicates fastdup for this source")
        self.found = run(plain, records, self.settings, folder / RESULT)

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        if self.found is None:
            return
        ranked = by_preference(features, np.flatnonzero(features["digest"].notna()), [*NEEDED, "digest"])
        yield from self._copies(ranked, self.found["pairs"])
        known = set(ranked["path"])
        for path, nearest in self.found["outliers"]:
            if path in known and nearest < self.settings.outlier:
                yield Finding(
                    kind=OFF_TOPIC,
                    path=path,
                    score=min(1.0, max(0.0, 1.0 - nearest)),
                    message=msg(
                        "Unlike every other image: the nearest is only {nearest:.2f} similar (fastdup; threshold "
                        "{threshold:g}).",
                        nearest=nearest,
                        threshold=self.settings.outlier,
                    ),
                    evidence={"nearest": round(float(nearest), 4)},
                )

    def _copies(self, ranked: pd.DataFrame, pairs: Sequence[tuple[str, str, float]]) -> Iterator[Finding]:
        row_of = {path: row for row, path in enumerate(ranked["path"])}
        near: dict[int, dict[int, float]] = defaultdict(dict)
        for first, second, similarity in pairs:
            if similarity >= self.settings.similarity and first in row_of and second in row_of and first != second:
                near[row_of[first]][row_of[second]] = near[row_of[second]][row_of[first]] = float(similarity)
        columns = columns_of(ranked)
        digests, hashes = ranked["digest"].tolist(), ranked["sha256"].tolist()

        def copies_of(keeper: int, taken: Set[int]) -> dict[int, Match]:
            copies: dict[int, Match] = {}
            for row, similarity in sorted(near.get(keeper, {}).items()):
                if row not in taken:
                    exact = digests[row] == digests[keeper]
                    copies |= (
                        exact_copies(keeper, [row], hashes) if exact else {row: _match(ranked, keeper, row, similarity)}
                    )
            return copies

        for keeper, copies in stars(len(ranked), copies_of):
            yield from findings(columns, keeper, copies)


def _match(ranked: pd.DataFrame, keeper: int, row: int, similarity: float) -> Match:
    same_size = all(ranked[side].iat[keeper] == ranked[side].iat[row] for side in ("width", "height"))
    return Match(kind=kinds.RE_ENCODED if same_size else kinds.RESIZED, agreement=similarity, engine="fastdup")


def run(
    files: Mapping[str, Path], records: Sequence[Record], settings: FastdupSettings, stored: Path
) -> Mapping[str, Any]:
    """Run fastdup on plain files (path -> file); return its pairs and outliers, kept in `stored` for the next time.

    Raises `MissingExtraError` where that Python has no fastdup, `CurateError` where fastdup fails.
    """
    state = "\n".join(f"{record.path}\t{record.size_bytes}\t{record.mtime_ns}" for record in records)
    key = hashlib.sha256(state.encode()).hexdigest()
    if stored.is_file():
        stored_result: dict[str, Any] = json.loads(stored.read_text(encoding="utf-8"))
        if stored_result.get("key") == key:
            return stored_result
    python = settings.python or sys.executable
    with tempfile.TemporaryDirectory() as folder:
        listing, out = Path(folder) / "list.txt", Path(folder) / "found.json"
        listing.write_text("\n".join(str(file.resolve()) for file in files.values()), encoding="utf-8")
        command = [python, fastdup_worker.__file__, str(listing), str(Path(folder) / "work"), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
        except OSError as error:
            raise CurateError(f"scan.fastdup.python: {python} cannot be run ({error.strerror})") from error
        if not out.is_file():
            if "No module named 'fastdup'" in done.stderr:
                raise MissingExtraError(
                    f'{python} has no fastdup; pip install "imagecurate[fastdup]", or name another Python '
                    "in curate.toml: [scan.fastdup] python = ..."
                )
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise CurateError(f"fastdup failed: {last}")
        found = json.loads(out.read_text(encoding="utf-8"))
    resolved = {str(file.resolve()): path for path, file in files.items()}
    result = {
        "key": key,
        "version": found["version"],
        "pairs": sorted(
            [resolved[a], resolved[b], round(float(similarity), 6)]
            for a, b, similarity in found["pairs"]
            if a in resolved and b in resolved
        ),
        "outliers": sorted(
            [resolved[path], round(float(nearest), 6)] for path, nearest in found["outliers"] if path in resolved
        ),
    }
    write_json(result, stored)
    return result
