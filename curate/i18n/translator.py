"""One language: its catalogue (gettext), and how it writes numbers, dates and lists (Babel).

Invariants: English needs neither catalogue nor Babel; a text that a catalogue lacks is shown in English, never as an
error; a stored message that cannot be filled (its scanner has changed since) is shown as the English sentence that was
stored beside it. The `.po` file is the only form a catalogue has: it is read once a process, a tenth of a second.
"""

from __future__ import annotations

import functools
import gettext
import io
import os
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from curate.errors import ConfigError
from curate.i18n.message import Message, Style, fill
from curate.plugins import installed

ENGLISH = "en"
ENTRY_POINTS = "curate.locales"
"""Packages whose folder `locale/` holds catalogues for the scanners they bring."""
LOCALE = Path(__file__).with_name("locale")
_UNITS = ("B", "kB", "MB", "GB", "TB")


class Translator:
    """Everything that depends on the reader's language."""

    def __init__(self, language: str) -> None:
        self.language = language
        """As HTML and the command line write it: `en`, `pt-BR`."""
        self._catalogue = _catalogue(language)
        self._style = Style(message=self.render, listed=self.listed, number=self._localised)

    def gettext(self, text: str, /, **values: Any) -> str:
        """Translate a text and fill its gaps; without values it stays a template."""
        return self._filled(self._catalogue.gettext(text) if text else text, values)

    def pgettext(self, context: str, text: str, /, **values: Any) -> str:
        """Translate a text as `gettext` does, where English has one word for what others tell apart."""
        return self._filled(self._catalogue.pgettext(context, text), values)

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        """Translate a text into its form for `n` things, with `{n}` still to be filled."""
        return self._catalogue.ngettext(one, many, n)

    def counted(self, one: str, many: str, n: int, /, **values: Any) -> str:
        """Translate a text into its form for `n` things, and fill `{n}` (with separators) and its other gaps."""
        return self._filled(self.ngettext(one, many, n), {"n": self.number(n), **values})

    def render(self, message: Message) -> str:
        """Write a message in this language."""
        if message.plural is None:
            template = self.gettext(message.text)
        else:
            template = self.ngettext(message.text, message.plural, message.values["n"])
        return fill(template, message.values, self._style)

    def reason(self, row: Mapping[str, Any]) -> str:
        """Give the reason of a row of the findings table: its message in this language, or its English sentence."""
        try:
            return self.render(Message.from_json(row["message"]))
        except (KeyError, ValueError, TypeError, IndexError):
            return str(row["reason"])

    def number(self, value: float, decimals: int = 0) -> str:
        """Write a number with this language's separators."""
        return self._localised(f"{value:,.{decimals}f}")

    @property
    def separators(self) -> tuple[str, str]:
        """What stands before decimals, and between thousands."""
        return (".", ",") if self.language == ENGLISH else _symbols(self._locale)

    def percent(self, share: float, decimals: int = 0) -> str:
        """Write a share of 0..1 as a percentage."""
        return self._localised(f"{share:.{decimals}%}")

    def size(self, count: float) -> str:
        """Write a size in bytes, in the largest unit that leaves at least one."""
        step = 0
        while count >= 1000 and step < len(_UNITS) - 1:
            count, step = count / 1000, step + 1
        return f"{self.number(count, 0 if step == 0 or count >= 100 else 1)} {_UNITS[step]}"

    def listed(self, items: Sequence[str]) -> str:
        """Join several things as in a sentence: "a, b and c"."""
        from babel.lists import format_list

        return format_list(list(items), locale=self._locale) if items else ""

    def day(self, value: date) -> str:
        """Write a date in words."""
        from babel.dates import format_date

        return format_date(value, "long", locale=self._locale)

    @property
    def name(self) -> str:
        """What the language calls itself."""
        from babel import Locale

        found = Locale.parse(self.language, sep="-")
        name = found.get_display_name() or self.language
        return name[:1].upper() + name[1:]

    @property
    def _locale(self) -> str:
        # British English writes dates and lists as this project does: 25 November 2026; a, b and c.
        return "en_GB" if self.language == ENGLISH else self.language.replace("-", "_")

    def _filled(self, template: str, values: Mapping[str, Any]) -> str:
        return fill(template, values, self._style) if values else template

    def _localised(self, text: str) -> str:
        """Rewrite a number that Python has formatted, with this language's separators."""
        decimal, group = self.separators
        return text.translate({ord("."): decimal, ord(","): group})


@functools.cache
def languages() -> tuple[str, ...]:
    """List the languages there are, English first."""
    return (ENGLISH, *sorted(folder.name.replace("_", "-") for folder in LOCALE.iterdir() if folder.is_dir()))


@functools.cache
def translator(language: str = ENGLISH) -> Translator:
    """Return the translator of a language, by its name in any spelling (`pt-BR`, `pt_br`, `pt`).

    Raises `ConfigError` for a language that there is no catalogue for.
    """
    found = _known(language)
    if found is None:
        raise ConfigError(f"{language!r} is not a language that curate knows; there are {', '.join(languages())}")
    return Translator(found)


def preferred(environment: Mapping[str, str] = os.environ) -> str:
    """Find the language that the environment asks for (as gettext reads it), English where it names none we know."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(variable):
            for wish in environment[variable].split(":"):
                found = _known(wish.partition(".")[0].partition("@")[0])
                if found is not None:
                    return found
            return ENGLISH
    return ENGLISH


def _known(language: str) -> str | None:
    wanted = str(language).strip().replace("_", "-").lower()
    for known in languages():
        if wanted in (known.lower(), known.partition("-")[0]):
            return known
    return None


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    result: gettext.GNUTranslations | None = None
    for folder in (LOCALE, *_foreign()):
        for path in sorted((folder / language.replace("-", "_") / "LC_MESSAGES").glob("*.po")):
            compiled = io.BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=language.replace("-", "_")))
            compiled.seek(0)
            loaded = gettext.GNUTranslations(compiled)
            if result is None:
                result = loaded
            else:
                result.add_fallback(loaded)
    return result or gettext.NullTranslations()


def _foreign() -> list[Path]:
    """List the `locale` folders of other packages."""
    return [Path(str(import_module(entry.value).__file__)).with_name("locale") for entry in installed(ENTRY_POINTS)]


@functools.cache
def _symbols(locale: str) -> tuple[str, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return get_decimal_symbol(locale), get_group_symbol(locale)
