"""What the server and a grid of images say to each other: pages of tiles out, strokes about many images in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from curate.reviewing.catalogue import Entry, ImageFilter, Order
from curate.reviewing.store import Store
from curate.ui.feed import Exchange, Spoken
from curate.ui.payload import Painter

PAGE = 120


class GridMessage(Spoken):
    """What a grid says: strokes, whether it wants more tiles and after which one, and which images to tell it anew."""

    after: str | None = None
    paths: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """Which images a grid shows: those of a filter in an order, or of given ones those that it lets through."""

    chosen: ImageFilter
    order: Order
    paths: tuple[str, ...] | None = None

    def count(self, store: Store) -> int:
        """Count them."""
        return store.catalogue.count(self.chosen) if self.paths is None else len(self._given(store))

    def page(self, store: Store, after: str | None) -> list[Entry]:
        """Return a page of them: the first, or what comes after an image, which a decision may have put elsewhere."""
        if self.paths is None:
            return store.catalogue.find(self.chosen, order=self.order, after=after, limit=PAGE)
        passed = set(self.paths[: self.paths.index(after) + 1]) if after in self.paths else set()
        return store.catalogue.entries([path for path in self._given(store) if path not in passed][:PAGE])

    def _given(self, store: Store) -> Sequence[str]:
        if self.chosen == ImageFilter():
            return self.paths or ()
        fit = store.catalogue.paths(self.chosen)
        return [path for path in self.paths or () if path in fit]


@dataclass
class GridFeed:
    """The grid of one browser session, for one reviewer."""

    reviewer: str
    exchange: Exchange = field(default_factory=Exchange)
    last: GridMessage | None = None
    total: int = 0

    def hear(self, sent: object, store: Store) -> None:
        """Take a message; one of another life, or one that is none, changes nothing."""
        message = self.exchange.understood(GridMessage, sent)
        if message is not None:
            self.exchange.take(message.number, message.strokes, store, self.reviewer)
            self.last = message

    def draw_anew(self) -> None:
        """Begin with the first page: the page is drawn anew, and the grid may be."""
        self.last = None

    def answer(self, store: Store, painter: Painter, shown: Shown, *, feed: str) -> dict[str, Any]:
        """Say what became of the strokes, with the images as they are now, and hand out the page that is asked for.

        What a message says of another feed, as before a filter changed, asks for no page of this one.
        """
        after = self.last.after if self.last and self.last.feed == feed else None
        if after is not None and not store.catalogue.entries([after]):
            self.last = None  # another audit does not know that image: nobody can say what came after it
            after = None
        fresh = self.last is None
        if fresh:
            self.total = shown.count(store)
        page = shown.page(store, after) if fresh or after is not None else []
        on_screen = set(self.last.paths) if self.last else set()
        touched = [
            decision.path
            for answer in self.exchange.answers
            if answer.step is not None
            for decision in answer.step.decisions
        ]
        sent = [path for stroke in (self.last.strokes if self.last else ()) for path, _, _ in stroke.images]
        changed = store.catalogue.entries(path for path in dict.fromkeys([*sent, *touched]) if path in on_screen)
        answer = {
            **self.exchange.state(),
            "fresh": fresh,
            "last": after is not None and len(page) < PAGE,
            "tiles": [painter.tile(entry) for entry in page],
            "changed": [painter.tile(entry) for entry in changed],
            "total": self.total,
        }
        if self.last is not None:
            self.last = self.last.model_copy(update={"after": None, "strokes": []})
        return answer
