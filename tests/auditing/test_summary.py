"""Table 1: what counts as confirmed."""

import pytest

from curate.auditing.summary import class_summary
from curate.reviewing.fold import Decision, fold, rule
from curate.schema import Action
from tests.reports.test_tables import HASHES, PATHS, finding, findings_of, images_of

PATH = "cats/1.jpg"


@pytest.mark.parametrize(
    ("kinds", "action", "confirmed"),
    [
        pytest.param(["blurry"], Action.DROP, {"unsuitable": 1}, id="dropped"),
        pytest.param(["blurry"], Action.RELABEL, {}, id="blurred, and of another class: it stays blurred"),
        pytest.param(["suspected_mislabel"], Action.RELABEL, {"label": 1}, id="a doubted class that was wrong"),
        pytest.param(["suspected_mislabel"], Action.KEEP, {}, id="a doubted class that was right"),
        pytest.param(
            ["label_conflict"], Action.RELABEL, {"duplicate": 1}, id="a copy that moves to its keeper's class"
        ),
        pytest.param(["resized"], Action.RELABEL, {}, id="a copy that stays one"),
        pytest.param(["blurry", "suspected_mislabel"], Action.RELABEL, {}, id="counted as unsuitable, doubted too"),
    ],
)
def test_another_class_confirms_only_a_doubt_about_the_class(
    kinds: list[str], action: Action, confirmed: dict[str, int]
) -> None:
    findings = findings_of([finding(PATH, kind, role="copy" if kind == "resized" else "subject") for kind in kinds])
    log = [
        Decision(
            id=number,
            batch=1,
            finding_id=f"{kind}:{PATH}",
            path=PATH,
            sha256=HASHES[PATH],
            pair_sha256=None,
            action=action,
            new_label="dogs" if action is Action.RELABEL else None,
            reviewer="ana",
            note=None,
            decided_at="2026-01-01T00:00:00Z",
            reverts=None,
        )
        for number, kind in enumerate(kinds, start=1)
    ]
    cats = class_summary(images_of(PATHS), findings, rule(findings, HASHES, fold(log))).loc["cats"]
    assert {
        name.partition("_")[0]: n for name, n in cats.items() if str(name).endswith("_confirmed") and n
    } == confirmed
    assert sum(n for name, n in cats.items() if str(name).endswith("_flagged")) == 1
