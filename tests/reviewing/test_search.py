"""What a search compares."""

import pytest

from curate.reviewing.queue import QueueFilter
from curate.reviewing.search import folded
from curate.reviewing.store import Store
from tests.reviewing.samples import finding, ids, images, table


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        pytest.param("Émile.JPG", "emile.jpg", id="accent and case"),
        pytest.param("E\u0301mile", "emile", id="an accent of its own"),
        pytest.param("Straße", "strasse", id="one letter that folds to two"),
        pytest.param("a \t b\n", "a b", id="blanks"),
        pytest.param("\ufb01sh", "fish", id="a ligature"),
        pytest.param("東京", "東京", id="letters without case"),
    ],
)
def test_text_is_compared_without_case_accents_and_doubled_blanks(written: str, compared: str) -> None:
    assert folded(written) == compared


def test_the_queue_is_searched_so(store: Store) -> None:
    findings = table(finding("a/Émile.jpg"), finding("a/emil.jpg"))
    store.queue.sync(findings, images(findings))
    for text in ("émile", "EMILE", "E\u0301mile"):
        assert ids(store.queue.find(QueueFilter(text=text), limit=9)) == ["a/Émile.jpg"], text


def test_nobody_is_kept_from_deciding_by_a_search(store: Store) -> None:
    """What is searched is read before the lock of writers is taken, never while it is held."""
    locked: list[str] = []
    is_locked = False

    def said(statement: str) -> None:
        nonlocal is_locked
        is_locked = statement.startswith("BEGIN IMMEDIATE") or (is_locked and not statement.startswith("COMMIT"))
        if is_locked:
            locked.append(statement)

    store.queue._db.connection.set_trace_callback(said)
    claimed = store.queue.claim(QueueFilter(text="b/x"), holder="ana", now_s=1.0)
    store.queue.hold("b/x", holder="ana", now_s=2.0)
    assert ids(claimed) == ["b/x"]
    assert any(statement.startswith("INSERT") for statement in locked)
    assert not [statement for statement in locked if "searchable" in statement]
