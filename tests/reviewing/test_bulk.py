"""Decisions without the app: by selection, as suggested or alike, all or none. CSVs are in tests/dataset."""

from typing import Any

import pytest

import curate
from curate.errors import CurateError
from curate.reviewing.bulk import Selection
from curate.reviewing.store import Store
from curate.schema import FINDINGS, Action
from curate.storage.workspace import write_table
from tests.conftest import Audited


def decisions(audited: Audited) -> dict[str, str]:
    with Store(audited.workspace.review) as store:
        return {decision.path: str(decision.action) for decision in store.log.decisions()}


@pytest.mark.parametrize(
    ("selection", "paths"),
    [
        pytest.param({"kinds": ("same_bytes",)}, {"dogs/again.jpg"}, id="a kind, without its keeper"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True}, {"dogs/000.jpg", "dogs/again.jpg"}, id="and with it"),
        pytest.param({"categories": ("corrupted",)}, {"cats/cut.jpg", "cats/empty.png"}, id="a category"),
        pytest.param({"labels": ("dogs",), "categories": ("unsuitable",)}, {"dogs/night.jpg"}, id="a class"),
        pytest.param({"paths": ("*/n*.jpg", "*.png")}, {"cats/empty.png", "dogs/night.jpg"}, id="names"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True, "min_score": 1.0}, {"dogs/again.jpg"}, id="at least"),
        pytest.param({"kinds": ("same_bytes",), "keepers": True, "max_score": 0.0}, {"dogs/000.jpg"}, id="at most"),
    ],
)
def test_a_selection_is_what_meets_all_of_it(audited: Audited, selection: dict[str, Any], paths: set[str]) -> None:
    curate.decide(audited.workspace.root, Selection(**selection), Action.KEEP, reviewer="ana")
    assert decisions(audited) == dict.fromkeys(paths, "keep")


def test_without_an_action_each_finding_is_decided_as_its_scanner_suggests(audited: Audited) -> None:
    chosen = Selection(kinds=("same_bytes",), keepers=True)
    assert curate.decide(audited.workspace.root, chosen, None, reviewer="ana") == 2
    assert decisions(audited) == {"dogs/000.jpg": "keep", "dogs/again.jpg": "drop"}


def test_a_suggestion_that_is_no_action_is_named(audited: Audited) -> None:
    findings = audited.workspace.read_findings().assign(suggestion="pending")
    write_table(findings, FINDINGS, audited.workspace.findings)
    with pytest.raises(CurateError, match="'pending' is no suggestion to follow"):
        curate.decide(audited.workspace.root, Selection(), None, reviewer="ana")
    assert decisions(audited) == {}


@pytest.mark.parametrize(
    ("selection", "action", "new_label", "message"),
    [
        pytest.param(Selection(labels=("birds",)), Action.DROP, None, "no finding in the queue matches", id="nothing"),
        pytest.param(Selection(), Action.UNDO, None, "undo is no decision", id="undo"),
        pytest.param(Selection(), Action.RELABEL, None, "relabel needs a new label", id="relabel to what"),
        pytest.param(Selection(), Action.DROP, "cats", "nothing else takes one", id="a label with another action"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    audited: Audited, selection: Selection, action: Action, new_label: str | None, message: str
) -> None:
    with pytest.raises(CurateError, match=message):
        curate.decide(audited.workspace.root, selection, action, reviewer="ana", new_label=new_label)
    assert decisions(audited) == {}
