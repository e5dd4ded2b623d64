"""Corrupted files: what the decoder and the container's own structure prove.

There is nothing to measure on pixels: the evidence was recorded while decoding, as `problems`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from curate import formats
from curate.config import Settings
from curate.picture import Picture
from curate.scanners import Finding, Scanner
from curate.schema import KINDS, Category, Kind, Severity, Verdict

SCORES = {Severity.ERROR: 1.0, Severity.WARNING: 0.8, Severity.INFO: 0.1}
_ORDER = {kind: index for index, kind in enumerate(KINDS[Category.CORRUPTED])}
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class IntegritySettings(Settings):
    """Integrity has no thresholds: a file is damaged or it is not."""


class Integrity(Scanner):
    """Files that are empty, no pictures, unreadable, truncated, damaged, too large or misnamed."""

    name: ClassVar[str] = "integrity"
    version: ClassVar[int] = 1
    settings_model: ClassVar[type[Settings]] = IntegritySettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {}

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        return {}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        for path, image_format, problems in zip(
            features["path"], features["format"], features["problems"], strict=True
        ):
            found = sorted(json.loads(problems), key=lambda item: (_RANK[item["severity"]], _ORDER[item["kind"]]))
            seen = set()
            for problem in found:
                if problem["kind"] in seen:
                    continue
                seen.add(problem["kind"])
                severity = Severity(problem["severity"])
                yield Finding(
                    kind=Kind(problem["kind"]),
                    path=path,
                    score=SCORES[severity],
                    severity=severity,
                    reason=problem["reason"],
                    suggestion=Verdict.KEEP if severity is Severity.INFO else Verdict.DROP,
                    evidence=problem["where"],
                )
            if image_format and not formats.extension_matches(path, image_format):
                yield self._misnamed(path, image_format)

    def _misnamed(self, path: str, image_format: str) -> Finding:
        suffix = PurePosixPath(path).suffix
        named = f"is named {suffix}" if suffix else "has no extension"
        return Finding(
            kind=Kind.WRONG_EXTENSION,
            path=path,
            score=SCORES[Severity.INFO],
            severity=Severity.INFO,
            reason=f"The file {named}, but its content is {image_format}.",
            suggestion=Verdict.KEEP,
            evidence={"format": image_format, "extension": suffix},
        )
