"""What the server says to the surface of second looks: the shared sample, and no word of what was decided."""

from dataclasses import dataclass, field, replace
from typing import Any

from curate.reviewing import choices
from curate.reviewing.bulk import now_text
from curate.reviewing.desk import Act, Answer, Result, shown
from curate.reviewing.store import Store
from curate.schema import Action
from curate.ui.feed import Exchange, Message, SentStroke
from curate.ui.payload import Painter


@dataclass
class SecondFeed:
    """Second looks of one reviewer's browser session: the shared sample, each item as it was before anybody decided."""

    reviewer: str
    size: int
    exchange: Exchange = field(default_factory=Exchange)
    last: Message | None = None

    def hear(self, sent: object, store: Store) -> None:
        """Take a message: what it keeps or drops is an opinion, and decides nothing."""
        message = self.exchange.understood(Message, sent)
        if message is None:
            return
        strokes = sorted(message.strokes, key=lambda stroke: stroke.number)
        self.exchange.answers = [self._answer(stroke, store) for stroke in strokes]
        self.exchange.heard = max(self.exchange.heard, message.number)
        self.last = message

    def _answer(self, stroke: SentStroke, store: Store) -> Answer:
        """Take one stroke, once; what is no opinion, or about something that has changed since, is refused."""
        if stroke.number <= self.exchange.desk.taken:
            return Answer(number=stroke.number, result=Result.DONE)
        if stroke.act not in _OPINIONS:
            return Answer(number=stroke.number, result=Result.FAILED, error=f"{stroke.act} is no second look")
        item = store.queue.item(stroke.id) if stroke.id is not None else None
        if item is None or shown(item) != stroke.seen:
            return Answer(number=stroke.number, result=Result.CHANGED)
        store.second_looks.give_opinion(_OPINIONS[stroke.act](item), reviewer=self.reviewer, now=now_text())
        self.exchange.desk.taken = stroke.number
        return Answer(number=stroke.number, result=Result.DONE)

    def draw_anew(self) -> None:
        """Hand everything out again: the page is drawn anew, and the surface may be."""
        if self.last is not None:
            self.last = self.last.model_copy(update={"have": []})

    def answer(self, store: Store, painter: Painter, *, feed: str) -> dict[str, Any]:
        """Hand out the items of the sample that this reviewer has not rated."""
        message = self.last or Message(epoch=self.exchange.epoch, feed=feed, number=1)
        sample = store.second_looks.sample(reviewer=self.reviewer, size=self.size)
        unseen = [
            replace(item, rank=rank, findings=[row | {"action": None, "stale": 0} for row in item.findings])
            for rank, item in enumerate(sample)
        ][: message.ahead]
        have = set(message.have) if message.feed == feed else set()  # another sample's items are shown no more
        return {
            **self.exchange.state(),
            "items": [painter.item(item, store) for item in unseen if item.item_id not in have],
            "order": [item.item_id for item in unseen],
            "more": len(sample) > len(unseen),
            "elsewhere": False,
            "show": None,
            "earlier": False,
            "progress": {"items": len(sample), "items_done": 0, "matching": None},
            "full": None,
            "exif": None,
        }


_OPINIONS = {
    Act.KEEP: lambda item: choices.decide_all(item, Action.KEEP),
    Act.DROP: lambda item: choices.decide_all(item, Action.DROP),
    Act.REJECT: choices.reject,
}
