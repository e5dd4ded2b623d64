"""The field for a class: what it offers for what is typed, and what Enter takes."""

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("streamlit")

from tests.ui.surface_modules import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CLASSES = ["Cat", "Cats abroad", *(f"Cats {letter}" for letter in "abcdefghijkl"), "cats", "Çats"]


TEXTS = {"new_class": "new {label}", "new_class_sure": "sure {label}"}


def typed(page: "Page", text: str, enters: int = 0) -> dict[str, Any]:
    """Type a text and press Enter; return what is offered and what was chosen."""
    told: dict[str, Any] = run(
        page,
        f"""
        const chosen = [];
        const picker = new ClassPicker({json.dumps(CLASSES)}, {json.dumps(TEXTS)}, (choice) => chosen.push(choice));
        picker.input.value = {json.dumps(text)};
        picker.input.dispatchEvent(new Event("input"));
        const enter = () => picker.input.dispatchEvent(new KeyboardEvent("keydown", {{ key: "Enter" }}));
        for (let i = 0; i < {enters}; i += 1) enter();
        return {{ offered: [...picker.list.children].map((option) => option.textContent), chosen }};
        """,
    )
    return told


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("cats", "cats"),
        ("cat", "Cat"),
        ("çats", "Çats"),
        ("c\u0327ats", "Çats"),
        ("CATS", "cats"),
        ("CATS A", "Cats a"),
        ("abroad", "Cats abroad"),
    ],
)
def test_a_class_that_is_typed_in_full_comes_before_those_that_begin_with_it(
    surface: "Page", text: str, first: str
) -> None:
    told = typed(surface, text, enters=1)
    assert told["offered"][0] == first
    assert told["chosen"] == [{"label": first, "is_new": False}]


def test_what_is_a_class_in_other_letters_is_not_offered_as_a_new_one(surface: "Page") -> None:
    assert [text for text in typed(surface, "CAT")["offered"] if text.startswith("new")] == []
    assert [text for text in typed(surface, "ca")["offered"] if text.startswith("new")] == ["new ca"]


def test_a_new_class_wants_a_second_enter(surface: "Page") -> None:
    assert typed(surface, "foxes") == {"offered": ["new foxes"], "chosen": []}
    assert typed(surface, "foxes", enters=1) == {"offered": ["sure foxes"], "chosen": []}
    assert typed(surface, " foxes ", enters=2)["chosen"] == [{"label": "foxes", "is_new": True}]


def test_at_most_twelve_classes_are_offered_and_all_for_nothing_typed(surface: "Page") -> None:
    assert typed(surface, "")["offered"] == CLASSES[:12]
    assert len(typed(surface, "cats")["offered"]) == 12
