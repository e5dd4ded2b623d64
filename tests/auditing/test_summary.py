"""Table 1: what counts, where, and what counts as confirmed."""

import itertools

import pandas as pd
import pytest

import curate
from curate.auditing import summary
from curate.auditing.summary import class_summary, first_category
from curate.reviewing.fold import Decision, fold, rule
from curate.schema import Action
from tests.conftest import Audited
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
    cats = class_summary(images_of(PATHS), findings, rule(findings, images_of(PATHS), fold(log))).loc["cats"]
    assert {
        name.partition("_")[0]: n for name, n in cats.items() if str(name).endswith("_confirmed") and n
    } == confirmed
    assert sum(n for name, n in cats.items() if str(name).endswith("_flagged")) == 1


def test_an_image_counts_in_its_first_category_in_whatever_order_findings_come() -> None:
    order = ["truncated", "resized", "blurry", "suspected_mislabel"]
    for count in (2, 3, 4):
        for kinds in itertools.permutations(order, count):
            first = min(kinds, key=order.index)
            found = findings_of([finding(PATH, kind) for kind in kinds])
            assert first_category(found) == {PATH: finding(PATH, first)["category"]}


def test_neither_a_keeper_nor_what_merely_informs_counts() -> None:
    rows = [
        finding("cats/0.jpg", "resized", role="keeper", group="g"),
        finding("cats/1.jpg", "resized", role="copy", group="g"),
        finding("cats/2.jpg", "wrong_extension"),
        finding("cats/3.jpg", "blurry", score=0.4),
        finding("dogs/0.jpg", "blurry", score=0.6),
        finding("dogs/0.jpg", "dark", score=0.3),
        finding("dogs/1.jpg", "truncated", score=0.1) | {"severity": "error"},
    ]
    findings = findings_of(rows)
    assert [*first_category(findings)] == ["cats/1.jpg", "cats/3.jpg", "dogs/0.jpg", "dogs/1.jpg"]
    assert summary.by_kind(findings)[["kind", "images"]].to_numpy().tolist() == [
        ["blurry", 2],
        ["dark", 1],
        ["resized", 1],
        ["truncated", 1],
    ]
    worst = summary.worst(findings, 3)[["path", "kind"]].to_numpy().tolist()
    assert worst == [["dogs/1.jpg", "truncated"], ["dogs/0.jpg", "blurry"], ["cats/1.jpg", "resized"]]


def test_of_images_that_are_as_bad_the_first_by_path_comes_first_with_its_first_kind() -> None:
    found = [finding(path, kind) for path in PATHS[2::-1] for kind in ("dark", "blurry")]
    worst = summary.worst(findings_of(found))[["path", "kind"]].to_numpy().tolist()
    assert worst == [[path, "blurry"] for path in PATHS[:3]]


def test_images_without_a_class_have_a_row_and_the_last_row_adds_up() -> None:
    images = images_of(["cats/0.jpg", "cats/1.jpg", "loose.jpg", "more.jpg", "third.jpg"])
    findings = findings_of([finding(path, "blurry") for path in ("cats/0.jpg", "loose.jpg", "more.jpg")])
    table = class_summary(images, findings, {})
    assert [*table.index] == ["(no class)", "cats", "Total"]
    assert table["images"].tolist() == [3, 2, 5]
    assert table["unsuitable_flagged"].tolist() == [2, 1, 3]
    assert table.drop(columns=["images", "unsuitable_flagged"]).to_numpy().sum() == 0


def test_a_class_called_as_the_last_row_is_told_apart_from_it() -> None:
    images = images_of(["Total/0.jpg", "Total/1.jpg", "(no class)/0.jpg", "loose.jpg"])
    table = class_summary(images, findings_of([]), {})
    assert [*table["images"].items()] == [("(no class)", 1), ("(no class) *", 1), ("Total", 2), ("Total *", 4)]
    assert class_summary(images_of(["a/0.jpg"]), findings_of([]), {}).index.tolist() == ["a", "Total"]


def test_classes_before_and_after_count_what_waits_and_what_moves() -> None:
    rows = [
        ("a", "keep", "a"),
        ("a", "drop", None),
        ("a", "relabel", "b"),
        (None, "pending", None),
        ("c", "drop", None),
    ]
    manifest = pd.DataFrame(rows, columns=["label", "action", "final_label"], dtype=object)
    assert summary.balance(manifest).to_dict("index") == {
        "(no class)": {"before": 1, "after": 1},
        "a": {"before": 3, "after": 1},
        "b": {"before": 0, "after": 1},
        "c": {"before": 1, "after": 0},
    }


def test_what_waits_counts_only_images_that_are_undecided() -> None:
    findings = findings_of([finding(path, "blurry") for path in PATHS[:3]])
    manifest = pd.DataFrame({"path": PATHS[:3], "action": ["pending", "keep", "drop"]})
    assert summary.waiting(findings, manifest)[["kind", "images"]].to_numpy().tolist() == [["blurry", 1]]


def test_status_counts_every_image_once_by_what_was_decided(audited: Audited) -> None:
    before = curate.status(audited.workspace.root)
    total = len(audited.audit.images)
    flagged = len({*audited.audit.findings.query("severity != 'info' and role != 'keeper'")["path"]})
    assert before.verdicts == {"keep": total - flagged, "drop": 0, "relabel": 0, "pending": flagged}
    curate.decide(audited.workspace.root, curate.Selection(paths=("dogs/night.jpg",)), Action.DROP, reviewer="ana")
    after = curate.status(audited.workspace.root)
    assert after.verdicts == {**before.verdicts, "drop": 1, "pending": flagged - 1}
    assert (before.stale, after.stale) == ([], [])
    assert (before.spared, after.spared) == ([], [])
    assert after.class_summary.loc["dogs", "unsuitable_confirmed"] == 1
