"""Decisions without the app: by filter, by path, from a CSV, or from answers in Label Studio.

Invariants: they go into the same log under the same rules, all of one call or none; nothing is read as another
decision than it says, and a class comes about only where a person asks for a new one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from curate.errors import ClassError, ConfigError, CurateError, SourceError, flag_of, path_of, suggestion
from curate.reviewing import answers
from curate.reviewing.choices import faults
from curate.reviewing.classes import checked
from curate.reviewing.fold import IMAGE, Key, fold, is_class, queued
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action, Category, Role, Verdict, member
from curate.shell import typed
from curate.sources.classes import same_file
from curate.storage import safe_csv
from curate.storage.workspace import Workspace


class _Every(tuple[str, ...]):
    """No names, told from an empty tuple that a search may have made."""

    __slots__ = ()


EVERY = _Every()
"""What a selection is not narrowed by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which findings to decide: by default every one. Keepers are left alone unless `keepers`.

    One text stands for a tuple of one. Raises `ConfigError` for what is no collection of texts, for an empty one,
    which a search that found nothing may have made, and for a score that is no number from 0 to 1.
    """

    categories: tuple[str, ...] = EVERY
    kinds: tuple[str, ...] = EVERY
    labels: tuple[str, ...] = EVERY
    paths: tuple[str, ...] = EVERY
    min_score: float = 0.0
    max_score: float = 1.0
    keepers: bool = False

    def __post_init__(self) -> None:
        for name in ("categories", "kinds", "labels", "paths"):
            given = getattr(self, name)
            if isinstance(given, _Every):
                continue
            is_table = isinstance(given, bytes | Mapping) or getattr(given, "ndim", 1) != 1
            if not isinstance(given, Iterable) or is_table:
                raise ConfigError(f"{name} is {given!r}; give several, as a tuple of texts")
            # In a text each part of it would be found: "female" would mean the class male as well.
            several = (given,) if isinstance(given, str) else tuple(given)
            if not several:
                raise ConfigError(f"{name} is empty, which would choose everything; leave it out if that is meant")
            if not all(isinstance(one, str) for one in several):
                raise ConfigError(f"{name} is {given!r}; give several, as a tuple of texts")
            object.__setattr__(self, name, several)
        for name in ("min_score", "max_score"):
            score = getattr(self, name)
            if not isinstance(score, int | float) or isinstance(score, bool) or not 0 <= score <= 1:
                raise ConfigError(f"{name} is {score!r}; give a number from 0 to 1")
        flag_of("keepers", self.keepers)


CHOSEN = frozenset({Action.KEEP, Action.DROP, Action.RELABEL, Action.DEFER})
"""Actions that a person chooses; an undo names a row of the log and is no choice about a finding."""


def action_called(name: str | None) -> Action | None:
    """Return the action that a command names; None for `suggested`. Raises `ConfigError` for any other name."""
    if name == "suggested":
        return None
    action = member(Action, name)
    if action not in CHOSEN:
        raise ConfigError("--action must be one of keep, drop, relabel, defer or suggested")
    return action


def now_text() -> str:
    """Return the present time as decisions record it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decide(  # noqa: PLR0913 - a decision has that many parts, and each is a command-line option
    workspace: str | Path,
    selection: Selection,
    action: Action | str | None,
    *,
    reviewer: str,
    new_label: str | None = None,
    new_class: bool = False,
    note: str | None = None,
    allow_no_survivor: bool = False,
) -> int:
    """Decide all queued findings of a selection alike; with `action` None each as its scanner suggests.

    A path that is named in full, without a pattern, is decided whether it is flagged or not. A `new_label` that is no
    class of the dataset yet takes `new_class`; an image that has that class already is kept. Returns the number of
    decisions. Raises `CurateError` where nothing matches, or the action is none to choose.

    >>> from curate.schema import Action
    >>> curate.decide("ws", curate.Selection(kinds=("dark",)), Action.DROP, reviewer="ana")
    1
    """
    if not isinstance(selection, Selection):
        raise CurateError(f"{selection!r} is no selection; give curate.Selection(kinds=(...,)), or paths, or labels")
    if action is not None and not (isinstance(action, str) and action in CHOSEN):
        raise CurateError(f"{action} is no decision; use keep, drop, relabel or defer")
    flag_of("new_class", new_class)
    action = None if action is None else Action(action)  # who calls may write it as text
    if (action == Action.RELABEL) != (new_label is not None):
        raise CurateError("relabel needs a new label, and nothing else takes one: --action relabel --to LABEL")
    ws = Workspace(path_of("workspace", workspace))
    images = ws.read_images()
    if new_label is not None:
        new_label = checked(new_label, _classes(ws, images), new_class=new_class)
    findings = queued(ws.read_findings())
    hashes = dict(zip(images["path"], images["sha256"], strict=True))
    patterns = [path for path in selection.paths if path not in hashes]  # what is the name of an image means that one
    _refuse_unknown(ws, selection, patterns, images, findings)
    chosen = findings[[_matches(row, selection, patterns) for row in findings.to_dict("records")]]
    rows = chosen.to_dict("records")
    spared = _survivors(findings, rows) if action is None else frozenset()
    choices = [
        Choice(
            finding_id=row["finding_id"],
            path=row["path"],
            sha256=hashes.get(row["path"]),
            action=Action.KEEP if row["path"] in spared else action or _suggested(row),
            new_label=new_label,
        )
        for row in rows
    ]
    if action is not None and selection == Selection(paths=selection.paths):
        unflagged = sorted(set(selection.paths) & (set(hashes) - set(findings["path"])))
        choices += [Choice(IMAGE, path, hashes[path], action, new_label) for path in unflagged]
    if not choices:
        look = typed("curate", "status", ws.root)
        raise CurateError(f"no finding in the queue matches; see what there is with: {look}")
    return _record(ws, choices, reviewer=reviewer, note=note, allow_no_survivor=allow_no_survivor)


def decide_from_csv(
    workspace: str | Path,
    table: str | Path,
    *,
    reviewer: str,
    new_class: bool = False,
    note: str | None = None,
    allow_no_survivor: bool = False,
) -> int:
    """Decide as a CSV says: columns `path` and `action`, and `new_label`, `finding_id`, `sha256` where wanted.

    A row without `finding_id` decides every finding of that image, or the image itself where it has none; one with a
    `sha256` is about that content, and refused where the image has another. The file may be one that a spreadsheet has
    saved. Nothing is recorded unless every row can be, and no two contradict. Returns the number of decisions.

    >>> from pathlib import Path
    >>> _ = Path("decisions.csv").write_text("path,action\\ndogs/again.jpg,drop\\n")
    >>> curate.decide_from_csv("ws", "decisions.csv", reviewer="ana")
    1
    """
    ws = Workspace(path_of("workspace", workspace))
    flag_of("new_class", new_class)
    choices = _choices_of(ws, Rows(str(table), "line", _read_csv(path_of("table", table))), new_class=new_class)
    return _record(ws, choices, reviewer=reviewer, note=note, allow_no_survivor=allow_no_survivor)


def decide_from_label_studio(
    workspace: str | Path,
    export: str | Path,
    *,
    reviewer: str,
    new_class: bool = False,
    note: str | None = None,
    allow_no_survivor: bool = False,
) -> int:
    """Decide as people have answered in Label Studio the tasks that `curate export --as label-studio` wrote.

    `export` is its JSON (not JSON-MIN). The class that an image has confirmed is a `keep` for the findings that doubt
    its label, and none where there are none; another class is a `relabel`. Tasks that nobody has answered, and those
    answered in two ways, decide nothing. Returns the number of decisions. Raises `SourceError` where an image is not
    the one that was exported.

    >>> curate.decide_from_label_studio("ws", "answers.json", reviewer="ana")  # doctest: +SKIP
    12
    """
    ws = Workspace(path_of("workspace", workspace))
    file = path_of("export", export)
    flag_of("new_class", new_class)
    _refuse_no_file(file, _ANSWERS)
    rows = answers.rows(file, ws.read_images(), queued(ws.read_findings()))
    choices = _choices_of(ws, Rows(str(export), "task", rows), new_class=new_class)
    return _record(ws, choices, reviewer=reviewer, note=note, allow_no_survivor=allow_no_survivor)


class Rows(NamedTuple):
    """Rows of `path`, `action`, `new_label`, `finding_id` in a file, each with the number of its line or task there."""

    file: str
    unit: str
    rows: Sequence[tuple[int, dict[str, Any]]]


def _choices_of(workspace: Workspace, given: Rows, *, new_class: bool) -> list[Choice]:
    """Read choices from rows; raises `SourceError`, which says where, for what cannot be decided so or contradicts."""
    images = workspace.read_images()
    findings = queued(workspace.read_findings())
    reader = _Reader(
        hashes=dict(zip(images["path"], images["sha256"], strict=True)),
        labels=dict(zip(images["path"], images["label"], strict=True)),
        findings={str(path): list(part) for path, part in findings.groupby("path")["finding_id"]},
        classes=_classes(workspace, images),
        new_class=new_class,
    )
    chosen: dict[Key, tuple[int, Choice]] = {}
    for number, row in given.rows:
        for choice in reader.choices(f"{given.file}, {given.unit} {number}", row):
            before, known = chosen.setdefault((choice.finding_id, choice.path), (number, choice))
            if known != choice:
                raise SourceError(
                    f"{given.file}, {given.unit}s {before} and {number}: {choice.path!r} is given {_said(known)} and "
                    f"{_said(choice)}; leave one of them"
                )
    return [choice for _, choice in chosen.values()]


def _said(choice: Choice) -> str:
    return f"{choice.action} to {choice.new_label!r}" if choice.new_label else str(choice.action)


_CSV = "a CSV with columns path and action"
_ANSWERS = "the answers that Label Studio exports as JSON"


def _refuse_no_file(path: Path, wanted: str) -> None:
    """Raise `SourceError` where there is nothing to read decisions from; it says what is `wanted`."""
    if not path.is_file():
        raise SourceError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; give {wanted}")


def _read_csv(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read the rows of a CSV, each with the line that it begins on."""
    _refuse_no_file(path, _CSV)
    try:
        frame = safe_csv.read(path)
    except (ValueError, OSError) as error:
        raise SourceError(f"{path} cannot be read as CSV ({error}); give {_CSV}") from error
    lacking = [name for name in ("path", "action") if name not in frame]
    if lacking:
        raise SourceError(f"{path} has no column {lacking[0]!r}; it needs path and action")
    rows = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    return list(zip(map(int, frame.index), rows, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Turns rows of a CSV into choices: hashes, classes and findings in the queue by path, `classes` to give."""

    hashes: dict[str, str | None]
    labels: dict[str, str | None]
    findings: dict[str, list[str]]
    classes: frozenset[str]
    new_class: bool

    def choices(self, where: str, row: dict[str, Any]) -> list[Choice]:
        """Read one row; raises `SourceError`, which says `where`, for what cannot be decided so."""
        path = self._path(row["path"] or "")
        if path is None:
            raise SourceError(f"{where}: {row['path'] or ''!r} is no image of this audit")
        if row.get("sha256") and row["sha256"].strip().lower() != self.hashes[path]:
            raise SourceError(
                f"{where}: {path!r} is another image by now, with another sha256; look at it again, and decide anew"
            )
        action = member(Action, row["action"])
        if action not in CHOSEN:
            raise SourceError(f"{where}: {row['action'] or ''!r} is no action; use keep, drop, relabel or defer")
        label = row.get("new_label")
        if action is not Action.RELABEL:
            if label and same_file(label.strip()) not in ("", same_file(self.labels[path] or "")):
                raise SourceError(f"{where}: {action} with the new_label {label!r}; write relabel, or leave that out")
            label = None
        else:
            if not label:
                raise SourceError(f"{where}: relabel needs a new_label")
            try:
                label = checked(label, self.classes, new_class=self.new_class)
            except ClassError as error:
                raise SourceError(f"{where}: {error}") from error
        finding_ids = self.findings.get(path, [IMAGE])
        if row.get("finding_id"):
            finding_ids = [finding_id for finding_id in finding_ids if finding_id == row["finding_id"]]
            if not finding_ids:
                raise SourceError(f"{where}: {path!r} has no finding {row['finding_id']!r}")
        return [Choice(finding_id, path, self.hashes[path], action, label) for finding_id in finding_ids]

    def _path(self, written: str) -> str | None:
        """Find the image that a path names, also as Windows writes it, or with blanks behind it."""
        spellings = (written, written.strip(" "), written.replace("\\", "/"), written.strip(" ").replace("\\", "/"))
        return next((path for path in spellings if path in self.hashes), None)


def _classes(workspace: Workspace, images: pd.DataFrame) -> frozenset[str]:
    """Return the classes of the dataset, and those that decisions have made."""
    with Store(workspace.review) as store:
        made = {decision.new_label for decision in fold(store.log.decisions()).standing.values()}
    return frozenset({*images["label"], *made} - {None})


def _suggested(row: dict[str, Any]) -> Action:
    """Return the action that a scanner suggests with a finding; it can suggest to keep or to drop."""
    if row["suggestion"] not in {Verdict.KEEP, Verdict.DROP}:
        raise CurateError(f"{row['path']}: {row['suggestion']!r} is no suggestion to follow; decide it with --action")
    return Action(row["suggestion"])


def _survivors(findings: pd.DataFrame, chosen: Sequence[dict[str, Any]]) -> frozenset[str]:
    """Return the image that stays of each group whose suggested keeper is to go for a reason of its own.

    It is the first of the group that has no such reason; where all have one, all go.
    """
    bad = {row["path"] for row in chosen if faults([row])}
    members = findings[findings["group_id"].notna()].sort_values("role", key=lambda role: role != Role.KEEPER)
    spared = set()
    for _, group in members.groupby("group_id", sort=True):
        paths = list(dict.fromkeys(group["path"]))
        if paths[0] in bad:
            spared.update([path for path in paths if path not in bad][:1])
    return frozenset(spared)


def _refuse_unknown(
    ws: Workspace, selection: Selection, patterns: Sequence[str], images: pd.DataFrame, findings: pd.DataFrame
) -> None:
    """Raise `ConfigError` for a name or a pattern that means nothing here: the others would be decided in silence."""
    from curate.scanners import kinds

    known: dict[str, set[str]] = {
        "categories": {*map(str, Category)},
        "kinds": {*kinds(), *findings["kind"]},
        "labels": {*images["label"].dropna()},
    }
    look = typed("curate", "status", ws.root)
    for name, choices in known.items():
        for given in getattr(selection, name):
            if given not in choices:
                meant = suggestion(str(given), choices)
                raise ConfigError(f"{name}: there is no {str(given)!r}; {meant}see what there is with: {look}")
    for pattern in patterns:
        if not any(fnmatchcase(path, pattern) for path in images["path"]):
            raise ConfigError(f"paths: there is no image {pattern!r}, nor does one match it")


def _matches(row: dict[str, Any], selection: Selection, patterns: Sequence[str]) -> bool:
    return (
        (selection.keepers or row["role"] != Role.KEEPER or row["path"] in selection.paths)
        and (not selection.categories or row["category"] in selection.categories)
        and (not selection.kinds or row["kind"] in selection.kinds)
        and (not selection.labels or row["label"] in selection.labels)
        and (not selection.paths or row["path"] in selection.paths or _fits(row["path"], patterns))
        and selection.min_score <= row["score"] <= selection.max_score
    )


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _record(
    workspace: Workspace, choices: Sequence[Choice], *, reviewer: str, note: str | None, allow_no_survivor: bool
) -> int:
    if not isinstance(reviewer, str) or not reviewer.strip():
        raise CurateError("nobody is named who decides; say who, with reviewer")
    if note is not None and not isinstance(note, str):
        raise ConfigError(f"note is {note!r}; give a text")
    flag_of("allow_no_survivor", allow_no_survivor)
    images = workspace.read_images()
    labels = dict(zip(images["path"], images["label"], strict=True))
    choices = [
        replace(choice, action=Action.KEEP, new_label=None)
        if is_class(choice.action, choice.new_label, labels.get(choice.path))
        else choice
        for choice in choices
    ]
    with Store(workspace.review) as store:
        store.log.decide(choices, reviewer=reviewer, now=now_text(), note=note, allow_no_survivor=allow_no_survivor)
    return len(choices)
