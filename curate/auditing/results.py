"""What an audit comes to: findings, the image table and the review queue, from the stored measurements.

The same measurements, settings and log give the same files.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from curate._version import __version__
from curate.auditing import judge
from curate.auditing.shortcuts import guesses
from curate.config import Config
from curate.measuring import features
from curate.reviewing import moves
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.scanners import Scanner, embeddings
from curate.schema import FINDINGS, IMAGES
from curate.sources.records import Record
from curate.storage.workspace import Workspace, read_table, write_table


def write(
    workspace: Workspace, records: Sequence[Record], active: Sequence[Scanner], configuration: Config
) -> dict[str, list[dict[str, Any]]]:
    """Write findings, images and queue; returns what is true of the dataset as a whole."""
    frame = features.load(records, features.parts(workspace.features, active), active)
    frame = embeddings.attach(frame, workspace.root)
    judgement = judge.judge(frame, active, configuration.judge)
    before = read_table(workspace.findings) if workspace.findings.is_file() else judgement.findings
    write_table(judgement.findings, FINDINGS, workspace.findings)
    write_table(frame, IMAGES, workspace.images)
    with Store(workspace.review) as store:
        store.queue.sync(judgement.findings, frame)
        _follow(store, before, judgement.findings, frame)
    return {
        "prevalent": [asdict(item) for item in judgement.prevalent],
        "spurious": [asdict(guess) for guess in guesses(frame)],
    }


def _follow(store: Store, before: pd.DataFrame, after: pd.DataFrame, images: pd.DataFrame) -> None:
    """Let decisions about images that were moved or renamed speak for them where they are now."""
    hashes = dict(zip(images["path"], images["sha256"], strict=True))
    for item in moves.carried(store.log.decisions(), before, after, hashes):
        old = item.decision
        choice = Choice(
            finding_id=item.finding_id,
            path=item.path,
            sha256=old.sha256,
            action=old.action,
            new_label=old.new_label,
        )
        store.log.decide([choice], reviewer=old.reviewer, now=old.decided_at, note=item.note, allow_no_survivor=True)


def mark(workspace: Workspace, records: Sequence[Record], active: Sequence[Scanner], configuration: Config) -> str:
    """A digest of all that judging depends on and of what it wrote: the same mark, the same findings again.

    A workspace without its queue has none to keep, so its mark is that of no other.
    """
    digest = hashlib.sha256(f"{__version__} {configuration.judge!r} {workspace.review.exists()}".encode())
    for scanner in active:
        digest.update(f"{scanner.name} {scanner.version} {scanner.fingerprint} {scanner.settings!r}\n".encode())
    for record in records:
        digest.update(
            f"{record.path}\0{record.label}\0{record.split}\0{record.size_bytes} {record.mtime_ns}\n".encode()
        )
    for name in ("findings.parquet", "images.parquet", "embeddings.parquet", "predictions.parquet", "fastdup.json"):
        path = workspace.root / name
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return digest.hexdigest()
