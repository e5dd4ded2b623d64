"""The modules of the surfaces without a page around them: run in a Chromium, statement by statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curate.ui import surface
from tests.browsing import browsing, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETUP = """async (code) => {
    const module = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    Object.assign(window, module);
    window.item = (id, rank, more) => ({ id, rank, seen: `seen ${id}`, as_of: 0, group: false, images: [], ...more });
    window.answer = (more) => ({ epoch: "e", feed: "f", heard: 0, taken: 0, answers: [], items: [], order: [],
        more: false, ...more });
    window.queue = (...ids) => answer({ items: ids.map(item), order: ids });
    window.shown = (machine) => { machine.shown(machine.current); return machine; };
    window.begun = (...ids) => {
        const machine = new Machine();
        machine.receive(queue(...ids));
        return shown(machine);
    };
    window.tiles = (...ids) => answer({ fresh: true, changed: [], total: ids.length,
        tiles: ids.map((id) => ({ id, seen: `seen ${id}`, as_of: 0 })) });
    window.sheet = (...ids) => { const made = new Selection(); made.receive(tiles(...ids)); return made; };
}"""


@contextmanager
def modules() -> Iterator["Page"]:
    """Open an empty page that knows the modules without a page, and what makes items and answers for them."""
    with browsing() as browser:
        shown = opened(browser)
        shown.goto("about:blank")
        shown.evaluate(SETUP, surface.script("dom.js", "machine.js", "picker.js", "selection.js"))
        yield shown


def run(page: "Page", code: str) -> Any:
    """Run statements and return what they return."""
    return page.evaluate(f"() => {{ {code} }}")
