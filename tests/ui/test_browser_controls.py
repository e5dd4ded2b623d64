"""A person in a real Chromium who clicks, or who has no mouse: buttons, links and fields beside the keys."""

from time import time
from typing import TYPE_CHECKING

import pytest

from curate.reviewing.store import Store
from tests.browsing import Server, decided, painted, press, says, serving, stands_still
from tests.conftest import Audited
from tests.ui.driving import log

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


FOCUSED = """() => {
    let one = document.activeElement;
    while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one.matches("button, a") ? one.dataset.act ?? one.innerText : "";
}"""


ON_SHEET = """() => {
    let one = document.activeElement;
    while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one.closest(".sheet") && one.localName;
}"""
"""What has the focus, as the name of its element; null where that is not on a sheet."""


def tab_to(page: "Page", name: str, key: str = "Tab") -> None:
    """Walk by keyboard to a control, by its act or its text."""
    for _ in range(60):
        if name in page.evaluate(FOCUSED):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} is not reached by {key}")


def double_click(page: "Page", selector: str) -> None:
    """Click twice where something is now, though it may be gone or moved by the second click.

    The clicks carry the times that a mouse would give them, 80 ms apart, however long the page takes over the first.
    """
    box = page.locator(selector).bounding_box()
    assert box is not None
    where = {"x": box["x"] + 5, "y": box["y"] + 5}
    page.mouse.move(**where)
    devtools = page.context.new_cdp_session(page)
    began = time()
    for count in (1, 2):
        for ms, kind in ((0, "mousePressed"), (20, "mouseReleased")):
            at = began + count * 0.080 + ms / 1000
            click = {"type": kind, "button": "left", "clickCount": count, "timestamp": at, **where}
            devtools.send("Input.dispatchMouseEvent", click)
    devtools.detach()


def test_a_double_click_decides_only_what_was_on_the_screen(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    refused = page.locator(".status", has_text="Not taken: that was the second click of a double click.")
    for items in (1, 2, 3):
        painted(page)
        double_click(page, "[data-act=drop]")
        page.wait_for_timeout(400)
        decided(audited.workspace, items)
        if refused.count():
            break  # else the buttons were drawn anew between press and release, and there was no click
    assert refused.count()
    painted(page)
    page.locator("[data-act=keep]").click()
    decided(audited.workspace, items + 1)


def test_a_double_click_confirms_nothing(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    double_click(page, "[data-act=group]")
    says(page, "Not taken: that was the second click of a double click.")
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    page.keyboard.press("l")
    page.keyboard.type("foxes")
    double_click(page, ".picker .new")
    page.get_by_text("Enter again makes the new class foxes").wait_for()
    assert log(audited) == []


def test_a_double_click_on_a_button_of_the_grid_is_about_what_was_chosen(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    cells = page.locator(".cell")
    chosen = cells.nth(0).get_attribute("data-id")
    cells.nth(0).click()
    cells.nth(2).click()
    page.wait_for_timeout(400)
    cells.nth(2).click()  # left out again: the cursor stands on it
    double_click(page, "[data-act=drop]")
    says(page, "Not taken: that was the second click of a double click.")
    page.wait_for_function("() => window.curate.selection.unanswered === 0")
    assert {path for path, _ in log(audited)} == {chosen}


def test_buttons_are_pressed_without_a_mouse_and_keep_the_focus(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(f"{server.address}/queue")
    painted(page)
    tab_to(page, "keep")
    for items, key in enumerate(("Enter", "Space", "Enter"), start=1):
        painted(page)
        page.keyboard.press(key)
        decided(audited.workspace, items)
        assert page.evaluate(FOCUSED) == "keep"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    painted(page)
    page.keyboard.down("Enter")
    painted(page)
    page.keyboard.down("Enter")  # the browser repeats it
    says(page, "Not taken: the key is held down.")
    page.keyboard.up("Enter")
    decided(audited.workspace, 4)


def test_nothing_behind_a_sheet_is_pressed_without_a_mouse(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.press("h")
    page.locator("[data-act=drop]").focus()
    page.keyboard.press("Enter")
    says(page, "Not taken: something lies over the image.")
    assert log(audited) == []


def test_tab_stays_on_a_sheet_until_it_is_closed(page: "Page", server: Server) -> None:
    page.goto(server.address)
    painted(page)
    for key, stops in (("h", {"button"}), ("l", {"button", "select", "input"})):
        page.keyboard.press(key)
        page.locator(".sheet .close").wait_for()
        for step in ("Tab", "Shift+Tab"):
            reached = []
            for _ in range(4):
                page.keyboard.press(step)
                reached.append(page.evaluate(ON_SHEET))
            assert set(reached) == stops, (key, step)
        page.keyboard.press("Escape")
        page.locator(".sheet .close").wait_for(state="detached")
    tab_to(page, "drop", "Shift+Tab")


def test_a_link_beside_the_grid_is_followed_without_a_mouse(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    tab_to(page, "Filter and sort")
    page.keyboard.press("Space")
    page.get_by_text("Sort by").wait_for()
    stands_still(page)  # a popover that is closed before the server has heard that it is open opens again
    page.keyboard.press("Escape")
    page.get_by_text("Sort by").wait_for(state="detached")
    assert page.locator(".cell.chosen").count() == 0
    tab_to(page, "Log", "Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing has been decided").wait_for()


def test_keys_go_on_after_a_click_on_a_button_or_a_slider(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    first = page.url
    page.locator("[data-act=boxes]").click()
    page.keyboard.press("Space")
    page.wait_for_function("(first) => window.location.href !== first", arg=first)
    page.get_by_test_id("stExpandSidebarButton").click()
    slider = page.get_by_test_id("stSlider")
    slider.hover()
    box = slider.locator("input").locator("xpath=../..").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 45, box["y"] + box["height"] / 2)
    page.wait_for_url("**score=**")
    stands_still(page)
    painted(page)
    page.keyboard.press("k")
    decided(audited.workspace, 1)


def test_a_double_click_saves_a_threshold_once(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(f"{server.address}/thresholds")
    stands_still(page)
    slider = page.get_by_test_id("stSlider").locator("input").first
    slider.focus()
    for _ in range(40):  # a page that is drawn anew meanwhile takes a step back
        if float(slider.input_value()) == 0.5:
            break
        page.keyboard.press("ArrowLeft")
        stands_still(page, 100)
    stands_still(page, 500)
    page.get_by_role("button", name="Save and judge again").dblclick(delay=30)
    page.get_by_text("Saved. The queue now holds").wait_for()
    page.get_by_text("In force: 0.5", exact=True).wait_for()
    assert "blurry = 0.5\n" in audited.workspace.config.read_text()


MARKED = """(field) => {
    const id = field.getAttribute("aria-activedescendant");
    return field.getRootNode().getElementById(id).innerText;
}"""


def test_what_is_marked_is_told_to_those_who_do_not_see_it(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.keyboard.press("ArrowRight")
    second = page.locator(".cell").nth(1).get_attribute("data-id")
    assert str(second) in page.locator(".tiles").evaluate(MARKED)
    page.keyboard.press("l")
    page.keyboard.press("ArrowDown")
    assert page.locator(".picker input").evaluate(MARKED) == "dogs"


def test_enter_of_an_input_method_chooses_no_class(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    page.keyboard.press("l")
    field = page.locator(".picker input")
    field.fill("cats")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "composed": True})
    assert field.is_visible()
    assert log(audited) == []


def test_of_a_long_name_the_end_is_shown_in_the_grid(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    name = page.locator(".cell .name").first
    name.evaluate("(one) => { one.firstChild.textContent = `${'long/'.repeat(30)}001.jpg`; }")
    edges = "(one) => { const { left, right } = one.getBoundingClientRect(); return [left, right]; }"
    left, right = name.evaluate(edges)
    start, end = name.locator("bdi").evaluate(edges)
    assert start < left, "the beginning is cut"
    assert end <= right + 1


def test_tab_leads_to_nothing_beyond_the_screen(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/queue")
    painted(page)
    stands_still(page)
    where = "() => [document.activeElement.tagName, document.activeElement.getBoundingClientRect().right]"
    for _ in range(25):
        page.keyboard.press("Tab")
        name, right = page.evaluate(where)
        assert right > 0, f"{name} of a sidebar that is folded away"
    page.keyboard.press("/")
    page.locator(".st-key-filter_text input:focus").wait_for()


def test_signs_that_are_written_with_alt_gr_decide_nothing_in_the_grid(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").nth(1).wait_for()
    page.keyboard.press("d")
    says(page, "Dropped: 1.")
    page.keyboard.press("Control+Alt+z")  # as some systems report AltGr
    page.keyboard.press("Control+Alt+a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    says(page, "1 chosen")
    page.keyboard.press("s")
    says(page, "Left for later: 1.")
    page.locator(".state.later").wait_for()
    assert [action for _, action in log(audited)] == ["drop", "defer"]


def test_what_one_person_decided_is_never_logged_under_a_name_typed_later(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/queue")
    painted(page)
    stands_still(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    field = page.get_by_role("textbox", name="Reviewer")
    field.wait_for()
    stands_still(page)
    server.freeze()
    page.keyboard.press("k")
    painted(page)
    page.keyboard.press("k")
    says(page, "2 not saved yet")
    field.fill("bo")
    field.press("Enter")
    server.thaw()
    says(page, "Not confirmed: ")
    stands_still(page)
    page.locator(".view").click()
    press(page, "d")
    page.locator(".unsaved", has_text="not saved").wait_for(state="hidden")
    with Store(audited.workspace.review) as store:
        people = [step.reviewer for step in store.log.steps()]
    assert people.count("bo") == 1, "nothing but what was pressed under that name"
    assert {*people} <= {"ana", "bo"}


def test_nothing_is_lost_where_the_filter_changes_before_the_answer(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(server.address)
    painted(page)
    page.evaluate("() => { const { link } = window.curate; link.held = link.send; link.send = () => {}; }")
    press(page, "d", "1 not saved yet")
    press(page, "d", "2 not saved yet")
    press(page, "f")
    page.wait_for_timeout(500)
    page.keyboard.type("dark")
    page.keyboard.press("Enter")
    page.locator(".panel h2", has_text="dogs/night.jpg").wait_for()
    page.evaluate("() => { const { link } = window.curate; link.send = link.held; }")
    decided(audited.workspace, 2)
    page.locator(".unsaved", has_text="not saved").wait_for(state="hidden")
    assert page.evaluate("() => window.curate.machine.lost") == 0
    assert page.locator(".panel h2").inner_text() == "dogs/night.jpg"


def test_the_field_that_asks_for_the_name_is_ready_to_be_typed_into_and_says_nothing_in_english(
    page: "Page", audited: Audited
) -> None:
    with serving(audited.workspace.root, ("--lang", "pt-BR")) as server:
        page.goto(server.address)
        page.locator(".st-key-asked_name input:focus").wait_for()
        page.keyboard.press("Control+a")
        page.keyboard.type("bia")
        stands_still(page)
        assert "Press Enter" not in page.locator("[data-testid='stMain']").inner_text()
        page.keyboard.press("Enter")
        press(page, "k", "Mantida")
        decided(audited.workspace, 1)
    with Store(audited.workspace.review) as store:
        assert {decision.reviewer for decision in store.log.decisions()} == {"bia"}
