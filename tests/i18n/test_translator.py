"""Languages are found in any spelling, and write numbers, dates and lists as their readers do."""

from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from curate.errors import ConfigError
from curate.i18n import Message, counted, languages, msg, nmsg, preferred, translator
from curate.i18n.translator import Translator, _catalogue

ENGLISH, PORTUGUESE = translator("en"), translator("pt-BR")


@pytest.mark.parametrize("spelling", ["pt-BR", "pt_BR", "pt-br", " PT_br ", "pt"])
def test_a_language_is_known_in_any_spelling(spelling: str) -> None:
    assert translator(spelling).language == "pt-BR"


@pytest.mark.parametrize("unknown", ["de", "", "p", "english", "pt-PT"])
def test_an_unknown_language_is_refused_with_those_there_are(unknown: str) -> None:
    with pytest.raises(ConfigError, match="there are en, pt-BR"):
        translator(unknown)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"LANG": "pt_BR.UTF-8"}, "pt-BR", id="as most systems name it"),
        pytest.param({"LANG": "en_US.UTF-8", "LC_ALL": "pt_BR"}, "pt-BR", id="LC_ALL wins over LANG"),
        pytest.param({"LANGUAGE": "de:pt_BR:en", "LANG": "en_US"}, "pt-BR", id="the first wish that is known"),
        pytest.param({"LANGUAGE": "en:pt_BR"}, "en", id="English may be a wish as well"),
        pytest.param({"LANG": "C"}, "en", id="no language at all"),
        pytest.param({"LC_MESSAGES": "sr@latin", "LANG": "pt_BR"}, "en", id="a language that is not there"),
        pytest.param({}, "en", id="an empty environment"),
    ],
)
def test_the_environment_chooses_as_gettext_reads_it(environment: dict[str, str], expected: str) -> None:
    assert preferred(environment) == expected


def test_languages_begin_with_english_and_name_themselves() -> None:
    assert languages()[0] == "en"
    assert [translator(language).name for language in ("en", "pt-BR")] == ["English", "Português (Brasil)"]


@pytest.mark.parametrize(
    ("t", "number", "share", "size", "day", "listed"),
    [
        pytest.param(ENGLISH, "1,234.5", "12.5%", "1.3 MB", "25 November 2026", "a, b and c", id="English"),
        pytest.param(PORTUGUESE, "1.234,5", "12,5%", "1,3 MB", "25 de novembro de 2026", "a, b e c", id="Portuguese"),
    ],
)
def test_numbers_dates_and_lists(t: Translator, number: str, share: str, size: str, day: str, listed: str) -> None:
    assert t.number(1234.5, 1) == number
    assert t.percent(0.125, 1) == share
    assert t.size(1_290_000) == size
    assert t.day(date(2026, 11, 25)) == day
    assert t.listed(["a", "b", "c"]) == listed
    assert t.listed(["a"]) == "a"
    assert t.listed([]) == ""


def test_a_text_fills_its_gaps_with_the_separators_of_the_language() -> None:
    text = "{shown:,} of {images:,} images shown."
    assert ENGLISH.gettext(text, shown=12, images=1234) == "12 of 1,234 images shown."
    assert PORTUGUESE.gettext(text, shown=12, images=1234) == "12 de 1.234 imagens exibidas."
    assert PORTUGUESE.gettext(text).startswith("{shown:,} de"), "without values it stays a template"


def test_one_and_several_and_none() -> None:
    forms = ("{n} image", "{n} images")
    assert [ENGLISH.counted(*forms, n) for n in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    assert [PORTUGUESE.counted(*forms, n) for n in (0, 1, 2000)] == ["0 imagens", "1 imagem", "2.000 imagens"]


def test_a_context_tells_apart_what_english_has_one_word_for() -> None:
    assert ENGLISH.pgettext("one image", "Kept") == ENGLISH.gettext("Kept")
    assert PORTUGUESE.pgettext("one image", "Kept") == "Mantida"
    assert PORTUGUESE.gettext("Kept") == "Mantidas"


def test_what_a_catalogue_lacks_is_shown_in_english() -> None:
    assert PORTUGUESE.render(msg("Glare: {share:.1%}.", share=0.125)) == "Glare: 12,5%."
    assert PORTUGUESE.gettext("") == ""


# Messages


NESTED = msg(
    "The image {other}, {transform} ({close}).",
    other="cats/1.jpg",
    transform=Message("mirrored"),
    close=msg("{agreement:.0%} of its parts agree, {distance} of 64 hash bits apart", agreement=0.98, distance=3),
)


def test_a_message_survives_json_whole() -> None:
    several = nmsg("{n} image", "{n} images", n=3)
    for message in (NESTED, several, msg("The same image stands in the classes {values}.", values=["a", "b"])):
        assert Message.from_json(message.to_json()) == message


@pytest.mark.parametrize("stored", ["", "3", "[]", '{"values": {}}', '{"text": 3}', '{"text": "a", "values": []}'])
def test_what_is_no_message_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match=r"message|Expecting value"):
        Message.from_json(stored)


def test_messages_in_messages_are_said_in_one_language() -> None:
    assert str(NESTED) == "The image cats/1.jpg, mirrored (98% of its parts agree, 3 of 64 hash bits apart)."
    said = "A imagem cats/1.jpg, espelhada (98% das partes coincidem, 3 dos 64 bits do hash diferem)."
    assert PORTUGUESE.render(NESTED) == said


def test_a_list_and_a_number_inside_a_message() -> None:
    classes = msg("The same image stands in the classes {values}.", values=["cats", "dogs", "owls"])
    assert str(classes) == "The same image stands in the classes cats, dogs and owls."
    assert PORTUGUESE.render(classes) == "A mesma imagem está nas classes cats, dogs e owls."
    assert PORTUGUESE.render(nmsg("{n} image", "{n} images", n=1)) == "1 imagem"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(None, id="a table from before messages"),
        pytest.param(float("nan"), id="no value, as pandas has it"),
        pytest.param("not json", id="no JSON"),
        pytest.param(msg("It lacks {gap}.").to_json(), id="a message whose value is missing"),
        pytest.param(msg("{share:.0%}", share="much").to_json(), id="a value that its format does not take"),
    ],
)
def test_a_message_that_cannot_be_said_leaves_the_english_sentence(message: object) -> None:
    assert PORTUGUESE.reason({"message": message, "reason": "As it was stored."}) == "As it was stored."


def test_a_scanner_of_another_package_brings_its_own_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pt_BR" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "glare.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Glare"\nmsgstr "Reflexo"\n\nmsgid "Dark"\nmsgstr "Outra palavra"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(import_module("curate.i18n.translator"), "_foreign", lambda: [tmp_path])
    _catalogue.cache_clear()
    try:
        t = Translator("pt-BR")
    finally:
        _catalogue.cache_clear()
    assert t.gettext("Glare") == "Reflexo"
    assert t.gettext("Dark") == "Escura", "the project's own words come first"


@pytest.mark.parametrize(
    ("n", "names", "said"),
    [
        (0, ("image",), "0 images"),
        (1, ("image",), "1 image"),
        (2, ("image",), "2 images"),
        (1200, ("class", "classes"), "1,200 classes"),
        (1, ("class", "classes"), "1 class"),
    ],
)
def test_one_thing_is_no_several_things(n: int, names: tuple[str, ...], said: str) -> None:
    assert counted(n, *names) == said
