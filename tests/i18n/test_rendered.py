"""What people read in Portuguese is Portuguese: every page of the reviewer, and the report as HTML and as Markdown."""

import json
import re
import shutil
import string
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from curate import reports
from curate.i18n import translator
from curate.reviewing import reviewer
from curate.reviewing.reviewer import Person
from curate.reviewing.store import Store
from curate.scanners import kinds
from curate.storage.workspace import Workspace
from tests.i18n import everything, sources

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

APP = str(sources.ROOT / "ui" / "app.py")
PAGES = ("images", "map", "threshold", "agreement", "overview", "log", "export")
STOP_WORDS = re.compile(r"\b(the|of|is|are|and|was|were|that|this|with|from)\b", re.IGNORECASE)
PATH = re.compile(r"\S*/\S+")
SHOWN = {"body", "label", "help", "placeholder", "options", "text", "title", "alt", "caption"}
"""Fields of Streamlit's messages whose text people read."""
UNREAD = {
    "src", "path", "paths", "id", "seen", "label", "class", "classes", "bindings", "epoch", "feed", "order", "acts",
    "code", "sort", "name", "lang", "state", "result", "item", "show",
}  # fmt: skip
"""Fields of what a surface is told that are no text of ours."""
PORTUGUESE = translator("pt-BR")


@pytest.fixture(scope="module")
def workspace_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return everything.make(tmp_path_factory.mktemp("everything"))


@pytest.fixture
def workspace(workspace_once: Workspace, tmp_path: Path) -> Workspace:
    """A copy to write in."""
    shutil.copytree(workspace_once.root, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


@pytest.fixture
def in_portuguese(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """A reviewer who reads Portuguese."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    reviewer.remember(Person(name="ana", lang="pt-BR"))
    monkeypatch.setattr("curate.ui.session.name_in_browser", lambda: "ana")
    monkeypatch.setattr(sys, "argv", ["app.py", str(workspace.root)])
    return workspace


# What is English


def english() -> list[tuple[str, re.Pattern[str]]]:
    """Texts of several words whose translation differs, as patterns with anything in their gaps."""
    found = []
    for message in sources.messages("pt-BR"):
        texts = message.id if message.pluralizable else (message.id,)
        strings = message.string if message.pluralizable else (message.string,)
        for text, translation in zip(texts, strings, strict=True):
            pieces = [piece for piece, _, _, _ in string.Formatter().parse(text)]
            if text != translation and len(" ".join(pieces).split()) > 2:
                found.append((text, re.compile(r"[\s\S]{0,200}?".join(re.escape(piece) for piece in pieces))))
    return found


def complaints(shown: str) -> list[str]:
    """English texts of the catalogue, and lines with words that only English has."""
    shown = PATH.sub("", shown)
    known = [text for text, pattern in english() if pattern.search(shown)]
    return sorted({*known, *(line for line in shown.splitlines() if STOP_WORDS.search(line))})


def test_the_check_knows_english_when_it_sees_it() -> None:
    assert complaints("A imagem está boa.\nThe image data end too early.") == ["The image data end too early."]
    assert complaints("Nada foi decidido ainda: one of them") == ["Nada foi decidido ainda: one of them"]
    assert "{done:,} of {n} images decided" in complaints("3 of 40 images decided")


# The report


class _Text(HTMLParser):
    """The words of a page: no code, no style, no names of files, classes and people."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "img", "wbr", "br", "link", "input", "hr"}:
            self._inside.append(tag)
        self.lines += [value for name, value in attrs if name in {"alt", "aria-label"} and value]

    def handle_endtag(self, tag: str) -> None:
        self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "pre", "code", "bdi", "q"} & set(self._inside):
            self.lines.append(data.strip())


def test_the_report_is_all_portuguese(workspace: Workspace) -> None:
    html, markdown, *_ = reports.report(workspace.root, lang="pt-BR")
    page = "\n".join(_Text(html.read_text(encoding="utf-8")).lines)
    lines = markdown.read_text(encoding="utf-8").splitlines()
    prose = [line for line in lines if not line.startswith(("    ", "<!--"))]
    for shown in (page, "\n".join(prose)):
        assert complaints(shown) == []
        titles = {PORTUGUESE.gettext(kind.title) for kind in kinds().values()}
        assert {title for title in titles if title not in shown} == set()
        assert everything.FOREIGN["title"] in shown, "a kind whose scanner is gone shows its own name"
        assert "25 de novembro de 2026" in shown


def test_the_same_report_in_english_has_no_gap_left_open(workspace: Workspace) -> None:
    for file in reports.report(workspace.root)[:2]:
        text = file.read_text(encoding="utf-8")
        text = "\n".join(_Text(text).lines) if file.suffix == ".html" else text
        assert not re.search(r"\{\w+(:[^}]*)?\}", text)


# The reviewer


def read(app: AppTest) -> str:
    """All that a page says, a line for each piece."""
    return "\n".join(piece for piece in _pieces(app._tree) if piece)


def _pieces(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    if node.type in ("arrow_data_frame", "dataframe", "table"):
        yield from (str(name) for name in [*node.value.columns, node.value.index.name or ""])
        yield from (str(cell) for column in node.value for cell in node.value[column])
    elif node.type == "bidi_component":
        yield from _said(json.loads(proto.json))
    elif node.type == "vega_lite_chart":
        yield from _titles(json.loads(proto.spec))
    elif node.type not in ("html", "code") and hasattr(proto, "ListFields"):
        yield from _texts(proto)
    for child in getattr(node, "children", {}).values():
        yield from _pieces(child)


def _said(value: Any, name: str = "") -> Iterator[str]:
    """What a surface is told to show: all but names of images and classes, addresses of images, and keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNREAD:
                yield from _said(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner, name)
    elif isinstance(value, str):
        yield value


def _texts(proto: Any) -> Iterator[str]:
    for field, value in proto.ListFields():
        if field.type == field.TYPE_STRING and field.name in SHOWN:
            yield from (plainly(text) for text in ([value] if isinstance(value, str) else value))
        elif field.type == field.TYPE_MESSAGE:
            for message in value if hasattr(value, "__iter__") else [value]:
                if hasattr(message, "ListFields"):
                    yield from _texts(message)


def _titles(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        yield from (value for name, value in spec.items() if name == "title" and isinstance(value, str))
        spec = list(spec.values())
    if isinstance(spec, list):
        for item in spec:
            yield from _titles(item)


def plainly(text: str) -> str:
    """A text without Markdown's escapes."""
    return text.replace("\\", "")


def opened(page: str) -> AppTest:
    script = f"from curate.ui import session, {page}_page\nsession.prepare()\n{page}_page.draw()"
    return AppTest.from_string(script, default_timeout=60).run()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_all_portuguese(in_portuguese: Workspace, page: str) -> None:
    app = opened(page)
    assert not app.exception
    shown = read(app)
    assert len(shown) > 100
    assert complaints(shown) == []


def test_every_threshold_is_described_in_portuguese(in_portuguese: Workspace) -> None:
    app = opened("threshold")
    options = app.selectbox(key="threshold_cut").options
    assert len(options) > 10
    assert "Desfocada: efeito de desfoque a partir do qual uma imagem é desfocada" in options
    assert complaints("\n".join(options)) == []


def test_the_overview_names_every_kind_that_waits(in_portuguese: Workspace) -> None:
    with Store(in_portuguese.review) as store:
        waiting = {row["kind"] for item in store.queue.find(limit=99) for row in item.findings}
    assert waiting >= {kind.name for kind in everything.queued()} - {"blurry", "dark", "bright"}
    shown = read(opened("overview"))
    for name in waiting & set(kinds()):
        assert PORTUGUESE.gettext(kinds()[name].title) in shown, name


def told(app: AppTest) -> dict[str, Any]:
    """What the surface on the page was told."""
    (surface,) = app.get("bidi_component")
    found: dict[str, Any] = json.loads(surface.proto.json)
    return found


def test_every_item_of_the_queue_is_all_portuguese(in_portuguese: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.ui.feed.AHEAD", 99)
    monkeypatch.setattr("curate.ui.feed.BUDGET_S", 60.0)
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert not app.exception
    with Store(in_portuguese.review) as store:
        items = store.queue.progress().items - store.queue.progress().items_done
    assert items > len(everything.queued()) / 2
    seen: set[str] = set()
    after = -1
    while len(seen) < items:  # a screen takes half of what is left, and the rest as it goes on
        last = app.session_state["queue_feed"].last
        app.session_state["queue_feed"].last = last.model_copy(update={"ahead": 99, "after": after})
        app.run()
        handed = told(app)["items"]
        assert not seen & {item["id"] for item in handed}
        seen |= {item["id"] for item in handed}
        after = max(item["rank"] for item in handed)
        shown = read(app)
        assert complaints(shown) == []
    for kind in everything.queued():
        assert PORTUGUESE.gettext(kind.title) in shown, "the filters name every kind of the queue"


def test_what_keys_did_and_the_end_of_the_queue_are_portuguese(in_portuguese: Workspace) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    for number, act in enumerate(("later", "undo", "redo", "redo", "relabel", "drop"), start=1):
        item = told(app)["items"][0]
        about = {"id": item["id"], "seen": item["seen"], "as_of": item["as_of"]}
        stroke = {"number": number, "act": act, **({} if act in {"undo", "redo"} else about)}
        if act == "relabel":
            stroke["label"] = "no such class"
        shown = {name: told(app)[name] for name in ("epoch", "feed")}
        message = {**shown, "number": number, "strokes": [stroke]}
        with Store(in_portuguese.review) as store:
            app.session_state["queue_feed"].hear(message, store)
        app.run()
        assert not app.exception
        assert len(told(app)["answers"]) == 1
        assert complaints(read(app)) == [], act
    app.text_input(key="filter_text").set_value("nada disso").run()
    end = told(app)["end"]
    assert end["title"] == "Nada mais a decidir"
    assert complaints("\n".join([end["title"], *end["lines"]])) == []


def test_who_reviews_is_asked_in_the_language_of_the_machine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.setattr("curate.ui.session.name_in_browser", lambda: "")
    monkeypatch.setenv("LANGUAGE", "pt_BR")
    monkeypatch.setattr(sys, "argv", ["app.py", str(workspace.root)])
    shown = read(AppTest.from_file(APP, default_timeout=60).run())
    assert "Quem está revisando?" in shown
    assert complaints(shown) == []


def test_the_reviewer_offers_every_language_there_is(in_portuguese: Workspace) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert app.selectbox(key="lang").options == ["English", "Português (Brasil)"]
    app.selectbox(key="lang").set_value("en").run()
    assert told(app)["texts"]["later"] == "Later"
    assert reviewer.recall().lang == "en"


def test_two_sessions_of_one_server_read_their_own_languages(in_portuguese: Workspace) -> None:
    one, other = (AppTest.from_file(APP, default_timeout=60).run() for _ in range(2))
    one.selectbox(key="lang").set_value("en").run()
    other.run()
    assert told(one)["texts"]["later"] == "Later"
    assert told(other)["texts"]["later"] == "Adiar"
