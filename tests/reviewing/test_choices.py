"""What a key means: one choice for each finding of the item, bound to what was on the screen."""

from curate.reviewing import choices
from curate.reviewing.log import Choice
from curate.reviewing.store import Store
from curate.schema import Action


def actions(chosen: list[Choice]) -> list[tuple[str, str, str | None]]:
    return [(choice.finding_id, str(choice.action), choice.new_label) for choice in chosen]


def test_one_action_for_every_finding_of_an_item(store: Store) -> None:
    (group,) = store.queue.find()
    assert actions(choices.decide_all(group, Action.KEEP)) == [
        ("resized:a/big", "keep", None),
        ("resized:a/small", "keep", None),
        ("resized:a/tiny", "keep", None),
        ("blurry:a/tiny", "keep", None),
    ]
    assert {choice.sha256 for choice in choices.decide_all(group, Action.KEEP)} == {
        "sha-a/big",
        "sha-a/small",
        "sha-a/tiny",
    }


def test_a_new_label_goes_with_a_relabelling_only(store: Store) -> None:
    (single,) = store.queue.find(after_rank=0)
    assert actions(choices.decide_all(single, Action.RELABEL, "c")) == [("blurry:b/x", "relabel", "c")]
    assert actions(choices.decide_all(single, Action.DROP, "c")) == [("blurry:b/x", "drop", None)]


def test_to_reject_a_group_keeps_the_keeper_and_to_reject_an_image_drops_it(store: Store) -> None:
    group, single = store.queue.find(limit=2)
    assert [(c.path, str(c.action)) for c in choices.reject(group)] == [
        ("a/big", "keep"),
        ("a/small", "drop"),
        ("a/tiny", "drop"),
        ("a/tiny", "drop"),
    ]
    assert actions(choices.reject(single)) == [("blurry:b/x", "drop", None)]


def test_another_image_of_a_group_can_be_the_one_to_keep(store: Store) -> None:
    (group,) = store.queue.find()
    assert {c.path: str(c.action) for c in choices.keep_only(group, "a/small")} == {
        "a/big": "drop",
        "a/small": "keep",
        "a/tiny": "drop",
    }


def test_a_choice_knows_what_the_log_held_when_the_item_was_shown(store: Store) -> None:
    (group,) = store.queue.find()
    assert {choice.as_of for choice in choices.reject(group)} == {0}
    store.log.decide(choices.reject(group), reviewer="ana", now="now")
    (single,) = store.queue.find()
    assert {choice.as_of for choice in choices.reject(single)} == {4}
