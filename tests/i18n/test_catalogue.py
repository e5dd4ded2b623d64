"""Catalogues are complete, hold nothing else, and ask for the same values as the English texts."""

import string
from collections import Counter
from collections.abc import Sequence

import pytest
from babel.messages.catalog import Message

from curate.auditing.shortcuts import TITLES
from curate.findings import ACTION_TITLES, CATEGORY_TITLES, SEVERITY_TITLES
from curate.i18n import languages, translator
from curate.scanners import kinds, scanner_classes
from curate.schema import Action, Category, Severity
from tests.i18n import sources

OTHERS = [language for language in languages() if language != "en"]


def forms(message: Message) -> Sequence[str]:
    return message.string if isinstance(message.string, tuple | list) else (message.string,)


def gaps(text: str) -> Counter[tuple[str, str, str | None]]:
    """Names, formats and conversions of a text's gaps."""
    return Counter(
        (name, spec or "", conversion)
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None
    )


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_of_the_code_and_no_other(language: str) -> None:
    known = {sources.key(message.id, message.context) for message in sources.messages(language)}
    wanted = sources.extracted()
    assert wanted - known == set(), "run: make messages, and translate what is new"
    assert known - wanted == set(), "run: make messages"
    assert not sources.catalogue(language).obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_a_guess(language: str) -> None:
    for message in sources.messages(language):
        assert not message.fuzzy, message.id
        assert all(form.strip() for form in forms(message)), message.id
        wanted = sources.catalogue(language).num_plurals if message.pluralizable else 1
        assert len(forms(message)) == wanted, message.id


@pytest.mark.parametrize("language", OTHERS)
def test_translations_ask_for_the_same_values_in_the_same_formats(language: str) -> None:
    for message in sources.messages(language):
        texts = message.id if message.pluralizable else (message.id,)
        for text, form in zip(texts, forms(message), strict=True):
            assert gaps(form) == gaps(text), text
            assert text[:1].isspace() == form[:1].isspace(), text
            assert text.endswith((".", ":", "?")) == form.endswith((".", ":", "?")), text


def test_the_extraction_sees_every_text_that_the_code_marks() -> None:
    """Before Python 3.12 it does not look into f-strings."""
    seen = {text for _, text, _ in sources.extracted()}
    assert [place for place, text in sources.literals() if text and text not in seen] == []


@pytest.mark.parametrize("language", OTHERS)
def test_kinds_settings_and_closed_sets_have_a_translation(language: str) -> None:
    known = {message.id for message in sources.messages(language)}
    for kind in kinds().values():
        assert {kind.title, kind.meaning} <= known, kind.name
        assert not kind.message or kind.message in known, kind.name
    for scanner in scanner_classes().values():
        for name, field in scanner.settings_model.model_fields.items():
            assert field.description in known, f"{scanner.name}.{name}"
    for titles, members in ((CATEGORY_TITLES, Category), (SEVERITY_TITLES, Severity), (ACTION_TITLES, Action)):
        assert set(titles) == set(members)
        assert set(titles.values()) <= known
    assert set(TITLES.values()) <= known


def test_one_check_has_one_name_in_portuguese() -> None:
    titles = [translator("pt-BR").gettext(kind.title) for kind in kinds().values()]
    assert len(set(titles)) == len(titles)


def test_no_code_holds_a_language_but_english() -> None:
    """Letters with a tilde or a cedilla are Portuguese; names of people and signs are not."""
    for folder in sources.FOLDERS:
        for path in (sources.ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8").lower()
            assert not set(text) & set("ãõç"), path
