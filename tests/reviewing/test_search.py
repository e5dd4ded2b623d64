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
