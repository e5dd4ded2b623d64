"""In a real browser, without scripts: a click or a key enlarges an image, and nothing is too wide for its window."""

from pathlib import Path

import pytest

import curate
from curate import reports
from tests import sample_images
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


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_of_a_class_takes_no_figure_of_table_1_out_of_sight(tmp_path: Path, width: int) -> None:
    sample_images.dataset(tmp_path / "source", classes=("cats", "a_name_without_a_blank_" * 6), each=2)
    curate.audit(tmp_path / "source", tmp_path / "ws")
    written = reports.report(tmp_path / "ws")[0]
    with browsing() as browser:
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.goto(written.as_uri())
        frame = page.locator(".scroll", has=page.locator(".table1"))
        assert frame.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
