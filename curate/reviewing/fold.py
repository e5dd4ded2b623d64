"""Replaying the log of decisions: pure, and the only place that says what a decision comes to.

Laws: an undo takes back exactly the row it names, be that a decision or another undo, and bears its finding and
path, so that the rows about some findings can be folded by themselves; the latest row still in force speaks for
its (finding, path); where none does, a pair of contents that was kept side by side stays kept, whatever finding
tells of it; per image drop wins over relabel over keep; a relabel to the class that the image has by now counts as
a keep, for as long as it has that class; a decision about bytes that have changed since is stale and speaks for
nothing, and is not listed where it has followed its image to another path.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from curate.i18n import Message, nmsg
from curate.options import Pending
from curate.schema import GROUP_KINDS, Action, Role, Severity, State, Verdict

Key = tuple[str, str]
"""What a decision is about: the id of a finding, and the path of an image."""
IMAGE = "image"
"""Stands for the id of a finding where a person decided about an image that no scanner had flagged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of the log. `pair_sha256` is the keeper's content where the finding was a copy."""

    id: int
    batch: int
    finding_id: str
    path: str
    sha256: str | None
    pair_sha256: str | None
    action: Action
    new_label: str | None
    reviewer: str
    note: str | None
    decided_at: str
    reverts: int | None

    @property
    def key(self) -> Key:
        """The finding and the path it is about."""
        return self.finding_id, self.path


@dataclass(frozen=True, slots=True)
class QueuedFinding:
    """A finding about one image, as far as deciding depends on it.

    `label` is the image's class and `sha256` its content now; `pair_sha256` is the keeper's, where the finding calls
    the image a copy.
    """

    finding_id: str
    path: str
    role: str
    label: str | None
    sha256: str | None
    pair_sha256: str | None

    @property
    def key(self) -> Key:
        """The finding and the path it is about."""
        return self.finding_id, self.path

    @property
    def wants_decision(self) -> bool:
        """The finding on the keeper of a group can be decided, but nobody has to."""
        return self.role != Role.KEEPER

    @property
    def pair(self) -> frozenset[str] | None:
        """The two contents (one, where they are equal) that it calls copies; None where it calls nothing a copy."""
        return frozenset((self.sha256, self.pair_sha256)) if self.sha256 and self.pair_sha256 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """The decision that speaks for a finding; one that is stale is listed, and the finding waits."""

    decision: Decision
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """The log replayed.

    `live`: rows, undos too, that no later row takes back. `standing`: for each (finding, path) the latest of them
    that decides something. `cleared`: for each pair of contents kept side by side the latest decision that keeps it.
    """

    live: list[Decision]
    standing: dict[Key, Decision]
    cleared: dict[frozenset[str], Decision]

    def on(self, finding: QueuedFinding) -> Standing | None:
        """Return what stands for a finding: its own decision, or else the one that keeps its pair of contents."""
        decision = self.standing.get(finding.key)
        if decision is not None:
            return Standing(decision, is_stale=decision.sha256 != finding.sha256)
        decision = self.cleared.get(finding.pair) if self.cleared and finding.pair else None
        return Standing(decision, is_stale=False) if decision else None


def fold(log: Iterable[Decision]) -> Folded:
    """Replay decisions, given in the order of their ids: the whole log, or all rows about some (finding, path)."""
    reverted: set[int] = set()
    live = []
    for decision in reversed([*log]):
        if decision.id in reverted:
            continue
        live.append(decision)
        if decision.reverts is not None:
            reverted.add(decision.reverts)
    live.reverse()
    standing = {decision.key: decision for decision in live if decision.action is not Action.UNDO}
    cleared = {
        frozenset((decision.sha256, decision.pair_sha256)): decision
        for decision in sorted(standing.values(), key=lambda decision: decision.id)
        if decision.action is Action.KEEP and decision.sha256 and decision.pair_sha256
    }
    return Folded(live, standing, cleared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What all decisions about one image come to."""

    verdict: Verdict
    new_label: str | None
    decisions: tuple[Decision, ...]
    """Decisions that count, as what they count as: see `_counted`."""
    waiting: tuple[str, ...]
    """Ids of the findings that still want a decision."""
    stale: tuple[Decision, ...]
    """Decisions about bytes that have changed since: listed, not applied."""
    deferred: bool
    """Somebody has put it off."""

    @property
    def state(self) -> State:
        """Where the image stands in the review."""
        if self.verdict is Verdict.PENDING:
            return State.LATER if self.deferred else State.UNDECIDED
        if not self.decisions:
            return State.CLEAR
        return _STATES[self.verdict]

    def settled(self, pending: Pending) -> "Ruling":
        """Return the ruling that it comes to if whatever waits counts as kept, or as dropped.

        What a person has decided about the image counts on: another class, though some finding was never looked at.
        """
        if self.verdict is not Verdict.PENDING:
            return self
        if pending == "drop":
            return replace(self, verdict=Verdict.DROP)
        verdict, new_label = _stays(self.decisions)
        return replace(self, verdict=verdict, new_label=new_label)


_STATES = {Verdict.KEEP: State.KEPT, Verdict.DROP: State.DROPPED, Verdict.RELABEL: State.RELABELLED}


def rule(findings: pd.DataFrame, images: pd.DataFrame, folded: Folded) -> dict[str, Ruling]:
    """Return the ruling on every image that has a finding in the queue, or was decided without; others are kept.

    `findings` are rows of the findings table; `images` say of each `path` what `label` and `sha256` it has now.
    """
    now = dict(zip(images["path"], zip(images["label"], images["sha256"], strict=True), strict=True))
    columns = ["finding_id", "path", "kind", "role", "group_id"]
    rows = queued(findings)[columns].itertuples(index=False, name=None)
    # Plain rows by path: a table of its own for each of 100,000 images would take minutes.
    by_path: dict[str, list[QueuedFinding]] = {}
    for finding in queued_findings([(*row, *now.get(row[1], (None, None))) for row in rows]):
        by_path.setdefault(finding.path, []).append(finding)
    for finding_id, path in folded.standing:
        if finding_id == IMAGE and path in now:
            by_path.setdefault(path, []).append(unflagged(path, *now[path]))
    rulings = {path: rule_image([(one, folded.on(one)) for one in by_path[path]]) for path in sorted(by_path)}
    followed = moved(folded.live, [decision for ruling in rulings.values() for decision in ruling.stale])
    for path in {decision.path for decision in followed}:
        others = tuple(decision for decision in rulings[path].stale if decision not in followed)
        rulings[path] = replace(rulings[path], stale=others)
    return rulings


def moved(live: Iterable[Decision], decisions: Collection[Decision]) -> set[Decision]:
    """Return those of some decisions that were carried to where their image is now (`moves`).

    What stands at the old path is another image, which nobody has decided about.
    """
    notes = {note_of_move(decision) for decision in decisions}
    carried = {_but_for_path(decision, decision.note) for decision in live if decision.note in notes}
    return {decision for decision in decisions if _but_for_path(decision, note_of_move(decision)) in carried}


def note_of_move(decision: Decision) -> str:
    """Return the note of a decision that is carried to where its image is now: its own, and where the image was."""
    moved_from = f"moved from {decision.path}"
    return f"{decision.note} ({moved_from})" if decision.note else moved_from


def _but_for_path(decision: Decision, note: str | None) -> tuple[object, ...]:
    return decision.sha256, decision.action, decision.new_label, decision.reviewer, decision.decided_at, note


def spared(findings: pd.DataFrame, images: pd.DataFrame, folded: Folded, rulings: Mapping[str, Ruling]) -> list[str]:
    """Return the paths of images that stay as they were though a person dropped them or gave them another class.

    What that was about is no longer found, and nothing about them was decided later, or has to be: a pair of contents
    that was kept side by side elsewhere is no decision about these. Of the tables see `rule`.
    """
    found = set(queued(findings)[["finding_id", "path"]].itertuples(index=False, name=None))
    now = dict(zip(images["path"], zip(images["label"], images["sha256"], strict=True), strict=True))
    paths = set()
    for (finding_id, path), decision in folded.standing.items():
        if finding_id == IMAGE or (finding_id, path) in found or path not in now:
            continue
        label, sha256 = now[path]
        changes = decision.action is Action.DROP or (
            decision.action is Action.RELABEL and not is_class(decision.action, decision.new_label, label)
        )
        is_last = path not in rulings or _comes_after(decision, rulings[path])
        if changes and is_last and decision.sha256 == sha256:
            paths.add(path)
    return sorted(paths)


def _comes_after(lapsed: Decision, ruling: Ruling) -> bool:
    """Say whether a decision that counts no more would rule otherwise, and was made after all that count instead."""
    if ruling.verdict in {Verdict.DROP, Verdict.PENDING} or (ruling.new_label and ruling.new_label == lapsed.new_label):
        return False
    own = [decision for decision in ruling.decisions if decision.path == lapsed.path]
    return all((decision.decided_at, decision.id) < (lapsed.decided_at, lapsed.id) for decision in own)


def spared_note(count: int) -> Message:
    """Say of so many images that they are `spared`."""
    return nmsg(
        "{n} image that was dropped or given another class is no longer flagged for that: it stays as it was "
        "before, and the decision counts again once it is flagged.",
        "{n} images that were dropped or given another class are no longer flagged for that: they stay as they "
        "were before, and the decisions count again once they are flagged.",
        count,
    )


def unflagged(path: str, label: str | None, sha256: str | None) -> QueuedFinding:
    """Return what a decision about an image itself is about: like a keeper, nobody has to decide it."""
    return QueuedFinding(IMAGE, path, Role.KEEPER, label, sha256, None)


def rule_image(findings: Sequence[tuple[QueuedFinding, Standing | None]]) -> Ruling:
    """Return the ruling on one image: from all its findings in the queue, each with what stands for it.

    Whatever is deferred, stale or undecided waits, unless the image is dropped anyway.
    """
    applied: list[Decision] = []
    stale: list[Decision] = []
    waiting: list[str] = []
    deferred = False
    for finding, standing in findings:
        if standing is not None:
            deferred |= standing.decision.action is Action.DEFER
            if standing.is_stale:
                stale.append(standing.decision)
            elif standing.decision.action in DECIDING:
                applied.append(standing.decision)
                continue
        if finding.wants_decision:
            waiting.append(finding.finding_id)
    verdict, new_label = Verdict.KEEP, None
    if applied:  # of few images in a large queue
        applied = _counted(applied, findings[0][0].label)
        verdict, new_label = _stays(applied)
    if any(decision.action is Action.DROP for decision in applied):
        verdict, new_label, waiting = Verdict.DROP, None, []
    elif waiting:
        verdict, new_label = Verdict.PENDING, None
    return Ruling(
        verdict=verdict,
        new_label=new_label,
        decisions=tuple(applied),
        waiting=tuple(waiting),
        stale=tuple(stale),
        deferred=deferred,
    )


def _stays(applied: Sequence[Decision]) -> tuple[Verdict, str | None]:
    """Return the verdict on an image that stays, and its other class: the latest of those that it was given."""
    latest = _latest_relabel(applied)
    return (Verdict.RELABEL, latest.new_label) if latest else (Verdict.KEEP, None)


def _counted(applied: Sequence[Decision], label: str | None) -> list[Decision]:
    """Return decisions about an image of this class as what they count as.

    Relabels are keeps once the image has the class that the latest of them gave it.
    """
    latest = _latest_relabel(applied)
    if latest is None or not is_class(latest.action, latest.new_label, label):
        return [*applied]
    return [
        replace(decision, action=Action.KEEP, new_label=None) if decision.action is Action.RELABEL else decision
        for decision in applied
    ]


def _latest_relabel(applied: Sequence[Decision]) -> Decision | None:
    relabels = [decision for decision in applied if decision.action is Action.RELABEL]
    return max(relabels, key=lambda decision: decision.id, default=None)


def is_class(action: Action, new_label: str | None, label: str | None) -> bool:
    """Say whether a relabel names the class that an image has already, and so keeps it where it is."""
    return action is Action.RELABEL and new_label == label


DECIDING = frozenset({Action.KEEP, Action.DROP, Action.RELABEL})
"""Actions that settle a finding."""


def queued(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that want a person: all but those that merely inform."""
    return findings[findings["severity"] != Severity.INFO]


def queued_findings(
    rows: Sequence[tuple[str, str, str, str, str | None, str | None, str | None]],
) -> list[QueuedFinding]:
    """Return findings of the queue, all of them, from rows of (finding_id, path, kind, role, group_id, label, sha256).

    A finding across classes or splits says where copies stand, not that two images are copies: it has no pair.
    """
    keeper_sha256 = {group_id: sha256 for _, _, _, role, group_id, _, sha256 in rows if role == Role.KEEPER}
    return [
        QueuedFinding(
            finding_id,
            path,
            role,
            label,
            sha256,
            keeper_sha256.get(group_id) if role == Role.COPY and kind not in GROUP_KINDS else None,
        )
        for finding_id, path, kind, role, group_id, label, sha256 in rows
    ]
