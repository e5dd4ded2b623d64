"""Kinds belong to scanners and are found by name; a box is what evidence says, or nothing."""

import pytest

from curate.errors import ConfigError
from curate.findings import Box, Finding, Kinds, KindSpec
from curate.i18n import msg
from curate.schema import Category, Severity


def kind(name: str, category: Category = Category.UNSUITABLE, title: str = "") -> KindSpec:
    return KindSpec(
        name=name, category=category, title=title or name.title(), meaning="It is so.", message="{n} of it."
    )


def test_kinds_come_in_the_order_of_table_1_and_then_as_declared() -> None:
    kinds = Kinds([kind("odd"), kind("cut", Category.CORRUPTED), kind("even"), kind("same", Category.DUPLICATE)])
    assert list(kinds) == ["cut", "same", "odd", "even"]
    assert sorted(["even", "unknown", "cut", "also_unknown"], key=kinds.rank) == [
        "cut",
        "even",
        "also_unknown",
        "unknown",
    ]
    assert len(kinds) == 4


def test_two_scanners_may_share_a_kind_and_not_a_name() -> None:
    assert list(Kinds([kind("odd"), kind("odd")])) == ["odd"]
    with pytest.raises(ConfigError, match="two scanners declare the kind 'odd'"):
        Kinds([kind("odd"), kind("odd", title="Strange")])


def test_a_kind_whose_scanner_is_gone_goes_by_its_name() -> None:
    kinds = Kinds([kind("odd")])
    assert kinds.described("odd", "unsuitable") is kinds["odd"]
    unknown = kinds.described("too_loud", "label")
    assert (unknown.title, unknown.category, unknown.meaning) == ("Too loud", Category.LABEL, "")
    with pytest.raises(ValueError, match="nonsense"):
        kinds.described("too_loud", "nonsense")


def test_a_finding_has_the_severity_of_its_kind_unless_it_has_its_own() -> None:
    def found(severity: Severity | None) -> Severity | None:
        return Finding(kind=kind("odd"), path="a", score=1, message=msg("x"), severity=severity).severity

    assert found(None) is Severity.WARNING
    assert found(Severity.INFO) is Severity.INFO


def test_an_id_comes_from_scanner_kind_and_paths_alone() -> None:
    def identity(
        scanner: str = "s", name: str = "odd", path: str = "a", key: tuple[str, ...] = (), score: float = 1
    ) -> str:
        return Finding(kind=kind(name), path=path, score=score, message=msg("x"), key=key).finding_id(scanner)

    assert identity() == identity(score=0.5) == identity(key=("a",))
    assert len({identity(), identity("t"), identity(name="even"), identity(path="b"), identity(key=("a", "b"))}) == 5


def test_a_reason_is_the_kinds_message_with_numbers() -> None:
    finding = Finding(kind=kind("odd"), path="a", score=1, message=kind("odd").says(n=3))
    assert finding.reason == "3 of it."


def test_a_box_survives_evidence() -> None:
    box = Box(left=1, top=2.5, width=3, height=4, what="face", score=0.9)
    assert Box.from_evidence(box.evidence()) == box
    assert box.area == 12
    assert "text" not in box.evidence()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "face",
        {"what": ["face"], "left": 0, "top": 0, "width": 1, "height": 1},
        {"what": "face", "left": 0, "top": 0, "width": 1},
        {"what": "face", "left": 0, "top": 0, "width": 0, "height": 1},
        {"what": "face", "left": 0, "top": 0, "width": 1, "height": -1},
        {"what": "face", "left": "x", "top": 0, "width": 1, "height": 1},
        {"what": "face", "left": float("nan"), "top": 0, "width": 1, "height": 1},
        {"what": "face", "left": 0, "top": 0, "width": float("inf"), "height": 1},
    ],
)
def test_what_is_no_box_is_none(raw: object) -> None:
    assert Box.from_evidence(raw) is None
