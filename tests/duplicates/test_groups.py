"""Which of several copies is suggested to stay, and what is said of a group."""

import numpy as np
import pandas as pd
import pytest

from curate.duplicates import kinds
from curate.duplicates.groups import NEEDED, EqualPixels, Match, by_preference, columns_of, findings
from curate.findings import Finding

BEST = {"status": "ok", "width": 20, "height": 10, "sharpness": 3.0, "size_bytes": 900, "split": "test"}

AGAINST: list[dict[str, object]] = [
    {"status": "error"},
    {"width": 19},
    {"status": "warning"},
    {"sharpness": 1.0},
    {"size_bytes": 1},
    {"split": None},
]
"""What speaks against an image that stays, the most important first."""


def table(*images: dict[str, object]) -> pd.DataFrame:
    rows = [{**BEST, "label": None, "sha256": "0", "path": f"{index}", **image} for index, image in enumerate(images)]
    frame = pd.DataFrame(rows).astype({"width": "Int64", "height": "Int64", "size_bytes": "Int64"})
    for name in ("label", "split"):
        frame[name] = pd.Series([row[name] for row in rows], dtype=object)  # what is lacking is None
    return frame


def ranked(features: pd.DataFrame, *rows: int) -> list[str]:
    chosen = np.array(rows or range(len(features)), np.intp)
    return by_preference(features, chosen, NEEDED)["path"].tolist()


@pytest.mark.parametrize("place", range(len(AGAINST)))
def test_what_counts_first_outweighs_all_that_counts_later(place: int) -> None:
    later: dict[str, object] = {}
    for against in AGAINST[place + 1 :]:
        later |= against
    assert ranked(table(AGAINST[place], later)) == ["1", "0"]


def test_damage_counts_less_than_size_and_more_than_sharpness() -> None:
    assert ranked(table({"status": "warning", "width": 21}, {})) == ["0", "1"]
    assert ranked(table({"status": "warning", "sharpness": 9.0}, {})) == ["1", "0"]
    assert ranked(table({"status": "error", "width": 99}, {"status": "warning"})) == ["1", "0"]


def test_equals_come_in_the_order_of_their_paths_wherever_they_stand() -> None:
    features = table({"path": "c"}, {"path": "a"}, {"path": "d"}, {"path": "b"})
    assert ranked(features) == ["a", "b", "c", "d"]
    assert ranked(features, 3, 0, 2) == ["b", "c", "d"]
    assert ranked(features.sort_values("path", ignore_index=True), 0, 2) == ["a", "c"]


def test_only_what_is_wanted_and_what_it_was_ranked_by_is_copied() -> None:
    features = table({}, {"width": 10}).drop(columns="sharpness").assign(tile=[b"1", b"0"], mode="RGB")
    found = by_preference(features, np.array([1, 0]), ["path", "tile"])
    assert {name for name in found if not name.startswith("_")} == {"path", "tile", "width", "height", "size_bytes"}
    assert found["tile"].tolist() == [b"1", b"0"]
    assert found["_pixels"].tolist() == [-200, -100]
    assert found.index.tolist() == [0, 1]


@pytest.mark.parametrize("half", [0, 8])
def test_rows_of_equal_pixels_stand_together_by_all_16_bytes_of_their_digests(half: int) -> None:
    numbers = [3, 0, 3, 1, 0, 3, 2]
    digests = np.full((len(numbers), 16), 7, np.uint8)
    digests[:, half + 5] = numbers
    found = EqualPixels(digests)
    assert found.firsts.tolist() == [0, 1, 3, 6]
    expected = [[row for row, other in enumerate(numbers) if other == number] for number in numbers]
    assert [found.of(row) for row in range(len(numbers))] == expected


def test_of_no_rows_none_are_equal() -> None:
    assert EqualPixels(np.empty((0, 0), np.uint8)).firsts.tolist() == []


def group(*images: dict[str, object], copies: dict[int, Match]) -> list[Finding]:
    """The findings on images of which the first, `0`, stays."""
    return [*findings(columns_of(by_preference(table(*images), np.arange(len(images)), NEEDED)), 0, copies)]


def test_an_exact_copy_scores_most_and_another_the_more_the_better_it_agrees() -> None:
    matches = [
        Match(kind=kinds.RESIZED, agreement=0.8),
        Match(kind=kinds.RESIZED, agreement=1.0),
        Match(kind=kinds.SAME_PIXELS),
        Match(kind=kinds.SAME_BYTES),
    ]
    *copies, keeper = group({}, {}, {}, {}, {}, copies=dict(enumerate(matches, 1)))
    scores = [finding.score for finding in copies]
    assert scores == sorted(set(scores))
    assert 0.5 < scores[0] < scores[-1] == 1.0
    assert (keeper.role, keeper.suggestion, keeper.score) == ("keeper", "keep", 0.0)
    assert keeper.kind is kinds.SAME_BYTES


@pytest.mark.parametrize(("column", "kind"), [("label", "label_conflict"), ("split", "split_leak")])
@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param(["b", "a", "b"], ["a", "b"], id="two"),
        pytest.param(["c", "b", "a"], ["a", "b", "c"], id="three, in their order"),
        pytest.param(["a", "a", "a"], None, id="one"),
        pytest.param(["a", None, "a"], None, id="one, and one image that has none"),
        pytest.param(["b", None, "a"], ["a", "b"], id="two, and one image that has none"),
    ],
)
def test_every_image_of_a_group_is_named_where_its_copies_stand_in_several_classes_or_splits(
    column: str, kind: str, values: list[str | None], named: list[str] | None
) -> None:
    copies = {row: Match(kind=kinds.RESIZED) for row in (1, 2)}
    whole: dict[str, object] = {"label": None, "split": None}
    found = group(*({**whole, column: value, "width": 90 - at} for at, value in enumerate(values)), copies=copies)
    across = [finding for finding in found if finding.kind.name in ("label_conflict", "split_leak")]
    if named is None:
        assert across == []
        return
    assert {(finding.kind.name, *finding.evidence[column]) for finding in across} == {(kind, *named)}
    assert [(finding.path, str(finding.role), str(finding.suggestion)) for finding in across] == [
        ("0", "keeper", "keep"),
        ("1", "copy", "drop"),
        ("2", "copy", "drop"),
    ]
    assert {finding.group_id for finding in found} == {across[0].group_id}


SEQUENCE = {1: Match(kind=kinds.BURST), 2: Match(kind=kinds.SAME_BYTES, exact_of=1), 3: Match(kind=kinds.RESIZED)}
"""A keeper, a neighbour of it in a sequence with an exact copy of that, and a smaller copy of the keeper."""


def across(column: str, values: str) -> dict[str, tuple[str, bool]]:
    """What is said of the classes or splits of these, by path: in which they stand, and whether it is a fact."""
    whole: dict[str, object] = {"label": None, "split": None}
    found = group(*({**whole, column: value, "width": 90 - at} for at, value in enumerate(values)), copies=SEQUENCE)
    return {
        finding.path: ("".join(finding.evidence[column]), finding.evidence["exact"])
        for finding in found
        if finding.kind in (kinds.LABEL_CONFLICT, kinds.SPLIT_LEAK)
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param("abba", {}, id="neighbours differ in class"),
        pytest.param("aaaa", {}, id="nothing differs"),
        pytest.param("aaab", {"0": ("ab", False), "3": ("ab", False)}, id="a copy of the keeper"),
        pytest.param("abca", {"1": ("bc", True), "2": ("bc", True)}, id="an exact copy of the neighbour"),
        pytest.param(
            "abac",
            {"0": ("ac", False), "1": ("ab", True), "2": ("ab", True), "3": ("ac", False)},
            id="of each, and a fact of one",
        ),
    ],
)
def test_copies_contradict_one_another_in_their_class_and_neighbours_in_a_sequence_do_not(
    values: str, said: dict[str, tuple[str, bool]]
) -> None:
    assert across("label", values) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param("aaaa", {}, id="one"),
        pytest.param("abba", dict.fromkeys("0123", ("ab", False)), id="the neighbour is tested on"),
        pytest.param(
            "abca",
            {"0": ("abc", False), "1": ("bc", True), "2": ("bc", True), "3": ("abc", False)},
            id="an exact copy of the neighbour as well",
        ),
    ],
)
def test_a_sequence_leaks_from_one_split_into_another(values: str, said: dict[str, tuple[str, bool]]) -> None:
    assert across("split", values) == said


def test_a_leak_within_a_sequence_is_told_from_one_of_an_image() -> None:
    splits = ("train", "test", "val", "train")
    rows = ({"label": None, "split": split, "width": 90 - at} for at, split in enumerate(splits))
    reasons = {f.path: f.reason for f in group(*rows, copies=SEQUENCE) if f.kind is kinds.SPLIT_LEAK}
    assert reasons["0"] == "Its sequence stands in the splits test, train and val."
    assert reasons["1"] == "The same image stands in the splits test and val."
