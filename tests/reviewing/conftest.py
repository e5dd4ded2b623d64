"""Open stores for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.reviewing.store import Store
from tests.reviewing.samples import GROUP, QUEUE, images


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A queue of one group and one image."""
    with Store(tmp_path / "review.sqlite") as opened:
        opened.queue.sync(GROUP, images(GROUP))
        yield opened


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Store]:
    """A queue of four images, for several reviewers."""
    with Store(tmp_path / "review.sqlite") as opened:
        opened.queue.sync(QUEUE, images(QUEUE))
        yield opened
