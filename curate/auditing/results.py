"""What an audit comes to: findings, the image table and the review queue, from the stored measurements.

The same measurements, settings and log give the same files.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from curate._version import __version__
from curate.auditing import embedded, judge, listed, settings
from curate.auditing.run import Run
from curate.auditing.shortcuts import guesses
from curate.i18n import N_
from curate.measuring import features
from curate.reviewing import moves
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.scanners import Told, embeddings, untold
from curate.schema import FINDINGS, IMAGES
from curate.sources import Record, Records
from curate.storage import memory
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace, read_table, write_table

_LOADING, _QUEUEING = N_("reading what was measured"), N_("filling the review queue")
_AT_A_TIME = 65_536
"""So many names are written out to be hashed."""


def judged(
    run: Run, records: Sequence[Record], known: Mapping[str, Any], *, anew: bool, told: Told | None = None
) -> dict[str, Any]:
    """Bring findings, image table and queue up to date; return what `audit.json` says of the dataset as a whole.

    `known` is what it said before: under the same `judge_fingerprint`, and unless `anew`, nothing is judged again.
    Steps that take long are `told`.
    """
    for scanner in run.scanners:
        scanner.spread = run.engine.map
        scanner.report = told or scanner.report
        scanner.survey(run.source, records, run.workspace.root)
    anew = anew or embedded.is_new(run.workspace, run.embeddings)
    if not anew and known.get("judged") == judge_fingerprint(run, records) and _is_queued(run.workspace):
        found = {name: known.get(name, []) for name in ("prevalent", "remarks", "spurious")}
        return {**found, **settings.facts_of(run.config), "judged": known["judged"]}
    found = _write(run, records, told or untold)
    return {**found, **settings.facts_of(run.config), "judged": judge_fingerprint(run, records)}


def _is_queued(workspace: Workspace) -> bool:
    """Say whether the queue is of the findings that lie with it."""
    with Store(workspace.review) as store:
        return store.queue.is_of(workspace.read_findings())


def _write(run: Run, records: Sequence[Record], told: Told) -> dict[str, list[Any]]:
    workspace = run.workspace
    parts = features.parts(workspace.features, run.scanners, run.config.decode)
    frame = features.load(records, parts, run.scanners, partial(told, _LOADING))
    embedded.settle(workspace, frame, run.config, run.embeddings)
    frame = embeddings.attach(frame, workspace.root)
    judgement = judge.judge(frame, run.scanners, run.config.judge)
    spurious = guesses(listed.attach(frame, workspace))
    frame = frame[IMAGES.names]  # what was measured is not needed any more
    memory.give_back()
    before = _before(workspace, judgement.findings)
    _forget_judged(workspace)
    with Store(workspace.review) as store:
        store.queue.sync(judgement.findings, frame, partial(told, _QUEUEING))
        _follow(store, workspace, before, judgement.findings, frame)
    memory.give_back()  # the pages of the store
    # Last: who goes on after a kill still has to know which findings decisions were about.
    write_table(judgement.findings, FINDINGS, workspace.findings)
    write_table(frame, IMAGES, workspace.images)
    return {
        "prevalent": [item.to_json() for item in judgement.prevalent],
        "remarks": [remark.to_json() for remark in judgement.remarks],
        "spurious": [asdict(guess) for guess in spurious],
    }


def _forget_judged(workspace: Workspace) -> None:
    """Say in `audit.json` that the queue may be another than the tables until the end: who goes on judges again."""
    facts = workspace.read_audit()
    if facts.pop("judged", None) is not None:
        write_json(facts, workspace.audit)


def _before(workspace: Workspace, findings: pd.DataFrame) -> pd.DataFrame:
    """Read the findings of the last audit; where there are none, or what is there is damaged, take these for them.

    These too where nothing was decided about any of them.
    """
    if not workspace.review.exists():
        return findings
    with Store(workspace.review) as store:
        if not store.log.last_line():
            return findings
    try:
        return read_table(workspace.findings, FINDINGS)
    except (OSError, ValueError, pa.ArrowException):
        return findings


def _contents_before(workspace: Workspace) -> dict[str, str | None]:
    """Read the sha256 at each path at the last audit; nothing where there was none, or its table is damaged."""
    try:
        images = read_table(workspace.images, IMAGES, ["path", "sha256"])
    except (OSError, ValueError, pa.ArrowException):
        return {}
    return dict(zip(images["path"], images["sha256"], strict=True))


def _follow(
    store: Store, workspace: Workspace, before: pd.DataFrame, after: pd.DataFrame, images: pd.DataFrame
) -> None:
    """Let decisions about images that moved, or whose group is told otherwise now, speak for them as they are found."""
    decisions = store.log.decisions()
    if not decisions:
        return
    hashes = dict(zip(images["path"], images["sha256"], strict=True))
    earlier = _contents_before(workspace)  # its tables are written last
    for item in moves.carried(decisions, before, after, hashes, earlier):
        old = item.decision
        choice = Choice(
            finding_id=item.finding_id,
            path=item.path,
            sha256=old.sha256,
            action=old.action,
            new_label=old.new_label,
            beside=old.pair_sha256 is not None,
        )
        store.log.decide([choice], reviewer=old.reviewer, now=old.decided_at, note=item.note, allow_no_survivor=True)


def judge_fingerprint(run: Run, records: Sequence[Record]) -> str:
    """Hash the judge's inputs and outputs: unchanged means that judging can be skipped.

    It includes whether the review store exists, so that a deleted queue is filled again.
    """
    common = f"{run.config.judge!r} {run.config.embeddings!r}"
    digest = hashlib.sha256(f"{__version__} {common} {run.workspace.review.exists()}".encode())
    for scanner in run.scanners:
        digest.update(f"{scanner.name} {scanner.version} {scanner.fingerprint} {scanner.settings!r}\n".encode())
    columns = Records.of(records)
    for names in (columns.paths, columns.labels, columns.splits):
        for start in range(0, len(names), _AT_A_TIME):
            digest.update(json.dumps(names[start : start + _AT_A_TIME]).encode())
    for numbers in (columns.sizes, columns.times):
        digest.update(numbers)
    beside = sorted({name for scanner in run.scanners for name in scanner.judged_with})
    for name in ("findings.parquet", "images.parquet", listed.COLUMNS, *embeddings.FILES, *beside):
        path = run.workspace.root / name
        digest.update(_digest(path) if path.is_file() else b"-")
    return digest.hexdigest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
