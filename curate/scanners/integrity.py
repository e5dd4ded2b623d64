"""Corrupted files: what the decoder and the container's own structure prove.

There is nothing to measure on pixels: the evidence was recorded while decoding, as `problems`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from curate.findings import Finding, KindSpec
from curate.i18n import Message, msg
from curate.images import formats, kinds
from curate.scanners import Scanner
from curate.schema import Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

SCORES = {Severity.ERROR: 1.0, Severity.WARNING: 0.8, Severity.INFO: 0.1}
_KINDS = {kind.name: kind for kind in kinds.ALL}
_ORDER = {name: index for index, name in enumerate(_KINDS)}
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Integrity(Scanner):
    """Files that are empty, no images, unreadable, truncated, damaged, too large or misnamed.

    There are no thresholds: a file is damaged or it is not.
    """

    name: ClassVar[str] = "integrity"
    version: ClassVar[int] = 3
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = kinds.ALL

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        columns = [features[name] for name in ("path", "format", "mode", "frames", "problems")]
        for path, image_format, mode, frames, noted in zip(*columns, strict=True):
            problems = json.loads(noted) if noted != "[]" else []
            if problems:
                yield from _flagged(path, [item for item in problems if item["kind"] != kinds.ODD_METADATA.name])
            odd = [Message.from_json(item["message"]) for item in problems if item["kind"] == kinds.ODD_METADATA.name]
            odd += _oddities(mode, frames)
            if odd:
                yield _for_information(kinds.ODD_METADATA, path, _sentences(odd), {"mode": mode})
            if image_format and not formats.extension_matches(path, image_format):
                yield _misnamed(path, image_format)


def _flagged(path: str, problems: list[Any]) -> Iterator[Finding]:
    """Report each kind once, by its worst problem."""
    reported = set()
    for problem in sorted(problems, key=lambda item: (_RANK[item["severity"]], _ORDER[item["kind"]])):
        if problem["kind"] not in reported:
            reported.add(problem["kind"])
            severity = Severity(problem["severity"])
            yield Finding(
                kind=_KINDS[problem["kind"]],
                path=path,
                score=SCORES[severity],
                severity=severity,
                suggestion=_suggestion(problem["kind"], severity),
                message=Message.from_json(problem["message"]),
                evidence=problem["where"],
            )


def _suggestion(kind: str, severity: Severity) -> Verdict:
    """Suggest to keep what lacks nothing of the image: what others may read, an end marker, what is not proven."""
    is_whole = kind == kinds.UNSUPPORTED.name or (kind == kinds.TRUNCATED.name and severity is Severity.WARNING)
    return Verdict.KEEP if is_whole or severity is Severity.INFO else Verdict.DROP


def _sentences(messages: Sequence[Message]) -> Message:
    """Join messages into one that says them in turn."""
    if len(messages) == 1:
        return messages[0]
    names = [f"part{number}" for number in range(len(messages))]
    return Message(" ".join(f"{{{name}}}" for name in names), dict(zip(names, messages, strict=True)))


def _oddities(mode: object, frames: object) -> Iterator[Message]:
    """Name what a training pipeline may stumble over although nothing is broken."""
    if isinstance(mode, str):
        if mode in ("CMYK", "LAB", "YCbCr", "HSV"):
            yield msg("Its colours are {mode}, not RGB.", mode=mode)
        elif mode.startswith(("I", "F")) or ";" in mode:
            yield msg("It has more than 8 bits a sample (mode {mode}).", mode=mode)
        elif mode.endswith("bands"):
            yield msg("It has {mode}; the first three are shown as colours.", mode=mode)
        elif mode in ("P", "PA"):
            yield msg("It has a palette; expand it before resizing.")
    if isinstance(frames, int | float) and frames > 1:
        yield msg("It has {frames} frames; only the first is looked at and kept as the image.", frames=int(frames))


def _for_information(kind: KindSpec, path: str, message: Message, evidence: Mapping[str, Any]) -> Finding:
    return Finding(
        kind=kind,
        path=path,
        score=SCORES[Severity.INFO],
        message=message,
        suggestion=Verdict.KEEP,
        evidence=evidence,
    )


def _misnamed(path: str, image_format: str) -> Finding:
    suffix = PurePosixPath(path).suffix
    message = (
        msg("The file is named {suffix}, but its content is {format}.", suffix=suffix, format=image_format)
        if suffix
        else msg("The file has no extension, but its content is {format}.", format=image_format)
    )
    return _for_information(kinds.WRONG_EXTENSION, path, message, {"format": image_format, "extension": suffix})
