"""A person in a real Chromium: what keys do, what they refuse, and what is on disk afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import curate
from curate.config import Config
from curate.reviewing.fold import fold
from curate.reviewing.store import Store
from curate.schema import State
from curate.storage.workspace import Workspace
from tests.browsing import Server, decided, opened, painted, press, says, serving, stands_still
from tests.conftest import Audited
from tests.ui.driving import log

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_whole_pass_by_keyboard_with_undo_reload_and_restart(page: "Page", audited: Audited) -> None:
    workspace = audited.workspace
    with serving(workspace.root) as server:
        page.goto(server.address)
        painted(page)
        says(page, "0 of 5 items")
        press(page, "d", "Kept cats/001.jpg; copies dropped: 1.")
        says(page, "1 of 5 items")
        press(page, "u", "Taken back: Keep cats/001.jpg, 1 copy dropped.")
        says(page, "0 of 5 items")
        press(page, "y", "Done again: Keep cats/001.jpg, 1 copy dropped.")
        says(page, "1 of 5 items")
        decided(workspace, 1)
        page.reload()
        painted(page)
        says(page, "1 of 5 items")
        stands_still(page)  # what the server says of its own accord just then is seen before a key is pressed
        press(page, "Shift+D", "Dropped cats/")
        decided(workspace, 2)
    # The server was killed; another one goes on where the log ends.
    with serving(workspace.root) as server:
        page.goto(server.address)
        painted(page)
        says(page, "2 of 5 items")
        press(page, "Delete", "Dropped cats/")
        press(page, "s", "for later.")
        press(page, "k", "Kept dogs/night.jpg.")
        press(page, "1", "Kept dogs/000.jpg; copies dropped: 1.")
        page.get_by_role("heading", name="Nothing left").wait_for()
        page.reload()
        page.get_by_role("heading", name="Nothing left").wait_for()
    assert curate.status(workspace.root).verdicts == {"keep": 13, "drop": 4, "relabel": 0, "pending": 0}
    assert len(curate.manifest(workspace.root)) == 17


def test_keys_do_nothing_through_a_sheet_or_a_field_and_say_so(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.press("h")
    page.get_by_role("dialog").get_by_text("undo, as many steps as you like").wait_for()
    press(page, "d", "Not taken: something lies over the image. Escape closes it.")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    press(page, "n")
    page.keyboard.type("kd")
    page.keyboard.press("Escape")
    assert page.locator(".note").input_value() == "kd"
    assert log(audited) == []
    press(page, "d", "Kept cats/001.jpg")
    decided(audited.workspace, 1)
    with Store(audited.workspace.review) as store:
        assert {decision.note for decision in store.log.decisions()} == {"kd"}, "the note goes with the next decision"


def test_keys_do_nothing_under_a_dialog_of_the_page_itself(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<div role=dialog>Page not found</div>')")
    press(page, "d", "Not taken: something lies over the image.")
    page.evaluate("() => document.querySelector('body > [role=dialog]').remove()")
    press(page, "d", "Kept cats/001.jpg")
    decided(audited.workspace, 1)


def test_a_key_held_down_decides_once_and_a_letter_that_means_nothing_is_told(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.down("d")
    painted(page)
    page.keyboard.down("d")  # the browser repeats it
    says(page, "Not taken: the key is held down.")
    page.keyboard.up("d")
    press(page, "r", "R means nothing here; H shows the keys.")
    decided(audited.workspace, 1)


def test_undo_and_redo_by_the_keys_that_everybody_knows(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    press(page, "d", "Kept cats/001.jpg")
    press(page, "Control+z", "Taken back")
    press(page, "Control+y", "Done again")
    press(page, "Backspace", "Taken back")
    decided(audited.workspace, 0)


def test_a_class_is_one_digit_away_and_a_new_one_wants_confirmation(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    press(page, "2", "It is in the class dogs already.")
    press(page, "l")
    page.keyboard.type("c")
    assert page.get_by_role("option").first.inner_text() == "cats"
    page.keyboard.press("Escape")
    press(page, "l")
    page.keyboard.type("foxes")
    page.keyboard.press("Enter")
    page.get_by_text("Enter again makes the new class foxes").wait_for()
    assert log(audited) == []
    page.keyboard.press("Escape")
    press(page, "1", "Relabelled dogs/night.jpg to cats.")
    decided(audited.workspace, 1)
    press(page, "u", "Taken back", shown=False)
    press(page, "l")
    page.keyboard.type("foxes", delay=15)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    says(page, "Relabelled dogs/night.jpg to foxes.")
    decided(audited.workspace, 1)
    with Store(audited.workspace.review) as store:
        assert store.catalogue.classes() == {"cats", "dogs", "foxes"}


def test_a_class_is_not_given_to_an_image_that_came_under_the_sheet(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.press("ArrowRight")
    painted(page)
    page.goto(page.url)
    painted(page)
    before = page.evaluate("() => window.curate.machine.current")
    server.freeze()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("l")
    page.keyboard.type("foxes")
    server.thaw()
    page.wait_for_function("(before) => window.curate.machine.current !== before", arg=before)
    painted(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    says(page, "Not taken: the image was not on the screen yet.")
    page.goto(f"{server.address}/images")
    page.locator(".cell.seen").first.wait_for()
    page.keyboard.press("l")
    page.keyboard.type("foxes")
    page.evaluate("() => window.curate.selection.move(1)")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    says(page, "Not taken: none of these has been on the screen yet.")
    assert log(audited) == []


def test_a_whole_group_goes_by_one_key_that_is_pressed_twice(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    press(page, "x", "Drop all 2 images of this group? X again confirms")
    assert log(audited) == []
    press(page, "x", "Dropped all 2 images of the group.")
    decided(audited.workspace, 1)
    assert {action for _, action in log(audited)} == {"drop"}
    press(page, "x", "This image stands alone")


def test_relabelling_a_group_keeps_one_image_and_names_it(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    press(page, "l")
    page.get_by_text("It gets the class; the other images of the group are dropped.").wait_for()
    page.get_by_label("Image that stays").select_option("dogs/small.jpg")
    page.locator(".picker input").press_sequentially("cat")
    page.keyboard.press("Enter")
    says(page, "Relabelled dogs/small.jpg to cats; copies dropped: 1.")
    decided(audited.workspace, 1)
    assert set(log(audited)) == {("cats/001.jpg", "drop"), ("dogs/small.jpg", "relabel")}


def test_a_group_of_which_one_image_is_given_its_own_class_is_said_to_keep_it(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.goto(server.address)
    painted(page)
    press(page, "l")
    page.get_by_label("Image that stays").select_option("cats/001.jpg")
    page.locator(".picker input").press_sequentially("cat")
    page.keyboard.press("Enter")
    says(page, "Kept cats/001.jpg; copies dropped: 1.")
    decided(audited.workspace, 1)
    assert set(log(audited)) == {("cats/001.jpg", "keep"), ("dogs/small.jpg", "drop")}


def test_every_page_and_every_item_has_an_address_that_can_be_reloaded(page: "Page", server: Server) -> None:
    page.goto(server.address)
    painted(page)
    assert "/queue?item=" in page.url
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        painted(page)
    address, name = page.url, page.locator(".panel h2").inner_text()
    page.goto(address)
    painted(page)
    assert page.locator(".panel h2").inner_text() == name
    for path, expected in (
        ("/queue", "Keep"),
        ("/images", "17 of 17"),
        ("/map", "16 images"),
        ("/thresholds", "Suspected now"),
        ("/agreement", "Second look"),
        ("/overview", "Table 1"),
        ("/log", "Nothing has been decided"),
        ("/export", "Write the manifest"),
    ):
        page.goto(server.address + path)
        page.get_by_text(expected).first.wait_for()
        assert page.get_by_text("Page not found").count() == page.get_by_text("Traceback").count() == 0


def test_a_filter_outlives_a_reload_and_one_escape_leaves_its_field(page: "Page", server: Server) -> None:
    page.goto(server.address)
    painted(page)
    press(page, "f")
    page.wait_for_timeout(500)
    page.keyboard.type("dark")
    page.keyboard.press("Enter")
    page.locator(".panel h2", has_text="dogs/night.jpg").wait_for()
    painted(page)
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.tagName") != "INPUT"
    assert "kind=dark" in page.url
    page.reload()
    painted(page)
    assert page.locator(".panel h2").inner_text() == "dogs/night.jpg"
    press(page, "k", "Kept dogs/night.jpg.")
    page.get_by_role("heading", name="Nothing left").wait_for()


def test_another_page_waits_until_all_is_on_disk(page: "Page", server: Server, audited: Audited) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.press("d")
    page.get_by_role("link", name="Log").click()
    page.get_by_text("1 copy dropped").wait_for()
    assert len(log(audited)) == 4


def test_two_people_at_one_server_are_asked_each_for_a_name_and_undo_their_own(page: "Page", audited: Audited) -> None:
    def introduced(shown: "Page", name: str) -> None:
        shown.get_by_role("heading", name="Who is reviewing?").wait_for()
        stands_still(shown)
        shown.get_by_label("Reviewer").fill(name)
        shown.get_by_role("button", name="Begin").click()

    with serving(audited.workspace.root, arguments=()) as server:
        page.goto(server.address)
        introduced(page, "Ana, née O'Hara")
        press(page, "d", "Kept cats/001.jpg")
        page.reload()  # asked once
        painted(page)
        other = opened(page.context.browser)
        other.goto(f"{server.address}/log")
        introduced(other, "Bia")
        other.get_by_text("1 copy dropped").wait_for()  # the page that the address named
        other.get_by_role("link", name="Queue").click()
        painted(other)
        items = {shown.locator(".view").get_attribute("data-painted") for shown in (page, other)}
        assert len(items) == 2, "each has a share of what is left"
        other.keyboard.press("u")
        says(other, "There is nothing to take back.")
        decided(audited.workspace, 1)
        press(page, "u", "Taken back: Keep cats/001.jpg")
    with Store(audited.workspace.review) as store:
        assert {decision.reviewer for decision in store.log.decisions()} == {"Ana, née O'Hara"}


def test_own_keys_are_taken_from_a_file(page: "Page", audited: Audited) -> None:
    with serving(audited.workspace.root, settings={"keys.toml": 'drop = "j"\n'}) as server:
        page.goto(server.address)
        painted(page)
        press(page, "d", "D means nothing here")
        press(page, "j", "Kept cats/001.jpg")
        decided(audited.workspace, 1)


@pytest.mark.shared
def test_two_hundred_items_of_a_real_audit_are_decided_as_they_were_meant(
    page: "Page", shared_data: Path, tmp_path: Path
) -> None:
    """Groups, relabels, undo, filters and the gallery, by keyboard; then the manifest says what was meant."""
    workspace = Workspace(tmp_path / "ws")
    curate.audit(shared_data / "web-emotions", workspace.root, configuration=Config(profile="faces"))
    meant: dict[str, str] = {}
    with serving(workspace.root) as server:
        page.goto(server.address)
        for number in range(160):
            painted(page)
            item = page.evaluate("() => window.curate.machine.item")
            paths = [image["path"] for image in item["images"]]
            if item["group"]:
                key = ("d", "2", "k", "x")[number % 4]
                kept = {"d": item["survivor"], "2": 1}.get(key)
                if key == "x" and item["survivor"] >= 0:
                    page.keyboard.press("x")
                    says(page, "again confirms")
                told = dict.fromkeys(paths, "drop" if key in "d2x" else "keep")
                if kept is not None and kept >= 0:
                    told[paths[kept]] = "keep"
            else:
                others = [name for name in ("angry", "happy", "sad") if name != item["images"][0]["label"]]
                key = ("d", "k", {"angry": "1", "happy": "2", "sad": "3"}[others[0]])[number % 3]
                told = {paths[0]: {"d": "drop", "k": "keep"}.get(key, f"relabel {others[0]}")}
            page.keyboard.press(key)
            assert page.evaluate("() => window.curate.machine.refusals") == 0, page.locator(".message").inner_text()
            meant |= told
            if number % 16 == 15:  # a slip, taken back and decided again
                page.keyboard.press("u")
                page.wait_for_function("(id) => window.curate.machine.painted === id", arg=item["id"])
                page.keyboard.press("k")
                meant |= dict.fromkeys(paths, "keep")
        decided(workspace, 160)
        page.goto(f"{server.address}/images?view=waiting")
        page.locator(".cell.seen").first.wait_for()
        for _ in range(40):
            path = page.locator(".cell.at.seen").get_attribute("data-id")  # what was not seen is not decided
            page.keyboard.press("d")
            page.wait_for_function(
                "(path) => window.curate.selection.tiles.some((tile) => tile.id === path && tile.state === 'dropped')",
                arg=path,
            )
            meant[str(path)] = "drop"
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(30)
    manifest = curate.manifest(workspace.root, pending="keep").set_index("path")
    said = {
        path: f"relabel {row['final_label']}" if row["action"] == "relabel" else row["action"]
        for path, row in manifest.loc[list(meant)].iterrows()
    }
    assert said == meant
    with Store(workspace.review) as store:
        standing = fold(store.log.decisions()).standing
        assert store.catalogue.facets()["state"][State.DROPPED] == sum(action == "drop" for action in meant.values())
    assert len({path for _, path in standing}) >= 200
