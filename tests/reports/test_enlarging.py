"""In a real browser, without scripts: a click or a key enlarges an image, and nothing is too wide for a phone."""

from pathlib import Path

import pytest

from curate import reports
from tests.browsing import browsing
from tests.conftest import Audited

pytestmark = pytest.mark.browser


def test_a_click_or_a_key_shows_an_image_over_the_whole_window_and_again_puts_it_back(decided: Audited) -> None:
    written = reports.report(decided.workspace.root)[0]
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 800, "height": 600})
        page.goto(written.as_uri())
        image = page.locator(".kind .zoom img").first
        small = image.bounding_box()
        image.click()
        large = image.bounding_box()
        assert small is not None
        assert large == {"x": 0, "y": 0, "width": 800, "height": 600}
        assert small["width"] < 400
        image.click()
        assert image.bounding_box()["width"] == small["width"]  # type: ignore[index]
        page.locator(".kind .zoom input").first.focus()
        page.keyboard.press("Space")
        assert image.bounding_box() == large


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_a_phone_scrolls_the_page_downwards_only(decided: Audited, tmp_path: Path, lang: str) -> None:
    written = reports.report(decided.workspace.root, tmp_path / "r.html", lang=lang)[0]
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(written.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
