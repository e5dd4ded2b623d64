"""Which class an image can be given, as it is typed."""

import pytest

from curate.errors import ClassError
from curate.reviewing.classes import checked

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        pytest.param(" tea ", ["tea"], "tea", id="blanks around it count for nothing"),
        pytest.param(" tea", [" tea"], " tea", id="but where the dataset has them"),
        pytest.param(" tea", [" tea", "tea"], " tea", id="also beside the class without"),
        pytest.param("tea", [" tea", "tea"], "tea", id="and the class without beside it"),
    ],
)
def test_a_class_is_the_one_that_the_dataset_spells_so(typed: str, known: list[str], meant: str) -> None:
    assert checked(typed, known) == meant


def test_a_class_that_is_not_there_is_refused_unless_a_new_one_is_asked_for() -> None:
    with pytest.raises(ClassError) as refused:
        checked("teas", ["coffee", "tea"])
    assert refused.value.close == "tea"
    assert checked(" teas ", ["coffee", "tea"], new_class=True) == "teas"
    with pytest.raises(ClassError):
        checked(" ", ["tea"], new_class=True)


@pytest.mark.parametrize(("typed", "known"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_a_class_is_found_in_whichever_unicode_form_it_is_typed(typed: str, known: str) -> None:
    assert checked(typed, ["tea", known]) == known
    assert checked(f" {typed} ", ["tea", known], new_class=True) == known
    assert checked(typed, [COMPOSED, DECOMPOSED]) == typed


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        pytest.param(DECOMPOSED.upper(), COMPOSED, id="case and Unicode form"),
        pytest.param("tea.", "tea", id="a dot that no folder ends in"),
        pytest.param("tea/milk", "tea_milk", id="a slash that no folder holds"),
    ],
)
def test_what_would_be_the_folder_of_another_class_is_no_new_one(typed: str, known: str) -> None:
    with pytest.raises(ClassError) as refused:
        checked(typed, [known], new_class=True)
    assert refused.value.close == known
