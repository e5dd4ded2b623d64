"""Corrupted files: what the decoder and the container's own structure prove.

There is nothing to measure on pixels: the evidence was recorded while decoding, as `problems`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from curate.config import Settings
from curate.images import formats
from curate.images.image import DecodedImage
from curate.scanners import Finding, Scanner
from curate.schema import KINDS, Category, Kind, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

SCORES = {Severity.ERROR: 1.0, Severity.WARNING: 0.8, Severity.INFO: 0.1}
_ORDER = {kind: index for index, kind in enumerate(KINDS[Category.CORRUPTED])}
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class IntegritySettings(Settings):
    """Integrity has no thresholds: a file is damaged or it is not."""


class Integrity(Scanner):
    """Files that are empty, no images, unreadable, truncated, damaged, too large or misnamed."""

    name: ClassVar[str] = "integrity"
    version: ClassVar[int] = 2
    settings_model: ClassVar[type[Settings]] = IntegritySettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {}

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        columns = [features[name] for name in ("path", "format", "mode", "frames", "problems")]
        for path, image_format, mode, frames, noted in zip(*columns, strict=True):
            problems = json.loads(noted) if noted != "[]" else []
            if problems:
                yield from self._flagged(path, [item for item in problems if item["kind"] != Kind.ODD_METADATA])
            odd = [item["reason"] for item in problems if item["kind"] == Kind.ODD_METADATA]
            odd += _oddities(mode, frames)
            if odd:
                yield _for_information(Kind.ODD_METADATA, path, " ".join(odd), {"mode": mode})
            if image_format and not formats.extension_matches(path, image_format):
                yield _misnamed(path, image_format)

    def _flagged(self, path: str, problems: list[Any]) -> Iterator[Finding]:
        """One finding for each kind, the worst of it."""
        found = sorted(problems, key=lambda item: (_RANK[item["severity"]], _ORDER[item["kind"]]))
        seen = set()
        for problem in found:
            if problem["kind"] not in seen:
                seen.add(problem["kind"])
                severity = Severity(problem["severity"])
                yield Finding(
                    kind=Kind(problem["kind"]),
                    path=path,
                    score=SCORES[severity],
                    severity=severity,
                    reason=problem["reason"],
                    suggestion=Verdict.DROP,
                    evidence=problem["where"],
                )


def _oddities(mode: object, frames: object) -> Iterator[str]:
    """What a training pipeline may stumble over although nothing is broken."""
    if isinstance(mode, str):
        if mode in ("CMYK", "LAB", "YCbCr", "HSV"):
            yield f"Its colours are {mode}, not RGB."
        elif mode.startswith(("I", "F")):
            yield f"It has more than 8 bits a sample (mode {mode})."
        elif mode in ("P", "PA"):
            yield "It has a palette; expand it before resizing."
    if isinstance(frames, int | float) and frames > 1:
        yield f"It has {int(frames)} frames; only the first is looked at and kept as the image."


def _for_information(kind: Kind, path: str, reason: str, evidence: Mapping[str, Any]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=SCORES[Severity.INFO],
        severity=Severity.INFO,
        reason=reason,
        suggestion=Verdict.KEEP,
        evidence=evidence,
    )


def _misnamed(path: str, image_format: str) -> Finding:
    suffix = PurePosixPath(path).suffix
    named = f"is named {suffix}" if suffix else "has no extension"
    return _for_information(
        Kind.WRONG_EXTENSION,
        path,
        f"The file {named}, but its content is {image_format}.",
        {"format": image_format, "extension": suffix},
    )
