"""A person in a real Chromium who looks: at one image, at two, at many at once, and what is beside them."""

import base64
import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import curate
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.browsing import Server, decided, painted, press, serving, stands_still
from tests.conftest import Audited

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_image_fills_the_screen_and_is_seen_by_its_pixels(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    view = page.locator(".view").bounding_box()
    assert view is not None
    assert view["width"] * view["height"] >= 0.6 * 1280 * 720
    label = page.locator(".scale")
    assert label.inner_text().startswith("fit ")
    page.keyboard.press("z")
    assert label.inner_text() == "pixel for pixel 100 %"
    page.keyboard.press("z")
    assert label.inner_text() == "four times 400 %"
    page.locator(".view").hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => !document.querySelector('body').innerText.includes('four times 400')")
    page.keyboard.press("p")
    assert page.locator(".panel").is_hidden()
    page.keyboard.press("p")
    assert page.locator(".panel").is_visible()


def test_an_image_keeps_its_room_on_a_laptop_at_twice_the_size(page: "Page", server: Server) -> None:
    page.set_viewport_size({"width": 640, "height": 360})
    for kind in ("", "?kind=dark"):
        page.goto(f"{server.address}/queue{kind}")
        painted(page)
        view = page.locator(".view").bounding_box()
        assert view is not None
        assert view["width"] * view["height"] >= 0.3 * 640 * 360
        assert page.locator(".tile img, .single img").first.evaluate("(image) => image.clientHeight") >= 0.3 * 360
    drop = page.locator("[data-act=drop]").bounding_box()
    assert drop is not None
    assert drop["y"] + drop["height"] <= 360


def test_the_copy_that_is_suggested_to_stay_is_named_in_full(page: "Page", server: Server) -> None:
    page.set_viewport_size({"width": 900, "height": 600})
    page.goto(server.address)
    painted(page)
    page.locator(".tile.stays .name").evaluate("(one) => { one.textContent = 'name '.repeat(40); }")
    badge = page.locator(".badge.good")
    assert badge.evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_what_a_camera_wrote_is_read_where_somebody_looks(page: "Page", tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Makers & Sons"
    (tmp_path / "src" / "cats").mkdir(parents=True)
    Image.new("RGB", (64, 64), (3, 3, 3)).save(tmp_path / "src" / "cats" / "dark.jpg", exif=exif)
    curate.audit(tmp_path / "src", tmp_path / "ws")
    with serving(tmp_path / "ws") as server:
        page.goto(server.address)
        painted(page)
        page.locator(".camera summary").click()
        page.locator(".camera dd", has_text="Makers & Sons").wait_for()


def test_a_name_that_turns_text_is_shown_as_an_escape(page: "Page", tmp_path: Path) -> None:
    folder = tmp_path / "src" / "\u202esdrib"
    folder.mkdir(parents=True)
    for index, name in enumerate(("\u202egpj.one", "two\u2066")):
        Image.new("RGB", (64, 64 + index), (3, 3, 3)).save(folder / f"{name}.jpg")
    curate.audit(tmp_path / "src", tmp_path / "ws")
    read = """() => [...document.querySelectorAll("*")]
        .flatMap((one) => [one, ...(one.shadowRoot?.querySelectorAll("*") ?? [])])
        .map((one) => one.textContent + one.alt + one.title).join(" ")"""
    with serving(tmp_path / "ws") as server:
        page.goto(server.address)
        press(page, "d", r"Dropped \u202esdrib/")
        decided(Workspace(tmp_path / "ws"), 1)
        for name, shown in (
            ("queue", ".panel h2"),
            ("images", ".cell"),
            ("overview", "text=Class balance"),
            ("log", "text=Drop"),
        ):
            page.goto(f"{server.address}/{name}")
            page.locator(shown).first.wait_for()
            stands_still(page)
            text = page.evaluate(read)
            turned = [found[0] for found in re.finditer(".{0,20}[\u202e\u2066].{0,20}", text)]
            assert not turned, name
            assert r"\u202esdrib" in text or name == "overview"  # whose table is drawn
    assert curate.status(tmp_path / "ws").class_summary.index[0] == "\u202esdrib", "as data it stays as it is"


def test_two_copies_blink_and_show_where_they_differ(page: "Page", server: Server) -> None:
    page.goto(server.address)
    painted(page)
    page.keyboard.press("z")
    page.locator(".sign", has_text="2").wait_for()
    page.locator(".sign", has_text="1").wait_for()
    page.keyboard.press("z")
    page.get_by_text("grey levels apart on average").wait_for()
    drawn = page.locator(".over canvas").evaluate("(canvas) => canvas.toDataURL('image/png').split(',')[1]")
    darkest = Image.open(io.BytesIO(base64.b64decode(drawn))).convert("L").getextrema()[0]
    assert darkest < 16, "where copies agree the difference is black"


@pytest.mark.parametrize(
    "way",
    [
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
    ],
    ids=lambda way: way.name.lower(),
)
def test_a_copy_that_lies_otherwise_is_turned_back_before_it_is_compared(
    page: "Page", tmp_path: Path, way: Image.Transpose
) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    photo = Image.fromarray(sample_images.photo(30))
    photo.save(source / "cats" / "one.png")
    photo.transpose(way).save(source / "cats" / "other.png")
    audit = curate.audit(source, tmp_path / "ws", engine="serial")
    assert set(audit.findings["kind"]) <= {"mirrored", "rotated"}
    with serving(tmp_path / "ws") as server:
        page.goto(server.address)
        painted(page)
        page.keyboard.press("z")
        page.locator(".sign", has_text="2").wait_for()
        page.keyboard.press("z")
        said = page.get_by_text("grey levels apart on average").inner_text()
        assert float(said.split()[0]) < 2, "JPEG previews of the same pixels"


def test_surfaces_write_numbers_as_the_language_of_the_page_does(page: "Page", audited: Audited) -> None:
    with serving(audited.workspace.root, ("--reviewer", "ana", "--lang", "pt-BR")) as portuguese:
        page.goto(f"{portuguese.address}/queue")
        painted(page)
        page.keyboard.press("z")
        page.keyboard.press("z")
        page.get_by_text(re.compile(r"^\d+,\d níveis de cinza de diferença")).wait_for()


def test_a_group_is_decided_only_when_all_of_it_has_been_on_the_screen(page: "Page", tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src")
    for number in range(22):
        shutil.copy(source / "cats" / "000.jpg", source / "cats" / f"again{number}.jpg")
    workspace = Workspace(tmp_path / "ws")
    curate.audit(source, workspace.root)
    with serving(workspace.root) as server:
        page.goto(server.address)
        for key in ("d", "k", "x", "l", "1"):
            press(page, key, "Not taken: images of the group not yet on the screen: 5.")
        page.locator(".tile").last.scroll_into_view_if_needed()
        page.wait_for_function("() => window.curate.stage.unseen.size === 0")
        press(page, "d", "copies dropped: 22.")
        decided(workspace, 1)
        press(page, "u", "Taken back", shown=False)
        press(page, "s", "Left the 23 images of the group for later.")


def test_copies_that_blink_are_decided_only_when_both_have_been_on_the_screen(
    page: "Page", server: Server, audited: Audited
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(server.address)
    painted(page)
    page.keyboard.press("z")
    page.keyboard.press("ArrowRight")
    painted(page)
    page.keyboard.press("ArrowLeft")
    press(page, "d", "Not taken: images of the group not yet on the screen: 1.")
    page.locator(".over .window").click()
    page.wait_for_function("() => window.curate.stage.unseen.size === 0")
    press(page, "d", "Kept cats/001.jpg")
    decided(audited.workspace, 1)


def test_similar_images_open_from_the_queue(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/queue?kind=dark")
    painted(page)
    page.keyboard.press("m")
    page.get_by_text("Most like dogs/night.jpg").wait_for()
    page.locator(".cell").first.wait_for()
    assert page.locator(".cell").first.get_attribute("data-id") == "dogs/night.jpg"
    assert "/images?like=" in page.url


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("/queue?like=dogs%2Fnight.jpg", "Most like dogs/night.jpg", id="of images, on the queue"),
        pytest.param("/map?like=dogs%2Fnight.jpg", "Most like dogs/night.jpg", id="of images, on the map"),
    ],
)
def test_an_address_of_another_page_leads_there(page: "Page", server: Server, address: str, shown: str) -> None:
    """As it is left where a message that was on its way overtakes the switch to another page."""
    page.goto(server.address + address)
    page.get_by_text(shown).wait_for()
    assert "/images?like=dogs" in page.url


@pytest.mark.parametrize("name", ["Images", "Map"])
def test_a_link_leaves_the_queue_for_good_whatever_its_address_says(page: "Page", server: Server, name: str) -> None:
    page.goto(f"{server.address}/queue")
    painted(page)
    page.wait_for_function("() => window.location.search.includes('item=')")
    page.get_by_role("link", name=name).click()
    page.wait_for_url(f"**/{name.lower()}*")
    stands_still(page)
    assert f"/{name.lower()}" in page.url


def test_a_ring_on_the_map_opens_its_images(page: "Page", server: Server) -> None:
    page.goto(f"{server.address}/map")
    points = page.locator(".points")
    points.wait_for()
    area = points.bounding_box()
    assert area is not None
    left, top, right, bottom = (
        area["x"] + 3,
        area["y"] + 3,
        area["x"] + area["width"] - 3,
        area["y"] + area["height"] - 3,
    )
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 9)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Open images: 16").click()
    page.get_by_text("16 images of the map").wait_for()
    page.locator(".cell").nth(15).wait_for()


def test_nothing_is_fetched_from_elsewhere(page: "Page", server: Server) -> None:
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if "127.0.0.1" in request.url or request.url.startswith(("data:", "blob:"))
            else foreign.append(request.url)
        ),
    )
    for path in ("", "/images", "/map", "/overview", "/log", "/agreement", "/thresholds", "/export"):
        page.goto(server.address + path)
        stands_still(page)
    assert foreign == []


def test_every_image_and_field_has_a_name_for_those_who_do_not_see_it(page: "Page", server: Server) -> None:
    nameless = """() => {
        const all = (root, selector) => [...root.querySelectorAll(selector),
            ...[...root.querySelectorAll("*")].flatMap((one) => one.shadowRoot ? all(one.shadowRoot, selector) : [])];
        return [
            ...all(document, "img").filter((one) => !one.alt),
            ...all(document, "button").filter(
                (one) => one.offsetParent && !one.innerText.trim() && !one.getAttribute("aria-label") && !one.title),
            ...all(document, "input, select").filter((one) => one.offsetParent && one.type !== "checkbox"
                && !one.getAttribute("aria-label") && !one.labels?.length),
        ].map((one) => one.outerHTML.slice(0, 200));
    }"""
    for path in ("", "/images", "/map", "/thresholds", "/agreement", "/overview", "/log", "/export"):
        page.goto(server.address + path)
        stands_still(page)
        assert page.evaluate(nameless) == [], path
        assert page.get_by_text("Traceback").count() == 0
