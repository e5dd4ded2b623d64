"""What the server and a review surface say to each other: strokes in, the next items out, every stroke answered.

The surface says with each message what it has and where it stands, so that nothing has to be remembered about it here
but which strokes were taken. A message of another screen's life (`epoch`) decides nothing: the surface shows again what
was not answered.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.reviewing.bulk import now_text
from curate.reviewing.desk import Act, Answer, Desk, Result, Stroke, Target
from curate.reviewing.queue import Item, QueueFilter
from curate.reviewing.store import Store
from curate.ui import leases, words
from curate.ui.payload import Painter, exif_rows

AHEAD = 24
"""So many items the surface has ready; at 20 keys a second they last for more than a second."""
BUDGET_S = 0.12
"""An answer that takes longer to draw up is sent with what there is; the surface asks for the rest."""
COUNTED_S = 3.0
"""How long a count of what matches the filters is good: it takes longer than a decision may."""


class Strict(BaseModel):
    """What a browser says is taken only as it was agreed."""

    model_config = ConfigDict(extra="forbid")


class SentStroke(Strict):
    """A stroke as a surface sends it: about an item or image (`id`), or about several (`ids`)."""

    number: int = Field(ge=1)
    act: Act
    id: str | None = None
    seen: str = ""
    as_of: int = 0
    images: list[tuple[str, str, int]] = Field(default_factory=list)
    path: str | None = None
    label: str | None = None
    new_class: bool = False
    note: str | None = Field(default=None, max_length=2000)
    confirmed: bool = False
    step: int = 0

    def stroke(self) -> Stroke:
        """Return it as the desk takes it."""
        targets = [Target(name=path, seen=seen, as_of=as_of, image=True) for path, seen, as_of in self.images]
        if self.id is not None:
            targets.append(Target(name=self.id, seen=self.seen, as_of=self.as_of))
        return Stroke(
            number=self.number,
            act=self.act,
            targets=tuple(targets),
            path=self.path,
            label=self.label,
            new_class=self.new_class,
            note=self.note,
            confirmed=self.confirmed,
            step=self.step,
        )


class Full(Strict):
    """An image that is wanted at its own size."""

    id: str
    path: str


class Spoken(Strict):
    """What every surface says: which life of its screen it knows, what that shows (`feed`), and what was done there."""

    epoch: str
    feed: str
    number: int = Field(ge=1)
    strokes: list[SentStroke] = Field(default_factory=list)


class Message(Spoken):
    """What the surface of the queue says."""

    have: list[str] = Field(default_factory=list)
    after: int = -1
    ahead: int = Field(default=AHEAD, ge=1, le=100)
    before: int | None = None
    open: str | None = None
    full: Full | None = None
    exif: Full | None = None


Said = TypeVar("Said", bound=Spoken)


@dataclass
class Exchange:
    """One screen's side of the talk that every surface has: its life, what was heard, and the desk."""

    epoch: str = field(default_factory=lambda: uuid4().hex)
    heard: int = 0
    desk: Desk = field(default_factory=Desk)
    answers: list[Answer] = field(default_factory=list)

    def understood(self, kind: type[Said], sent: object) -> Said | None:
        """Read a message; None for one that is none, or of another life."""
        try:
            message = kind.model_validate(sent)
        except ValidationError:
            return None
        return message if message.epoch == self.epoch else None

    def take(self, number: int, sent: Sequence[SentStroke], store: Store, reviewer: str) -> None:
        """Take the strokes of a message, and hold the answers for the next time the surface is drawn."""
        strokes = [one.stroke() for one in sent]
        self.answers = self.desk.take(strokes, store, reviewer=reviewer, now=now_text())
        self.heard = max(self.heard, number)

    def state(self) -> dict[str, Any]:
        """Return where the talk stands, as every answer says it."""
        return {"epoch": self.epoch, "heard": self.heard, "taken": self.desk.taken, "answers": self.told()}

    def told(self) -> list[dict[str, Any]]:
        """Return the answers as the surface reads them."""
        found = []
        for answer in self.answers:
            text, tone = words.said(answer)
            found.append(
                {
                    "number": answer.number,
                    "result": answer.result,
                    "item": answer.item_id,
                    "text": text,
                    "tone": tone,
                }
            )
        return found


@dataclass
class QueueFeed:
    """The queue of one browser session, for one reviewer: what is decided there is decided by no other."""

    reviewer: str
    exchange: Exchange = field(default_factory=Exchange)
    last: Message | None = None
    _drawn: tuple[str, QueueFilter] | None = None
    """The feed that was handed out last, and its filter."""
    _counted: tuple[float, QueueFilter, dict[str, int]] | None = None

    def hear(self, sent: object, store: Store) -> None:
        """Take a message; one of another life, or one that is none, changes nothing."""
        message = self.exchange.understood(Message, sent)
        if message is not None:
            self.exchange.take(message.number, message.strokes, store, self.reviewer)
            self.last = message

    def draw_anew(self) -> None:
        """Hand everything out again: the page is drawn anew, and the surface may be."""
        if self.last is not None:
            self.last = self.last.model_copy(update={"have": []})

    def answer(
        self, store: Store, painter: Painter, chosen: QueueFilter, *, feed: str, opened: str | None
    ) -> dict[str, Any]:
        """Say what became of the strokes, and hand out the items that come next."""
        message = self._heard(feed, chosen, opened)
        self._drawn = feed, chosen
        began = time.perf_counter()
        items = store.queue.claim(
            chosen, holder=leases.mine(), now_s=time.time(), after_rank=message.after, limit=message.ahead, sharing=True
        )
        show = self._asked(store, message, chosen)
        have = set(message.have)
        urgent = [*([show] if show else []), *self._concerned(store, message)]
        described = [painter.item(item, store) for item in urgent]
        given = {item.item_id for item in urgent}
        order = []
        for item in items:
            if item.item_id not in have | given:
                if len(described) > 1 and time.perf_counter() - began > BUDGET_S:
                    break
                described.append(painter.item(item, store))
                given.add(item.item_id)
            order.append(item.item_id)
        answer = {
            **self.exchange.state(),
            "items": described,
            "order": order,
            "more": len(order) < len(items) or len(items) == message.ahead,
            "elsewhere": not items and _held_elsewhere(store),
            "show": show.item_id if show else None,
            "earlier": message.before is not None,
            "progress": self._progress(store, chosen),
            "full": self._full(store, painter, message.full),
            "exif": self._exif(store, painter, message.exif),
        }
        # What was asked for once is not shown again when the page is drawn for another reason.
        self.last = message.model_copy(update={"before": None, "open": None, "full": None, "exif": None, "strokes": []})
        return answer

    def _heard(self, feed: str, chosen: QueueFilter, opened: str | None) -> Message:
        """Return the last message as one about this feed: said before the filter changed, it gives no place in it.

        What was decided there is answered all the same. In another language the place in the queue stays.
        """
        is_new = self._drawn is None or self._drawn[0] != feed
        if self.last is not None and self.last.feed != feed and is_new and self._drawn and self._drawn[1] == chosen:
            return self.last.model_copy(update={"feed": feed, "have": []})
        if self.last is not None and self.last.feed == feed:
            return self.last
        return Message(
            epoch=self.exchange.epoch,
            feed=feed,
            number=1,
            open=opened if is_new else None,
            strokes=self.last.strokes if self.last else [],
        )

    def _asked(self, store: Store, message: Message, chosen: QueueFilter) -> Item | None:
        """Return the item that was asked for by its name or its place."""
        if message.before is not None:
            return store.queue.before(message.before, chosen)
        return store.queue.item(message.open) if message.open else None

    def _concerned(self, store: Store, message: Message) -> list[Item]:
        """Return the items that answers speak of, as they are now."""
        ids = {stroke.number: stroke.id for stroke in message.strokes}
        names = [
            answer.item_id or ids.get(answer.number)
            for answer in self.exchange.answers
            if answer.result is not Result.DONE or answer.number not in ids or ids[answer.number] is None
        ]
        found = [store.queue.item(name) for name in dict.fromkeys(names) if name]
        return [item for item in found if item is not None]

    def _progress(self, store: Store, chosen: QueueFilter) -> dict[str, Any]:
        whole = store.queue.progress()
        matching = None
        if chosen != QueueFilter():
            now = time.monotonic()
            if self._counted is None or self._counted[1] != chosen or now - self._counted[0] > COUNTED_S:
                part = store.queue.progress(chosen)
                self._counted = (now, chosen, {"done": part.images_done, "images": part.images})
            matching = self._counted[2]
        return {
            "items": whole.items,
            "items_done": whole.items_done,
            "images": whole.images,
            "images_done": whole.images_done,
            "matching": matching,
        }

    def _full(self, store: Store, painter: Painter, asked: Full | None) -> dict[str, str] | None:
        content = _content(store, asked)
        return painter.full(asked.path, content) if asked and content else None

    def _exif(self, store: Store, painter: Painter, asked: Full | None) -> dict[str, Any] | None:
        content = _content(store, asked)
        return (
            {"path": asked.path, "rows": exif_rows(painter.source, asked.path, content)} if asked and content else None
        )


def _held_elsewhere(store: Store) -> bool:
    """Say whether other screens hold items, which come here if those leave them or are closed."""
    return bool(leases.others(store.queue.holders(now_s=time.time())))


def _content(store: Store, asked: Full | None) -> str | None:
    """Return the sha256 of an image that is part of an item; None where it is none of it."""
    item = store.queue.item(asked.id) if asked else None
    rows = item.of(asked.path) if item and asked else []
    return rows[0]["sha256"] if rows else None
