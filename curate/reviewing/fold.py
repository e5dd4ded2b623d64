"""Replaying the log of decisions: pure, and the only place that says what a decision comes to.

Laws: an undo takes back exactly the row it names, be that a decision or another undo; the latest row
still in force speaks for its (finding, path); per image drop wins over relabel over keep; a decision
about bytes that have changed since is stale and speaks for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from curate.schema import GROUP_KINDS, Action, Role, Severity, Verdict


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


@dataclass(frozen=True, slots=True)
class Folded:
    """The log replayed.

    `live`: rows, undos too, that no later row takes back. `standing`: for each (finding, path) the
    decision that speaks for it. `cleared`: pairs of contents that somebody kept side by side.
    """

    live: list[Decision]
    standing: dict[tuple[str, str], Decision]
    cleared: dict[frozenset[str], Decision]

    @property
    def effective(self) -> list[Decision]:
        """Live rows that decide something, oldest first."""
        return [decision for decision in self.live if decision.action is not Action.UNDO]


def fold(log: Sequence[Decision]) -> Folded:
    """Replay decisions in the order of their ids."""
    reverted: set[int] = set()
    live = []
    for decision in reversed(log):
        if decision.id in reverted:
            continue
        live.append(decision)
        if decision.reverts is not None:
            reverted.add(decision.reverts)
    live.reverse()
    standing: dict[tuple[str, str], Decision] = {}
    for decision in live:
        if decision.action is not Action.UNDO:
            standing[decision.finding_id, decision.path] = decision
    cleared = {
        frozenset((decision.sha256, decision.pair_sha256)): decision
        for decision in standing.values()
        if decision.action is Action.KEEP and decision.sha256 and decision.pair_sha256
    }
    return Folded(live, standing, cleared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What all decisions about one image come to."""

    verdict: Verdict
    new_label: str | None
    decisions: tuple[Decision, ...]
    waiting: tuple[str, ...]
    """Ids of the findings that still want a decision."""
    stale: tuple[Decision, ...]
    """Decisions about bytes that have changed since: listed, not applied."""


def rule(findings: pd.DataFrame, hashes: Mapping[str, str | None], folded: Folded) -> dict[str, Ruling]:
    """The ruling on every image that has a finding; the others are simply kept.

    `findings` are rows of the findings table; `hashes` maps each path to its present sha256.
    """
    keeper_of = _keeper_hashes(findings, hashes)
    # Plain rows by path: a table of its own for each of 100,000 images would take minutes.
    by_path: dict[str, list[_Asked]] = {}
    queued = findings[findings["severity"] != Severity.INFO]
    for path, *asked in queued[["path", "finding_id", "kind", "role", "group_id"]].itertuples(index=False, name=None):
        by_path.setdefault(str(path), []).append((asked[0], asked[1], asked[2], asked[3]))
    return {path: _rule_one(path, by_path[path], hashes.get(path), folded, keeper_of) for path in sorted(by_path)}


_Asked = tuple[str, str, str, str | None]
"""Of a finding: its id, kind, role and group."""


def _rule_one(
    path: str, asked: Sequence[_Asked], sha256: str | None, folded: Folded, keeper_of: Mapping[str, str | None]
) -> Ruling:
    applied: list[Decision] = []
    stale: list[Decision] = []
    waiting: list[str] = []
    for finding_id, kind, role, group in asked:
        decision = folded.standing.get((finding_id, path))
        if decision is None and role == Role.COPY and kind not in GROUP_KINDS and sha256:
            decision = folded.cleared.get(frozenset((sha256, keeper_of.get(group or "") or "")))
        elif decision is not None and decision.sha256 != sha256:
            stale.append(decision)
            decision = None
        if decision is not None and decision.action is not Action.DEFER:
            applied.append(decision)
        elif role != Role.KEEPER:
            waiting.append(finding_id)
    actions = {decision.action for decision in applied}
    relabels = [decision for decision in applied if decision.action is Action.RELABEL]
    if Action.DROP in actions:
        verdict, waiting = Verdict.DROP, []
    elif waiting:
        verdict = Verdict.PENDING
    else:
        verdict = Verdict.RELABEL if relabels else Verdict.KEEP
    new_label = max(relabels, key=lambda d: d.id).new_label if relabels and verdict is Verdict.RELABEL else None
    return Ruling(
        verdict=verdict,
        new_label=new_label,
        decisions=tuple(applied),
        waiting=tuple(waiting),
        stale=tuple(stale),
    )


def _keeper_hashes(findings: pd.DataFrame, hashes: Mapping[str, str | None]) -> dict[str, str | None]:
    keepers = findings[findings["role"] == Role.KEEPER]
    return {group: hashes.get(path) for group, path in zip(keepers["group_id"], keepers["path"], strict=True)}
