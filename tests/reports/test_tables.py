"""The arithmetic of the report's tables, and the choice of what is shown."""

import re
from dataclasses import replace
from html import unescape
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.auditing import gallery
from curate.dataset import manifest as manifests
from curate.i18n import languages, translator
from curate.reports import benchmark_tables, chart, tables, wording
from curate.reviewing.fold import Decision, fold, rule
from curate.scanners import kinds
from curate.schema import FINDINGS, IMAGES, Action
from tests.i18n import everything

PATHS = [f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(4)]
HASHES = {path: f"{index:064x}" for index, path in enumerate(PATHS)}


def images_of(paths: list[str]) -> pd.DataFrame:
    rows = [
        {
            **dict.fromkeys(IMAGES.names),
            "path": path,
            "label": path.split("/")[0] if "/" in path else None,
            "sha256": HASHES.get(path),
            "size_bytes": 1,
            "status": "ok",
        }
        for path in paths
    ]
    return pd.DataFrame(rows, columns=IMAGES.names, dtype=object)


def finding(
    path: str, kind: str, *, role: str = "subject", group: str | None = None, score: float = 0.5
) -> dict[str, object]:
    return {
        **dict.fromkeys(FINDINGS.names),
        "finding_id": f"{kind}:{path}",
        "category": str(kinds()[kind].category),
        "kind": kind,
        "path": path,
        "label": path.split("/", maxsplit=1)[0],
        "group_id": group,
        "role": role,
        "score": score,
        "severity": "info" if kind in ("wrong_extension", "odd_metadata") else "warning",
        "reason": "Why.",
        "suggestion": "drop",
        "evidence": "{}",
    }


def findings_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=FINDINGS.names).astype({"group_id": object, "label": object})


def decision(number: int, path: str, kind: str, action: Action, **more: object) -> Decision:
    return Decision(
        **{
            "id": number,
            "batch": number,
            "finding_id": f"{kind}:{path}",
            "path": path,
            "sha256": HASHES[path],
            "pair_sha256": None,
            "action": action,
            "new_label": "owls" if action is Action.RELABEL else None,
            "reviewer": "ana",
            "note": None,
            "decided_at": f"2026-01-01T00:00:{number:02}Z",
            "reverts": None,
            **more,
        }
    )


KINDS = ["truncated", "blurry", "dark", "wrong_extension"]
ACTIONS = [Action.KEEP, Action.DROP, Action.RELABEL, Action.DEFER]
some_findings = st.sets(st.tuples(st.sampled_from(PATHS), st.sampled_from(KINDS)))
some_decisions = st.lists(
    st.tuples(st.sampled_from(PATHS), st.sampled_from(KINDS[:3]), st.sampled_from(ACTIONS)), max_size=30
)


@settings(deadline=None)
@given(some_findings, some_decisions)
def test_every_flagged_image_has_one_outcome_and_every_class_adds_up(
    found: set[tuple[str, str]], decided: list[tuple[str, str, Action]]
) -> None:
    images = images_of(PATHS)
    findings = findings_of([finding(path, kind) for path, kind in sorted(found)])
    log = [decision(number, *choice) for number, choice in enumerate(decided, start=1)]
    rulings = rule(findings, images_of(PATHS), fold(log))

    by_kind = tables.by_kind(tables.outcomes(findings, rulings))
    outcomes = [str(outcome) for outcome in tables.Outcome]
    assert (by_kind["flagged"] == by_kind[outcomes].sum(axis=1)).all()
    assert dict(zip(by_kind["kind"], by_kind["flagged"], strict=True)) == {
        kind: sum(other == kind for _, other in found) for kind in KINDS[:3] if any(other == kind for _, other in found)
    }

    manifest = manifests.build(images, findings, log, source="")
    counts = tables.class_counts(images, rulings)
    assert (counts["after"] == counts["before"] - counts["dropped"] - counts["moved_out"] + counts["moved_in"]).all()
    assert counts["moved_in"].sum() == counts["moved_out"].sum()
    assert counts["before"].sum() == len(images)
    kept = manifest[manifest["action"] != "drop"]["final_label"].value_counts()
    assert counts["after"][counts["after"] > 0].to_dict() == kept.to_dict()
    assert counts["undecided"].sum() == (manifest["action"] == "pending").sum()


def test_a_dropped_image_is_dropped_under_each_of_its_kinds() -> None:
    path = PATHS[0]
    findings = findings_of([finding(path, "blurry"), finding(path, "dark")])
    log = [decision(1, path, "dark", Action.DROP, note="night")]
    decided = tables.outcomes(findings, rule(findings, images_of(PATHS), fold(log)))
    assert decided["outcome"].tolist() == ["dropped", "dropped"]
    assert decided["note"].tolist() == ["night", "night"]


def test_one_kind_may_be_settled_while_the_image_still_waits() -> None:
    path = PATHS[0]
    findings = findings_of([finding(path, "blurry"), finding(path, "dark")])
    decided = tables.outcomes(
        findings, rule(findings, images_of(PATHS), fold([decision(1, path, "dark", Action.KEEP)]))
    )
    assert dict(zip(decided["kind"], decided["outcome"], strict=True)) == {"blurry": "undecided", "dark": "kept"}


def test_what_was_given_the_class_that_it_has_by_now_is_kept() -> None:
    path = PATHS[0]
    findings = findings_of([finding(path, "blurry"), finding(path, "dark")])
    log = [decision(1, path, "dark", Action.RELABEL, new_label="cats", note="a cat")]
    folded = fold(log)
    rulings = rule(findings, images_of(PATHS), folded)
    decided = tables.outcomes(findings, rulings).set_index("kind")
    assert decided["outcome"].to_dict() == {"blurry": "undecided", "dark": "kept"}
    assert decided.loc["dark", ["new_label", "reviewer", "note"]].tolist() == [None, "ana", "a cat"]
    assert tables.decisions(log, folded, rulings, findings)["state"].tolist() == ["in_force"]


def test_what_informs_has_no_outcome() -> None:
    findings = findings_of([finding(PATHS[0], "wrong_extension")])
    decided = tables.outcomes(findings, rule(findings, images_of(PATHS), fold([])))
    assert decided[tables.DECIDED].to_numpy().tolist() == [[None] * 5]
    assert tables.by_kind(decided).empty
    assert tables.informational(decided).to_dict("records") == [
        {"category": "corrupted", "kind": "wrong_extension", "images": 1}
    ]


def test_each_row_of_the_log_says_what_has_become_of_it() -> None:
    blurry, dark, gone, changed, undone, informed = PATHS[:6]
    rows = [finding(path, "blurry") for path in (blurry, dark, changed, undone)]
    findings = findings_of([*rows, finding(informed, "wrong_extension")])
    log = [
        decision(1, blurry, "blurry", Action.KEEP),
        decision(2, blurry, "blurry", Action.DROP),
        decision(3, dark, "blurry", Action.DEFER),
        decision(4, gone, "blurry", Action.DROP),
        decision(5, changed, "blurry", Action.DROP, sha256="f" * 64),
        decision(6, undone, "blurry", Action.DROP),
        decision(7, undone, "blurry", Action.UNDO, reverts=6),
        decision(8, informed, "wrong_extension", Action.DROP),  # when it still asked for a decision
    ]
    folded = fold(log)
    table = tables.decisions(log, folded, rule(findings, images_of(PATHS), folded), findings)
    assert dict(zip(table["id"], table["state"], strict=True)) == {
        8: "no_finding",
        7: "takes_back",
        6: "taken_back",
        5: "stale",
        4: "no_finding",
        3: "in_force",
        2: "in_force",
        1: "superseded",
    }
    assert table["id"].tolist() == [8, 7, 6, 5, 4, 3, 2, 1]
    assert tables.reviewers(table).to_dict("records") == [
        {"reviewer": "ana", "decisions": 7, "first": log[0].decided_at, "last": log[-1].decided_at}
    ]


def test_a_decision_that_followed_its_image_to_another_path_is_superseded_at_the_old_one() -> None:
    old, new = PATHS[:2]
    findings = findings_of([finding(old, "blurry"), finding(new, "blurry")])
    images = images_of(PATHS)
    sha256 = images.set_index("path").loc[new, "sha256"]
    first = decision(1, old, "blurry", Action.DROP, sha256=sha256)
    second = decision(2, new, "blurry", Action.DROP, note=f"moved from {old}", sha256=sha256)
    log = [first, replace(second, decided_at=first.decided_at)]
    folded = fold(log)
    table = tables.decisions(log, folded, rule(findings, images, folded), findings)
    assert table["state"].tolist() == ["in_force", "superseded"]


def test_what_a_broken_header_claims_is_not_a_resolution() -> None:
    images = images_of(PATHS[:3]).assign(
        format=["PNG", "PNG", None], width=[10, 4000, None], height=[20, 4000, None], status=["ok", "error", "error"]
    )
    assert tables.resolutions(images) == dict.fromkeys(("smallest", "median", "largest"), "10 × 20")  # noqa: RUF001
    assert tables.formats(images)["smallest"].tolist() == ["10 × 20", None]  # noqa: RUF001


def test_a_dataset_without_splits_has_no_table_of_them() -> None:
    assert tables.splits(images_of(PATHS)).empty
    split = images_of(PATHS).assign(split=["train"] * 6 + ["test"] + [None])
    assert tables.splits(split).loc["dogs"].to_dict() == {"": 1, "test": 1, "train": 2}


def test_images_without_a_class_are_counted_as_such() -> None:
    counts = tables.class_counts(images_of(["cats/0.jpg", "loose.jpg"]), {})
    assert counts["after"].to_dict() == {"cats": 1, None: 1}


# What is shown


def duplicates(groups: int, copies: int, label: str = "cats") -> list[dict[str, object]]:
    rows = []
    for number in range(groups):
        group = f"{label}{number}"
        rows.append(finding(f"{label}/{number}-keeper.jpg", "resized", role="keeper", group=group, score=0.0))
        rows += [
            finding(f"{label}/{number}-{copy}.jpg", "resized", role="copy", group=group, score=0.9)
            for copy in range(copies)
        ]
    return rows


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(1, 20), st.integers(2, 14))
def test_no_copy_without_its_keeper_and_never_more_than_the_limit(groups: int, copies: int, limit: int) -> None:
    findings = findings_of(duplicates(groups, copies))
    chosen = gallery.choose(tables.outcomes(findings, {}).assign(outcome="undecided"), "resized", limit)
    assert chosen
    assert sum(group.image_count for group in chosen) <= limit
    for group in chosen:
        assert group.keeper is not None
        assert group.keeper["group_id"] == group.members[0]["group_id"]
        assert len(group.members) + group.more == copies


def test_the_worst_of_each_class_are_shown_in_turn() -> None:
    rows = [finding(f"cats/{n}.jpg", "blurry", score=0.9 - n / 100) for n in range(20)]
    rows += [finding(f"dogs/{n}.jpg", "blurry", score=0.5 + n / 100) for n in range(2)]
    chosen = gallery.choose(tables.outcomes(findings_of(rows), {}), "blurry", 5)
    assert [group.members[0]["path"] for group in chosen] == [
        "cats/0.jpg",
        "dogs/1.jpg",
        "cats/1.jpg",
        "dogs/0.jpg",
        "cats/2.jpg",
    ]


# The chart


def counts_of(labels: list[str | None]) -> pd.DataFrame:
    number = range(len(labels))
    return pd.DataFrame(
        {"before": [100 - n for n in number], "undecided": 1, "after": [90 - n for n in number]},
        index=pd.Index(labels, dtype=object),
    )


@pytest.mark.parametrize(
    "label",
    [
        pytest.param("$\\frac{1}$", id="no mathematics"),
        pytest.param("<b>&amp;", id="no markup"),
        pytest.param("喜び 😀", id="letters that the measuring font lacks"),
        pytest.param("#010101", id="no colour of ours"),
    ],
)
def test_a_class_name_is_text_in_the_chart(label: str) -> None:
    svg = chart.before_after(counts_of([label, None]), translator("en"))
    texts = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    assert label in texts
    assert "(no class)" in texts
    assert {"100", "90"} <= set(texts)


def test_the_chart_takes_its_colours_from_the_page_and_has_a_name() -> None:
    svg = chart.before_after(counts_of(["cats"]), translator("pt-BR"))
    assert set(re.findall(r"(?:fill|stroke): ([^;\"(]+(?:\(--\w+\))?)", svg)) <= {
        *("none", "url", "var(--ink)", "var(--muted)", "var(--before)", "var(--after)")
    }
    assert svg.startswith("<svg ")
    assert '<title id="chart-title">Imagens por classe antes e depois da revisão</title>' in svg


def test_a_chart_of_many_classes_shows_the_largest() -> None:
    labels = [f"class {number:03}" for number in range(chart.LIMIT + 20)]
    svg = chart.before_after(counts_of(labels), translator("en"))
    assert labels[chart.LIMIT - 1] in svg
    assert labels[chart.LIMIT] not in svg


# The words


@pytest.mark.parametrize("lang", languages())
def test_every_outcome_count_and_state_has_a_title(lang: str) -> None:
    t = translator(lang)
    assert set(wording.outcome_titles(t)) == {str(name) for name in tables.Outcome}
    assert set(wording.count_titles(t)) > {str(name) for name in tables.Outcome}
    assert set(wording.state_titles(t)) == {str(name) for name in tables.State}
    assert set(wording.absences(t)) == set(get_args(gallery.Absence))


def test_kinds_come_by_category_as_their_scanners_declare_them_and_strangers_last() -> None:
    rows = [finding(PATHS[0], kind) for kind in ("dark", "blurry", "resized", "truncated")]
    rows += [finding(PATHS[1], "blurry") | {"kind": "glare", "category": "unsuitable"}]
    decided = tables.outcomes(findings_of(rows), {}).assign(outcome="undecided")
    assert tables.by_kind(decided)["kind"].tolist() == ["truncated", "resized", "blurry", "dark", "glare"]


# The benchmark


def test_models_come_as_they_build_on_one_another_whatever_the_order_of_the_file() -> None:
    found = everything.benchmark()
    arms = found["controlled_protocol"]["arms"]
    found["controlled_protocol"]["arms"] = {name: arms[name] for name in sorted(arms)}
    tables_shown = benchmark_tables.section(found, translator("en")).tables
    accuracy, macro_f1 = [table for table in tables_shown if table.caption.startswith("Controlled")]
    assert [row[0] for row in accuracy.rows] == [row[0] for row in macro_f1.rows] == list(arms)
    confusions = [table.caption for table in tables_shown if table.caption.startswith("Confusions")]
    assert "reference" in confusions[0]
    assert "proposed (+ shrinking)" in confusions[-1]
