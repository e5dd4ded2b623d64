"""What is derived from the log: kept up a decision at a time, it is what rebuilding it gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.reviewing.fold import fold
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import NOW, finding, ids, images, table

steps = st.lists(
    st.tuples(
        st.sampled_from(["ana", "rui"]),
        st.sampled_from(["keep", "drop", "relabel", "defer", "undo", "redo", "revert"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_what_stands_is_the_log_replayed(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[str, str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("fold")
    findings = table(*(finding(f"a/{index}") for index in range(4)))
    with Store(folder / "review.sqlite") as store:
        store.queue.sync(findings, images(findings))
        for who, what, index in taken:
            if what == "undo":
                store.log.undo(reviewer=who, now=NOW)
            elif what == "redo":
                store.log.redo(reviewer=who, now=NOW)
            elif what == "revert":
                store.log.revert([max(1, len(store.log.decisions()) - index)], reviewer=who, now=NOW)
            else:
                choice = Choice(
                    finding_id=f"blurry:a/{index}",
                    path=f"a/{index}",
                    sha256=f"sha-a/{index}",
                    action=Action(what),
                    new_label="b" if what == "relabel" else None,
                )
                store.log.decide([choice], reviewer=who, now=NOW)
        kept_up = {item.item_id: item.findings[0]["action"] for item in store.queue.find(pending=None, limit=9)}
        left = ids(store.queue.find(limit=9))
        assert {line.decision.id for line in store.log.lines() if line.stands} == {
            d.id for d in fold(store.log.decisions()).live
        }
        counted = store.queue.progress()
        store.queue.sync(findings, images(findings))
        rebuilt = {item.item_id: item.findings[0]["action"] for item in store.queue.find(pending=None, limit=9)}
        replayed = {path: str(d.action) for (_, path), d in fold(store.log.decisions()).standing.items()}
        assert kept_up == rebuilt
        assert {path: action for path, action in kept_up.items() if action} == replayed
        assert left == ids(store.queue.find(limit=9))
        assert counted == store.queue.progress()
