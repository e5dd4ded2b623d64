"""A desk takes each stroke once, in order, about what was on the screen, and answers every one."""

from collections.abc import Callable

import pytest

from curate.reviewing import choices
from curate.reviewing import desk as desk_module
from curate.reviewing.desk import Act, Answer, Desk, Result, Stroke, Target, shown
from curate.reviewing.store import Store
from curate.schema import Action
from tests.reviewing.samples import GROUP, NOW, QUEUE, finding, images, table


def target(store: Store, name: str) -> Target:
    """An item as it is on the screen now."""
    item = store.queue.item(name)
    assert item is not None
    return Target(name=name, seen=shown(item), as_of=item.as_of)


def image(store: Store, path: str) -> Target:
    (entry,) = store.catalogue.entries([path])
    return Target(name=path, seen=shown(entry), as_of=entry.as_of, image=True)


def stroke(number: int, act: Act, *targets: Target, **more: object) -> Stroke:
    return Stroke(number=number, act=act, targets=targets, **more)  # type: ignore[arg-type]


def take(desk: Desk, store: Store, *strokes: Stroke, reviewer: str = "ana") -> list[Result]:
    return [answer.result for answer in answers(desk, store, *strokes, reviewer=reviewer)]


def answers(desk: Desk, store: Store, *strokes: Stroke, reviewer: str = "ana") -> list[Answer]:
    return desk.take(strokes, store, reviewer=reviewer, now=NOW)


def log(store: Store) -> list[tuple[str, str]]:
    return [(decision.path, str(decision.action)) for decision in store.log.decisions()]


def test_a_stroke_that_is_sent_again_is_answered_again_and_taken_once(shared: Store) -> None:
    desk = Desk()
    first = stroke(1, Act.DROP, target(shared, "a/0"))
    second = stroke(2, Act.KEEP, target(shared, "a/1"))
    assert take(desk, shared, first) == [Result.DONE]
    assert take(desk, shared, second, first) == [Result.DONE, Result.DONE]
    assert log(shared) == [("a/0", "drop"), ("a/1", "keep")]
    assert desk.taken == 2


def test_of_many_answers_the_latest_are_kept_for_a_screen_that_has_not_heard_them(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "REMEMBERED", 2)
    desk, strokes = Desk(), [stroke(number, Act.UNDO) for number in range(1, 5)]
    assert [answer.number for answer in answers(desk, shared, *strokes)] == [1, 2, 3, 4]
    assert [answer.number for answer in answers(desk, shared, *strokes)] == [3, 4]


def test_strokes_are_taken_in_the_order_of_their_numbers(shared: Store) -> None:
    strokes = [stroke(2, Act.UNDO), stroke(1, Act.DROP, target(shared, "a/0"))]
    assert take(Desk(), shared, *strokes) == [Result.DONE, Result.DONE]
    assert [action for _, action in log(shared)] == ["drop", "undo"]


def test_what_has_changed_since_it_was_shown_is_not_decided(shared: Store) -> None:
    seen = target(shared, "a/0")
    shared.queue.sync(QUEUE, images(QUEUE, **{"a/0": "other bytes"}))
    assert take(Desk(), shared, stroke(1, Act.DROP, seen)) == [Result.CHANGED]
    missing = Target(name="gone", seen="x", as_of=0)
    assert take(Desk(), shared, stroke(1, Act.DROP, missing)) == [Result.CHANGED]
    assert take(Desk(), shared, stroke(1, Act.DROP)) == [Result.CHANGED], "a stroke about nothing"
    assert log(shared) == []


def test_what_somebody_else_decided_first_stays_theirs(shared: Store) -> None:
    seen = target(shared, "a/0")
    take(Desk(), shared, stroke(1, Act.KEEP, target(shared, "a/0")), reviewer="rui")
    (answer,) = answers(Desk(), shared, stroke(1, Act.DROP, seen))
    assert answer.result is Result.CONFLICT
    assert answer.conflict is not None
    assert (answer.conflict.reviewer, answer.conflict.action) == ("rui", "keep")
    assert log(shared) == [("a/0", "keep")]


def test_ones_own_earlier_stroke_is_no_conflict(shared: Store) -> None:
    """What is on the screen is older than the last answer when keys are fast."""
    desk, seen = Desk(), target(shared, "a/0")
    strokes = [stroke(1, Act.DROP, seen), stroke(2, Act.UNDO), stroke(3, Act.KEEP, seen), stroke(4, Act.DROP, seen)]
    assert take(desk, shared, *strokes) == [Result.DONE] * 4
    assert [action for _, action in log(shared)] == ["drop", "undo", "keep", "drop"]


def test_what_somebody_else_decided_before_an_undo_stays_theirs_after_it(shared: Store) -> None:
    seen, desk = target(shared, "a/0"), Desk()
    take(desk, shared, stroke(1, Act.KEEP, seen), reviewer="rui")
    take(Desk(), shared, stroke(1, Act.DROP, target(shared, "a/0")))
    at_once = stroke(2, Act.UNDO), stroke(3, Act.KEEP, seen)
    assert take(desk, shared, *at_once, reviewer="rui") == [Result.DONE, Result.CONFLICT]
    assert take(desk, shared, stroke(4, Act.KEEP, target(shared, "a/0")), reviewer="rui") == [Result.DONE], "shown"


def test_ones_own_undos_are_no_conflict(shared: Store) -> None:
    seen = target(shared, "a/0")
    strokes = [stroke(1, Act.KEEP, seen), stroke(2, Act.DROP, seen), stroke(3, Act.UNDO), stroke(4, Act.UNDO)]
    assert take(Desk(), shared, *strokes, stroke(5, Act.DROP, seen)) == [Result.DONE] * 5


def test_of_many_images_those_that_others_decided_are_left_as_they_are(shared: Store) -> None:
    seen = [image(shared, f"a/{number}") for number in range(3)]
    take(Desk(), shared, stroke(1, Act.KEEP, target(shared, "a/1")), reviewer="rui")
    (answer,) = answers(Desk(), shared, stroke(1, Act.DROP, *seen))
    assert (answer.result, answer.beaten) == (Result.DONE, frozenset({"a/1"}))
    assert answer.step is not None
    assert {decision.path for decision in answer.step.decisions} == {"a/0", "a/2"}


def test_undo_says_what_it_took_back_and_redo_what_it_did_again(shared: Store) -> None:
    desk = Desk()
    take(desk, shared, stroke(1, Act.DROP, target(shared, "a/0")))
    back, again, nothing = answers(desk, shared, stroke(2, Act.UNDO), stroke(3, Act.REDO), stroke(4, Act.REDO))
    for answer in (back, again):
        assert answer.step is not None
        assert [(d.path, str(d.action)) for d in answer.step.decisions] == [("a/0", "drop")]
        assert answer.item_id == "a/0"
    assert nothing.result is Result.NOTHING_AGAIN
    assert take(desk, shared, stroke(5, Act.REVERT, step=1), stroke(6, Act.REVERT, step=1)) == ["done", "nothing"]


def test_a_group_is_dropped_kept_or_narrowed_to_one(store: Store) -> None:
    desk = Desk()
    assert take(desk, store, stroke(1, Act.DROP, target(store, "g"))) == [Result.NO_SURVIVOR]
    assert log(store) == []
    strokes = [
        stroke(2, Act.DROP, target(store, "g"), confirmed=True),
        stroke(3, Act.UNDO),
        stroke(4, Act.ONLY, target(store, "g"), path="a/small"),
    ]
    assert take(desk, store, *strokes) == [Result.DONE] * 3
    kept = {decision.path for decision in store.log.decisions()[-4:] if decision.action is Action.KEEP}
    assert kept == {"a/small"}
    assert take(desk, store, stroke(5, Act.ONLY, target(store, "g"), path="b/x")) == [Result.FAILED]
    assert take(desk, store, stroke(6, Act.KEEP, target(store, "g"), path="a/big")) == [Result.FAILED]


def test_relabelling_a_group_keeps_one_image_under_the_class(store: Store) -> None:
    desk = Desk()
    group = target(store, "g")
    assert take(desk, store, stroke(1, Act.RELABEL, group, label="b", path="a/small")) == [Result.DONE]
    assert {(d.path, str(d.action), d.new_label) for d in store.log.decisions()} == {
        ("a/big", "drop", None), ("a/small", "relabel", "b"), ("a/tiny", "drop", None),
    }  # fmt: skip
    take(desk, store, stroke(2, Act.UNDO))
    assert take(desk, store, stroke(3, Act.RELABEL, group, label="b")) == [Result.DONE]
    assert [(d.path, d.new_label) for d in store.log.decisions()[-4:] if d.action is not Action.DROP] == [
        ("a/big", "b")
    ], "the keeper, where none is named"
    assert take(desk, store, stroke(4, Act.UNDO), stroke(5, Act.RELABEL, group, label="a")) == [Result.DONE] * 2


def test_of_several_images_those_that_have_the_class_already_are_kept(store: Store) -> None:
    seen = [image(store, "b/x"), image(store, "a/big")]
    assert take(Desk(), store, stroke(1, Act.RELABEL, *seen, label="a")) == [Result.DONE]
    assert {(d.path, str(d.action), d.new_label) for d in store.log.decisions()} == {
        ("b/x", "relabel", "a"), ("a/big", "keep", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "new_class", "result", "close"),
    [
        pytest.param("b", False, Result.DONE, None, id="a class"),
        pytest.param(" b ", False, Result.DONE, None, id="with blanks"),
        pytest.param("a", False, Result.SAME_CLASS, None, id="the class it has"),
        pytest.param("A", True, Result.NEW_CLASS, "a", id="another case"),
        pytest.param("birds", False, Result.NEW_CLASS, None, id="one that nobody confirmed"),
        pytest.param("birds", True, Result.DONE, None, id="a new one"),
        pytest.param("  ", True, Result.NEW_CLASS, None, id="none"),
    ],
)
def test_a_class_comes_about_only_where_a_person_confirms_it(
    store: Store, label: str, new_class: bool, result: Result, close: str | None
) -> None:
    findings = table(finding("a/0"), finding("b/1"))
    store.queue.sync(findings, images(findings))
    (answer,) = answers(Desk(), store, stroke(1, Act.RELABEL, target(store, "a/0"), label=label, new_class=new_class))
    assert (answer.result, answer.close) == (result, close)
    assert len(store.log.decisions()) == (result is Result.DONE)


def test_an_image_that_was_given_another_class_is_given_its_own_again(store: Store) -> None:
    strokes = [stroke(number, Act.RELABEL, image(store, "b/x"), label=label) for number, label in ((1, "a"), (2, "b"))]
    assert take(Desk(), store, *strokes) == [Result.DONE] * 2
    assert log(store) == [("b/x", "relabel"), ("b/x", "keep")]


@pytest.mark.parametrize("of", [target, image])
def test_an_image_without_a_class_is_kept_like_any_other(store: Store, of: Callable[[Store, str], Target]) -> None:
    findings = table(finding("a/0", label=None))
    store.queue.sync(findings, images(findings).assign(label=None))
    assert take(Desk(), store, stroke(1, Act.KEEP, of(store, "a/0"))) == [Result.DONE]


def test_a_single_image_is_rejected_though_what_flags_it_suggests_to_keep_it(store: Store) -> None:
    findings = table(finding("a/0", "odd_size", suggestion="keep"))
    store.queue.sync(findings, images(findings))
    take(Desk(), store, stroke(1, Act.REJECT, target(store, "a/0")))
    assert log(store) == [("a/0", "drop")]


def test_images_are_relabelled_restored_and_put_off_by_themselves(store: Store) -> None:
    desk = Desk()
    strokes = [
        stroke(1, Act.RELABEL, image(store, "b/x"), label="a"),
        stroke(2, Act.KEEP, image(store, "b/x")),
        stroke(3, Act.LATER, image(store, "b/y")),
    ]
    assert take(desk, store, *strokes) == [Result.DONE] * 3
    assert [(path, action) for path, action in log(store)] == [("b/x", "relabel"), ("b/x", "keep"), ("b/y", "defer")]
    assert take(desk, store, stroke(4, Act.ONLY, image(store, "b/x"), path="b/x")) == [Result.FAILED]
    assert take(desk, store, stroke(5, Act.RELABEL, image(store, "b/x"), label="b")) == [Result.SAME_CLASS]


def test_a_store_that_cannot_be_written_answers_with_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.errors import WorkspaceError

    def full(*_: object, **__: object) -> None:
        raise WorkspaceError("the disk is full")

    seen = target(store, "b/x")
    monkeypatch.setattr(store.log, "decide", full)
    (answer,) = answers(Desk(), store, stroke(1, Act.KEEP, seen))
    assert (answer.result, answer.error) == (Result.FAILED, "the disk is full")


def test_an_image_of_a_group_is_decided_by_itself(store: Store) -> None:
    assert take(Desk(), store, stroke(1, Act.DROP, image(store, "a/small"))) == [Result.DONE]
    assert log(store) == [("a/small", "drop")]
    item = store.queue.item("g")
    assert item is not None
    assert choices.survivor(item) == "a/big"
    assert len(GROUP) == 6


def test_a_group_is_decided_whole_or_not_at_all(store: Store) -> None:
    seen = target(store, "g")
    take(Desk(), store, stroke(1, Act.KEEP, image(store, "a/small")), reviewer="rui")
    assert take(Desk(), store, stroke(1, Act.REJECT, seen)) == [Result.CONFLICT]
    assert log(store) == [("a/small", "keep")]


def test_what_a_screen_sends_is_named_as_the_screen_names_it() -> None:
    """These words are the browser's as well: `ui/surface` speaks them."""
    assert {act.value for act in Act} == {
        "keep", "drop", "reject", "only", "later", "relabel", "undo", "redo", "revert",
    }  # fmt: skip
    assert {result.value for result in Result} >= {"done", "conflict", "no_survivor", "changed", "failed", "nothing"}
