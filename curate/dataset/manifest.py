"""The approved manifest: a pure function of the scan and the log, and its files.

One row per image, dropped ones too, with the verdict, the final label and the reasons. The same inputs
give the same bytes.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import CurateError, SourceError, UndecidedError
from curate.options import Pending
from curate.reviewing.fold import Decision, Ruling, fold, rule
from curate.reviewing.store import Store
from curate.schema import MANIFEST, Severity, Verdict
from curate.sources.address import url
from curate.storage import safe_csv
from curate.storage.atomic import atomic
from curate.storage.workspace import Workspace, to_pandas, write_table

SUFFIXES = (".parquet", ".csv", ".jsonl")
_NEEDED = ("path", "sha256", "action", "final_label", "source")
_OPTIONAL = ("label", "split", "format")


def manifest(
    workspace: str | Path, output: str | Path | None = None, *, pending: Pending | None = None
) -> pd.DataFrame:
    """Fold all decisions into the manifest, write it to `output` (by default into the workspace) and return it.

    `pending` says what undecided images count as; without it they are refused with `UndecidedError`.
    """
    ws = Workspace(Path(workspace))
    target = Path(output) if output else ws.manifest
    if target.suffix not in SUFFIXES:
        raise CurateError(f"{target}: the name of a manifest ends in {', '.join(SUFFIXES)}")
    root = ws.read_audit()["root"]
    images, findings = ws.read_images(), ws.read_findings()
    with Store(ws.review) as store:
        log = store.log.decisions()
    table = build(images, findings, log, source=root)
    waiting = table["action"] == Verdict.PENDING
    if waiting.any() and pending is None:
        raise UndecidedError(
            f"{waiting.sum()} flagged images are undecided; finish with: curate review {ws.root} - "
            "or say what they count as with --pending keep or --pending drop"
        )
    if pending is not None:
        table.loc[waiting, "action"] = str(pending)
    write(table, target)
    return table


def build(images: pd.DataFrame, findings: pd.DataFrame, log: Sequence[Decision], *, source: str) -> pd.DataFrame:
    """Make the manifest table (`schema.MANIFEST`) of images, findings and log; undecided images are `pending`. Pure."""
    hashes = dict(zip(images["path"], images["sha256"], strict=True))
    rulings = rule(findings, hashes, fold(log))
    queued = findings[findings["severity"] != Severity.INFO]
    reasons: dict[str, _Reasons] = {}
    for path, reason, finding_id in queued[["path", "reason", "finding_id"]].itertuples(index=False, name=None):
        texts, finding_ids = reasons.setdefault(str(path), ([], []))
        texts.append(reason)
        finding_ids.append(finding_id)
    extra = [
        _verdict(label, rulings.get(path), reasons.get(path, ([], [])))
        for path, label in zip(images["path"], images["label"], strict=True)
    ]
    columns = pd.DataFrame(extra, index=images.index, dtype=object)
    return images.assign(**columns, source=source)[MANIFEST.names]


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a manifest in the format that the file name asks for."""
    if path.suffix == ".parquet":
        write_table(table, MANIFEST, path)
    elif path.suffix == ".csv":
        safe_csv.write(table, path)
    else:
        rows = pa.Table.from_pandas(table, schema=MANIFEST, preserve_index=False).to_pylist()
        with atomic(path) as file:
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def read(path: Path) -> pd.DataFrame:
    """Read a manifest in any of its formats; a column that exports look at and it lacks comes back empty.

    Raises `SourceError` where the file is missing, is no manifest, or holds an action that there is not.
    """
    if not path.is_file():
        raise SourceError(f"{path} does not exist; write one with: curate manifest WORKSPACE -o {path}")
    try:
        if path.suffix == ".parquet":
            frame = to_pandas(pq.read_table(path))
        elif path.suffix == ".csv":
            frame = safe_csv.read(path)
        else:
            frame = pd.DataFrame(
                [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], dtype=object
            )
    except (ValueError, OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as a manifest ({error})") from error
    lacking = [name for name in _NEEDED if name not in frame]
    if lacking:
        raise SourceError(f"{path} is not a manifest: it has no column {lacking[0]!r}")
    unknown = sorted({str(action) for action in frame["action"]} - {*Verdict})
    if unknown:
        raise SourceError(f"{path}: {unknown[0]!r} is no action; there are {', '.join(Verdict)}")
    return frame.assign(**{name: None for name in _OPTIONAL if name not in frame})


def kept_rows(path: Path) -> pd.DataFrame:
    """Read the rows of a manifest whose images are to be kept; raises `UndecidedError` where one is undecided."""
    table = read(path)
    if (table["action"] == Verdict.PENDING).any():
        raise UndecidedError(f"{path} holds undecided images; write it again with: curate manifest --pending keep|drop")
    return table[table["action"].isin([Verdict.KEEP, Verdict.RELABEL])].reset_index(drop=True)


def is_manifest(source: str | Path) -> bool:
    """Say whether a file of this machine is a manifest, by its name and columns; a list of images is none."""
    path = Path(source)
    if url(source) is not None or path.suffix not in SUFFIXES or not path.is_file():
        return False
    return set(_NEEDED) <= set(_columns(path))


def _columns(path: Path) -> list[str]:
    """Read the names of a table's columns; none where it cannot be read, which whoever reads its rows will explain."""
    try:
        if path.suffix == ".parquet":
            return list(pq.read_schema(path).names)
        if path.suffix == ".csv":
            return list(pd.read_csv(path, nrows=0))
        with path.open(encoding="utf-8") as file:
            return list(dict(json.loads(file.readline())))
    except (ValueError, TypeError, OSError, pa.ArrowException):
        return []


_Reasons = tuple[list[str], list[str]]
"""Of an image: the reasons of its findings, and their ids."""


def _verdict(label: str | None, ruling: Ruling | None, reasons: "_Reasons") -> dict[str, str | None]:
    texts, finding_ids = reasons
    verdict = ruling.verdict if ruling else Verdict.KEEP
    decisions = ruling.decisions if ruling else ()
    latest = max(decisions, key=lambda decision: decision.id, default=None)
    relabelled = ruling.new_label if ruling and ruling.new_label else label
    return {
        "action": str(verdict),
        "final_label": relabelled if verdict is not Verdict.DROP else None,
        "reasons": json.dumps(texts, ensure_ascii=False),
        "finding_ids": json.dumps(finding_ids),
        "reviewer": latest.reviewer if latest else None,
        "decided_at": latest.decided_at if latest else None,
    }
