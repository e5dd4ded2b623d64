"""What a screen of the reviewer asks of a store of a million findings (`pytest tests/benchmarks/test_store.py -s`).

`CURATE_BENCH_FINDINGS` makes it smaller. Each question is asked three times; the table has the slowest, in ms.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.reviewing.catalogue import ImageFilter, Order
from curate.reviewing.queue import QueueFilter
from curate.reviewing.store import Store
from tests.benchmarks.test_sync import COUNT, tables

LONGEST_MS = 200


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "review.sqlite"
    findings, images = tables(COUNT)
    with Store(path) as store:
        store.queue.sync(findings, images)
    return path


def slowest_ms(ask: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
    return 1e3 * max(taken)


def test_what_a_screen_asks_of_a_large_store(filled: Path) -> None:
    def opened() -> None:
        with Store(filled) as store:
            store.queue.progress()

    def next_of(**chosen: object) -> Callable[[], object]:
        return lambda: queue.claim(QueueFilter(**chosen), holder="ana", now_s=0.0, limit=8)  # type: ignore[arg-type]

    def images_of(order: Order = Order.NAME, start: int = 0, **chosen: object) -> Callable[[], object]:
        return lambda: images.find(ImageFilter(**chosen), order=order, start=start)  # type: ignore[arg-type]

    middle = f"a/{COUNT // 2:07}.jpg"
    with Store(filled) as store:
        queue, images = store.queue, store.catalogue
        asked = {
            "open": opened,
            "next": next_of(),
            "next of a kind": next_of(kinds=frozenset({"blurry"})),
            "next group": next_of(groups=True),
            "next of a score that few have": next_of(min_score=0.9999),
            "next of a kind that none has": next_of(kinds=frozenset({"dark"})),
            "next by a text that one has": next_of(text=middle),
            "next by a text that none has": next_of(text="nothing of the sort"),
            "progress": queue.progress,
            "progress of a kind": lambda: queue.progress(QueueFilter(kinds=frozenset({"blurry"}))),
            "what the queue can be narrowed to": queue.facets,
            "images by name": images_of(),
            "images by score": images_of(Order.SCORE),
            "images from the middle on": images_of(start=COUNT // 2),
            **{
                f"images after one, by {order}": lambda order=order: images.find(order=order, after=middle)
                for order in Order
            },
            "images of a kind": images_of(kinds=frozenset({"blurry"})),
            "images by a text that one has": images_of(text=middle),
            "count of images": images.count,
            "what images can be narrowed to": images.facets,
            "classes": images.classes,
            "steps of the log": store.log.steps,
        }
        print(f"\n{COUNT:,} findings\n\n| asked | ms |\n|---|--:|")
        taken = {name: slowest_ms(ask) for name, ask in asked.items()}
        for name, ms in taken.items():
            print(f"| {name} | {ms:.0f} |")
    late = {name: round(ms) for name, ms in taken.items() if ms > LONGEST_MS}
    print(f"over {LONGEST_MS} ms: {late or 'none'}")
