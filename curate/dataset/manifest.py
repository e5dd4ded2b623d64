"""The approved manifest: a pure function of the scan and the log, and its files.

One row per image, dropped ones too, with the verdict, the final label and the reasons. The same inputs
give the same bytes.
"""

import json
import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curate.dataset.relocation import Say, audited_root, relocated, workspaces_near
from curate.errors import CurateError, SourceError, UndecidedError, WorkspaceError, path_of, refuse_unknown
from curate.i18n import counted
from curate.options import Pending
from curate.reviewing.fold import Decision, Ruling, fold, rule, spared, spared_note
from curate.reviewing.store import Store
from curate.schema import MANIFEST, Severity, Verdict, member
from curate.shell import typed
from curate.sources.address import is_below, on_this_machine, refuse_inside, url
from curate.sources.columns import split_name
from curate.storage import safe_csv
from curate.storage.atomic import atomic
from curate.storage.names import first_of, is_text, printable, shown
from curate.storage.owner import clear_away
from curate.storage.workspace import Workspace, to_pandas, write_table

_log = logging.getLogger(__name__)

SUFFIXES = (".parquet", ".csv", ".jsonl")
_NEEDED = ("path", "sha256", "action", "final_label", "source")
_OPTIONAL = ("label", "split", "format")
_HEADER_BYTES = 1 << 16


class Approved(NamedTuple):
    """A manifest that was written, and the paths of the images that stay since nothing flags them any more."""

    table: pd.DataFrame
    spared: list[str]


def manifest(
    workspace: str | Path, output: str | Path | None = None, *, pending: Pending | None = None
) -> pd.DataFrame:
    """Fold all decisions into the manifest, write it to `output` (by default into the workspace) and return it.

    `pending` says what undecided images count as; without it they are refused with `UndecidedError`. One that a person
    has given another class counts as relabelled where it is kept. Images that a person dropped or gave another class,
    and that nothing flags any more, stay as they are; a warning in the log names them.

    >>> table = curate.manifest("ws", "approved.csv")
    >>> table["action"].value_counts().to_dict()
    {'keep': 6, 'drop': 2}
    """
    approved = approve(workspace, output, pending=pending)
    if approved.spared:
        _log.warning("%s (%s)", spared_note(len(approved.spared)), printable(first_of(approved.spared)))
    return approved.table


def approve(workspace: str | Path, output: str | Path | None = None, *, pending: Pending | None = None) -> Approved:
    """Do what `manifest` does for a caller that tells people itself which images are spared."""
    ws = Workspace(path_of("workspace", workspace))
    target = ws.manifest if output is None else on_this_machine(output, "a manifest", "output")
    if target.suffix.lower() not in SUFFIXES:
        raise CurateError(f"{target}: the name of a manifest ends in {', '.join(SUFFIXES)}")
    facts = ws.read_audit()
    root = facts["root"]
    refuse_inside(target, folders_of(facts), "the manifest")
    images, findings = ws.read_images(), ws.read_findings()
    with Store(ws.review) as store:
        log = store.log.decisions()
    folded = fold(log)
    table = build(images, findings, log, source=root, pending=pending)
    waiting = table["action"] == Verdict.PENDING
    if waiting.any():
        review = typed("curate", "review", ws.root)
        raise UndecidedError(
            f"undecided: {counted(int(waiting.sum()), 'flagged image')}; finish with: {review} - "
            "or say what they count as with --pending keep or --pending drop"
        )
    write(table, target)
    return Approved(table, spared(findings, images, folded, rule(findings, images, folded)))


def build(
    images: pd.DataFrame,
    findings: pd.DataFrame,
    log: Sequence[Decision],
    *,
    source: str,
    pending: Pending | None = None,
) -> pd.DataFrame:
    """Make the manifest table (`schema.MANIFEST`) of images, findings and log. Pure.

    Undecided images are `pending`, unless that says what they count as.
    """
    rulings = rule(findings, images, fold(log))
    if pending is not None:
        refuse_unknown("pending", pending, get_args(Pending))
        rulings = {path: ruling.settled(pending) for path, ruling in rulings.items()}
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


def folders_of(facts: Mapping[str, Any]) -> list[str]:
    """Return the folder that an audit has walked, and would walk again; none where its source is a file."""
    return [facts["root"]] if Path(facts["source"]).is_dir() else []


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a manifest in the format that the file name asks for."""
    clear_away(path.parent)
    if path.suffix.lower() == ".parquet":
        write_table(table, MANIFEST, path)
    elif path.suffix.lower() == ".csv":
        safe_csv.write(table, path)
    else:
        rows = pa.Table.from_pandas(table, schema=MANIFEST, preserve_index=False).to_pylist()
        with atomic(path) as file:
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def read(path: Path) -> pd.DataFrame:
    """Read a manifest in any of its formats, also as a spreadsheet saves it; a column that it lacks comes back empty.

    Actions come back as `Verdict` spells them, splits by their usual names, one row an image; where an image was kept
    by hand and no final label is given, that is its label. Raises `SourceError`, naming the line, where the file is
    missing, is no manifest, holds an action that there is not, relabels to nothing, or says two things of one image.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name a manifest in it, or write one with: curate manifest WORKSPACE")
    if not path.is_file():
        again = typed("curate", "manifest", "WORKSPACE", "-o", path)
        raise SourceError(f"{path} does not exist; write one with: {again}")
    try:
        frame = _rows(path)
    except (ValueError, TypeError, OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as a manifest ({error})") from error
    lacking = [name for name in _NEEDED if name not in frame]
    if lacking:
        raise SourceError(f"{path} is not a manifest: it has no column {lacking[0]!r}")
    frame = frame.assign(**{name: None for name in _OPTIONAL if name not in frame})
    frame = frame.assign(
        final_label=_spelt_as(frame["label"], frame["final_label"]),
        split=_column([split_name(split) for split in frame["split"]], frame.index),
    )
    verdicts = [_checked(f"{path}, line {line}", row) for line, row in zip(frame.index, _verdicts(frame), strict=True)]
    actions, finals = zip(*verdicts, strict=True) if verdicts else ((), ())
    frame = frame.assign(action=_column(actions, frame.index), final_label=_column(finals, frame.index))
    _refuse_contradictions(path, frame)
    return frame.drop_duplicates(["source", "path"]).reset_index(drop=True)


def _rows(path: Path) -> pd.DataFrame:
    """Read the rows of a manifest file, their index the line that each begins on (from 1 where there is no header)."""
    if path.suffix.lower() == ".parquet":
        frame = to_pandas(pq.read_table(path).replace_schema_metadata(None))  # pandas believes what it says
    elif path.suffix.lower() == ".csv":
        return safe_csv.read(path)
    else:
        # Only a line feed ends a row: names may hold what else some take for the end of a line.
        lines = path.read_text(encoding="utf-8").split("\n")
        frame = pd.DataFrame([dict(json.loads(line)) for line in lines if line.strip()], dtype=object)
    for name in {*_Verdict._fields, "size_bytes"}.intersection(frame):
        frame[name] = _column([_cell(value) for value in frame[name]], frame.index)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _cell(value: object) -> str | None:
    """Read a cell as the text that a CSV would hold: JSON and Parquet may hold anything."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else str(value)


class _Verdict(NamedTuple):
    """The cells of a row that say what becomes of its image."""

    path: str | None
    sha256: str | None
    action: str | None
    label: str | None
    final_label: str | None
    split: str | None
    source: str | None


def _verdicts(frame: pd.DataFrame) -> list[_Verdict]:
    return [_Verdict(*row) for row in zip(*(frame[name] for name in _Verdict._fields), strict=True)]


def _checked(where: str, row: _Verdict) -> tuple[str, str | None]:
    """Return action and final label of a row as they are meant; raises `SourceError` where that cannot be told."""
    for name in ("path", "source"):
        if not getattr(row, name):
            raise SourceError(f"{where}: its {name} is empty")
    for name, value in row._asdict().items():
        if value is not None and not is_text(value):
            raise SourceError(f"{where}: its {name} {shown(value)!r} is no text; rename it")
    if row.path and not is_below(row.path):
        raise SourceError(f"{where}: {row.path!r} leads out of its source; paths in a manifest are relative to it")
    action = member(Verdict, row.action)
    if action is None:
        raise SourceError(f"{where}: {row.action or ''!r} is no action; there are {', '.join(Verdict)}")
    if action is Verdict.RELABEL and not row.final_label:
        raise SourceError(f"{where}: {row.path!r} is relabelled, but its final_label is empty")
    kept_by_hand = action is Verdict.KEEP and not row.final_label
    return str(action), row.label if kept_by_hand else row.final_label


def _spelt_as(labels: pd.Series, finals: pd.Series) -> pd.Series:
    """Return final labels, those that are numbers spelt as labels are: pandas makes 7.0 of 7 where others are empty."""
    known = set(labels.dropna())
    spelt = {f"{label}.0": label for label in known if f"{label}.0" not in known}
    return _column([spelt.get(final, final) for final in finals], finals.index)


def _refuse_contradictions(path: Path, frame: pd.DataFrame) -> None:
    first: dict[tuple[str | None, str | None], tuple[int, _Verdict]] = {}
    for line, row in zip(frame.index, _verdicts(frame), strict=True):
        before, known = first.setdefault((row.source, row.path), (line, row))
        if known != row:
            what = _difference(known, row)
            raise SourceError(f"{path}, lines {before} and {line}: {row.path!r} is given {what}; leave one of them")


def _difference(one: _Verdict, other: _Verdict) -> str:
    if one.action != other.action:
        return f"{one.action} and {other.action}"
    return f"the splits {one.split} and {other.split}" if one.split != other.split else "two labels"


def _column(values: Sequence[str | None], index: pd.Index) -> pd.Series:
    return pd.Series(list(values), index, dtype=object)


def kept_rows(path: Path, moved: Sequence[str] = (), say: Say | None = None) -> pd.DataFrame:
    """Read the rows of a manifest whose images are to be kept, with the sources where they are now (`relocation`).

    Raises `UndecidedError` where one is undecided.
    """
    return kept_of(read(path), path, moved, say)


def kept_of(table: pd.DataFrame, path: Path, moved: Sequence[str] = (), say: Say | None = None) -> pd.DataFrame:
    """Select from the manifest that was read from `path` what `kept_rows` returns."""
    if (table["action"] == Verdict.PENDING).any():
        again = typed("curate", "manifest", _origin(table, path), "-o", path, "--pending", "keep")
        raise UndecidedError(f"{path} holds undecided images; write it again with: {again} (or --pending drop)")
    kept = table[table["action"].isin([Verdict.KEEP, Verdict.RELABEL])].reset_index(drop=True)
    return relocated(kept, path, moved, say)


def _origin(table: pd.DataFrame, path: Path) -> Path | str:
    """Return the workspace near a manifest file whose images these are; what it is called in the help, if none is."""
    sources = set(table["source"])
    return next((ws.root for ws in workspaces_near(path) if {audited_root(ws)} == sources), "WORKSPACE")


def notes_on_classes(table: pd.DataFrame, kept: pd.DataFrame, path: Path) -> list[str]:
    """Say which classes the rows kept of the manifest file `path` have got and no image of it bore, a line each.

    A class may be misspelt, have had another name when images were moved into it, or have been a number to a
    spreadsheet: `007` is 7 in all columns then, which only the workspace beside it shows.
    """
    known = _audited_classes(path, set(table["source"])) or set(table["label"].dropna())  # of dropped images too
    counts = Counter(label for label in kept["final_label"].dropna() if known and label not in known)
    return [
        f"a class that the dataset did not have, {label!r}: {count:,} of the images" for label, count in counts.items()
    ]


def _audited_classes(path: Path, sources: set[str]) -> set[str]:
    """Return the classes that the workspaces near a manifest file know; none unless they know all of its sources."""
    known: dict[str, set[str]] = {}
    for workspace in workspaces_near(path):
        root = audited_root(workspace)
        if root in sources:
            with suppress(WorkspaceError):  # the table of its images may be damaged
                known[root] = set(workspace.read_images(["label"])["label"].dropna())
    return set().union(*known.values()) if set(known) == sources else set()


def is_manifest(source: str | Path) -> bool:
    """Say whether a file of this machine is a manifest, by its name and columns; a list of images is none."""
    path = Path(source)
    if url(source) is not None or path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    return set(_NEEDED) <= set(_columns(path))


def _columns(path: Path) -> list[str]:
    """Read the names of a table's columns; none where it cannot be read, which whoever reads its rows will explain."""
    try:
        if path.suffix.lower() == ".parquet":
            return list(pq.read_schema(path).names)
        if path.suffix.lower() == ".csv":
            with path.open("rb") as file:
                header = safe_csv.decoded(file.read(_HEADER_BYTES)).partition("\n")[0]
            return [safe_csv.column_name(name) for name in safe_csv.parse(header)]
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
