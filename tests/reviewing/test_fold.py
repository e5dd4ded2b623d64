"""The fold: what the log comes to, by itself."""

from curate.reviewing.fold import Decision, fold
from curate.schema import Action
from tests.reviewing.samples import NOW


def test_reverting_an_undo_restores_the_decision() -> None:
    def row(number: int, action: str, reverts: int | None = None) -> Decision:
        return Decision(
            id=number, batch=number, finding_id="f", path="p", sha256="s", pair_sha256=None, action=Action(action),
            new_label=None, reviewer="ana", note=None, decided_at=NOW, reverts=reverts,
        )  # fmt: skip

    log = [row(1, "keep"), row(2, "drop"), row(3, "undo", 2), row(4, "undo", 3)]
    actions = [fold(log[:end]).standing["f", "p"].action for end in (1, 2, 3, 4)]
    assert actions == [Action.KEEP, Action.DROP, Action.KEEP, Action.DROP]
