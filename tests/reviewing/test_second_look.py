"""Second looks: asked of everybody but who decided, counted, and deciding nothing."""

from curate.reviewing import choices
from curate.reviewing.fold import fold
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import NOW, ids


def test_second_looks_count_for_the_agreement_and_decide_nothing(shared: Store) -> None:
    for item, action in zip(shared.queue.find(limit=3), (Action.DROP, Action.KEEP, Action.DROP), strict=True):
        shared.log.decide(choices.decide_all(item, action), reviewer="ana", now=NOW)
    sample = shared.second_looks.sample(reviewer="rui", size=2)
    assert len(sample) == 2
    assert shared.second_looks.sample(reviewer="ana", size=9) == [], "nobody is asked about a decision of their own"
    before = fold(shared.log.decisions()).standing
    shared.second_looks.give_opinion(choices.decide_all(sample[0], Action.KEEP), reviewer="rui", now=NOW)
    assert ids(shared.second_looks.sample(reviewer="rui", size=2)) == [sample[1].item_id]
    assert fold(shared.log.decisions()).standing == before
    assert [rating.action for rating in shared.second_looks.ratings() if rating.reviewer == "rui"] == [Action.KEEP]
