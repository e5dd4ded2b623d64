"""A reviewer's desk: the strokes of one screen, taken in their order, each once, each about what was on the screen.

A screen sends strokes in the background, and sends again what it has no answer to. Invariants: a stroke that was taken
is never taken again; one about something that has changed since it was shown decides nothing; every stroke is
answered, and one that decided is on disk by then.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from curate.errors import ClassError, ConflictError, CurateError, NoSurvivorError
from curate.findings import stable_id
from curate.reviewing import choices
from curate.reviewing.catalogue import Entry
from curate.reviewing.classes import checked
from curate.reviewing.log import Choice, Step
from curate.reviewing.queue import Item
from curate.reviewing.store import Store
from curate.schema import Action

REMEMBERED = 256
"""Answers that are kept for a screen that has not heard them."""


class Act(StrEnum):
    """What a stroke asks for."""

    KEEP = "keep"
    DROP = "drop"
    REJECT = "reject"
    ONLY = "only"
    LATER = "later"
    RELABEL = "relabel"
    UNDO = "undo"
    REDO = "redo"
    REVERT = "revert"


class Result(StrEnum):
    """What became of a stroke."""

    DONE = "done"
    NOTHING = "nothing"
    """There was nothing to take back, or nothing left of it."""
    NOTHING_AGAIN = "nothing_again"
    """Nothing had been taken back that could be done again."""
    CHANGED = "changed"
    """It has changed since it was shown, and waits to be looked at again."""
    CONFLICT = "conflict"
    NO_SURVIVOR = "no_survivor"
    SAME_CLASS = "same_class"
    NEW_CLASS = "new_class"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a stroke is about: an item of the queue, or with `image` one image by its path, as it was shown.

    `seen` is the digest of what was shown (`shown`), `as_of` the last line of the log at that time.
    """

    name: str
    seen: str
    as_of: int
    image: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One stroke of one screen; numbers count up from 1.

    `path` is the image of a group that stays; `step` the step of the log to take back.
    """

    number: int
    act: Act
    targets: tuple[Target, ...] = ()
    path: str | None = None
    label: str | None = None
    new_class: bool = False
    note: str | None = None
    confirmed: bool = False
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a stroke. `beaten` are images that others decided first; `error` is a sentence where it failed."""

    number: int
    result: Result
    step: Step | None = None
    item_id: str | None = None
    beaten: frozenset[str] = frozenset()
    error: str = ""
    conflict: ConflictError | None = None
    close: str | None = None


@dataclass
class Desk:
    """Takes the strokes of one screen; lives as long as the screen does."""

    taken: int = 0
    """Number of the last stroke that was taken."""
    _answers: OrderedDict[int, Answer] = field(default_factory=OrderedDict)
    _own: dict[str, int] = field(default_factory=dict)
    """Last line of the log that this screen wrote about a target."""

    def take(self, strokes: Sequence[Stroke], store: Store, *, reviewer: str, now: str) -> list[Answer]:
        """Take strokes in the order of their numbers; those taken before are only answered again."""
        found = []
        for stroke in sorted(strokes, key=lambda stroke: stroke.number):
            if stroke.number > self.taken:
                self._answers[stroke.number] = self._answer(stroke, store, reviewer, now)
                self.taken = stroke.number
                while len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
            if stroke.number in self._answers:
                found.append(self._answers[stroke.number])
        return found

    def _answer(self, stroke: Stroke, store: Store, reviewer: str, now: str) -> Answer:
        try:
            if stroke.act in {Act.UNDO, Act.REDO, Act.REVERT}:
                return self._go_back(stroke, store, reviewer, now)
            return self._decide(stroke, store, reviewer, now)
        except NoSurvivorError as error:
            result, more = Result.NO_SURVIVOR, str(error)
        except ClassError as error:
            return Answer(number=stroke.number, result=Result.NEW_CLASS, error=str(error), close=error.close)
        except CurateError as error:
            result, more = Result.FAILED, str(error)
        return Answer(number=stroke.number, result=result, error=more)

    def _go_back(self, stroke: Stroke, store: Store, reviewer: str, now: str) -> Answer:
        if stroke.act is Act.REVERT:
            step = store.log.revert(stroke.step, reviewer=reviewer, now=now)
        else:
            act = store.log.undo if stroke.act is Act.UNDO else store.log.redo
            step = act(reviewer=reviewer, now=now)
        if step is None:
            result = Result.NOTHING_AGAIN if stroke.act is Act.REDO else Result.NOTHING
            return Answer(number=stroke.number, result=result)
        if store.log.overtaken(step.number):  # by what this screen has not shown: its next stroke about it is refused
            return Answer(number=stroke.number, result=Result.DONE, step=step, item_id=step.item_id)
        for name in {step.item_id, *(decision.path for decision in step.decisions)} - {None}:
            self._own[str(name)] = store.log.last_line()
        return Answer(number=stroke.number, result=Result.DONE, step=step, item_id=step.item_id)

    def _decide(self, stroke: Stroke, store: Store, reviewer: str, now: str) -> Answer:
        whole, changed = self._looked_at(stroke.targets, store)
        if changed:
            return Answer(number=stroke.number, result=Result.CHANGED)
        label = _label(stroke, whole, store)
        if stroke.act is Act.RELABEL and all(_has_class(one, label) for one in whole):
            return Answer(number=stroke.number, result=Result.SAME_CLASS)
        beaten: frozenset[str] = frozenset()
        conflict = None
        while True:
            chosen = [choice for one in whole for choice in _choices(one, stroke, label) if choice.path not in beaten]
            if not chosen:
                return Answer(number=stroke.number, result=Result.CONFLICT, beaten=beaten, conflict=conflict)
            try:
                ids = store.log.decide(
                    chosen, reviewer=reviewer, now=now, note=stroke.note, allow_no_survivor=stroke.confirmed
                )
                break
            except ConflictError as error:
                conflict = error
                # An item is decided whole or not at all; of many images the others go ahead.
                lost = error.paths if len(whole) > 1 else frozenset(choice.path for choice in chosen)
                beaten |= lost
        step = store.log.step_of(ids[0])
        for target in stroke.targets:
            self._own[target.name] = ids[-1]
        return Answer(
            number=stroke.number, result=Result.DONE, step=step, item_id=step.item_id, beaten=beaten, conflict=conflict
        )

    def _looked_at(self, targets: Sequence[Target], store: Store) -> tuple[list[Item | Entry], bool]:
        """Return what strokes are about as it is now, bound to the log as it was when shown, and whether it differs."""
        found: list[Item | Entry] = []
        for target in targets:
            now: Item | Entry | None
            now = next(iter(store.catalogue.entries([target.name])), None) if target.image else None
            now = now if target.image else store.queue.item(target.name)
            if now is None or shown(now) != target.seen:
                return [], True
            found.append(replace(now, as_of=max(target.as_of, self._own.get(target.name, 0))))
        return found, not found


def shown(what: Item | Entry) -> str:
    """Return a digest of what a person is shown of an item or an image: its findings and contents."""
    rows = what.findings or [{"finding_id": "", "path": what.path, "sha256": what.sha256}]  # type: ignore[union-attr]
    return stable_id(*sorted(f"{row['finding_id']}\x1e{row['path']}\x1e{row['sha256']}" for row in rows))


def _label(stroke: Stroke, whole: Sequence[Item | Entry], store: Store) -> str | None:
    if stroke.label is None:
        return None
    return checked(stroke.label, store.catalogue.classes(), new_class=stroke.new_class)


def _has_class(one: Item | Entry, label: str | None) -> bool:
    """Say whether an image bears a class already; relabelling a group also says which of its images stays."""
    if isinstance(one, Entry):
        return one.label == label and one.new_label is None
    return not one.is_group and all(row["label"] == label and not row["new_label"] for row in one.findings)


def _choices(one: Item | Entry, stroke: Stroke, label: str | None) -> list[Choice]:
    """Return what a stroke means for one item or image."""
    actions = {
        Act.KEEP: Action.KEEP,
        Act.DROP: Action.DROP,
        Act.REJECT: Action.DROP,
        Act.LATER: Action.DEFER,
        Act.RELABEL: Action.RELABEL,
    }
    if isinstance(one, Entry):
        if stroke.act not in actions:
            raise CurateError(f"{stroke.act} is about a group")
        return choices.decide_image(one, actions[stroke.act], label)
    if stroke.act is Act.REJECT:
        return choices.reject(one)
    if stroke.path is not None or stroke.act is Act.ONLY:
        if stroke.path not in one.paths or stroke.act not in {Act.ONLY, Act.RELABEL}:
            raise CurateError(f"{stroke.path!r} is none of this group")
        return choices.keep_only(one, stroke.path, label)
    if stroke.act is Act.RELABEL and one.is_group:
        return choices.keep_only(one, one.paths[0], label)
    return choices.decide_all(one, actions[stroke.act], label)
