"""Pages on a small screen: nothing lies outside it, however long the words of a bar are."""

import pytest

from tests.browsing import browsing, opened, serving, stands_still
from tests.conftest import Audited

pytestmark = pytest.mark.browser

OUTSIDE = """(names) => [...document.querySelectorAll("*")]
    .flatMap((one) => one.shadowRoot ? [...one.shadowRoot.querySelectorAll(names)] : [])
    .concat([...document.querySelectorAll(names)])
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.className)"""
PAGES = ("queue", "images", "map", "thresholds", "agreement", "overview", "log", "export")


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_on_a_phone_everything_lies_within_the_screen(audited: Audited, lang: str) -> None:
    with serving(audited.workspace.root, ("--reviewer", "ana", "--lang", lang)) as server, browsing() as browser:
        page = opened(browser)
        page.set_viewport_size({"width": 390, "height": 844})
        for path in PAGES:
            page.goto(f"{server.address}/{path}")
            stands_still(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 390, path
            assert page.evaluate(OUTSIDE, ".surface, .cell, .stage, .status, .canvas, .tile") == [], path
