"""A whole way, from the audit to the report, with a review in a real Chromium: no packet leaves the machine.

Counted from outside all its processes, the browser's too, on the one way out of a network of their own. Chromium asks
for addresses of its maker by itself, without a page too; that no page does is seen by what pages request.
"""

import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import sleep

import pytest

from curate.storage.workspace import Workspace
from tests import cut_off, sample_images
from tests.browsing import browsing, chromium, decided, opened, painted, press, serving, stands_still

pytest.importorskip("streamlit")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not cut_off.is_possible(), reason="takes a network of its own"),
]

PAGES = ("queue", "images", "map", "thresholds", "agreement", "overview", "log", "export")
ELSEWHERE = ("192.0.2.7", "2001:db8::7", "192.0.2.8")
"""Addresses of nobody, kept for documents: two that are sent to by hand, and one that Chromium is told to open."""
OF_THE_BROWSER = {
    f"for {name}" for name in ("accounts.google.com", "update.googleapis.com", "content-autofill.googleapis.com")
}


def test_no_packet_leaves_the_machine(tmp_path: Path) -> None:
    chromium()
    sample_images.dataset(tmp_path / "set", each=12)
    (tmp_path / "set" / "cats" / "bad.jpg").write_bytes(b"")
    sample_images.save(sample_images.photo(1) // 8, tmp_path / "set" / "dogs" / "night.jpg")
    command = [*cut_off.IN_A_NETWORK_OF_ITS_OWN, sys.executable, "-m", __name__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    counted = json.loads(done.stdout.splitlines()[-1])
    others = {packet for packet in counted["sent"] if packet.partition(" ")[2] not in OF_THE_BROWSER}
    assert sorted(others) == [], "what was sent by the audit, the review and the rest"
    assert counted["requested"] == [], "what pages asked of others than the reviewer"
    assert set(ELSEWHERE) <= set(counted["sent by hand"]), "what is sent is seen"
    assert counted["decided"] == 2


def go_the_whole_way(folder: Path) -> tuple[int, list[str]]:
    """Audit, review on every page, and write all there is to write.

    Returns how many decisions were made, and what pages asked of others than the reviewer.
    """
    requested: list[str] = []
    ws = folder / "ws"
    curate("audit", folder / "set", "-w", ws, "--thorough")
    with serving(ws) as server, browsing() as browser:
        page = opened(browser)
        page.context.on("request", lambda request: requested.append(request.url))
        page.goto(server.address)
        painted(page)
        press(page, "Delete", "Dropped")
        press(page, "k", "Kept")
        decided(Workspace(ws), 2)
        for name in PAGES:
            page.goto(f"{server.address}/{name}")
            stands_still(page)
        page.goto(f"{server.address}/images?text=00")
        stands_still(page, for_ms=2000)
    curate("manifest", ws, "-o", folder / "m.csv", "--pending", "keep")
    curate("export", folder / "m.csv", folder / "out")
    curate("verify", folder / "out")
    curate("report", ws, "-o", folder / "report.html")
    status = curate("status", ws, "--json")
    assert requested, "pages are heard"
    own = (f"{server.address}/", "data:", "blob:")
    return int(json.loads(status)["queue"]["items_done"]), [url for url in requested if not url.startswith(own)]


def curate(*arguments: object) -> str:
    command = [sys.executable, "-m", "curate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def send_by_hand() -> None:
    """Send a packet to an address of either family, and let Chromium open a third."""
    for family, address in ((socket.AF_INET, ELSEWHERE[0]), (socket.AF_INET6, ELSEWHERE[1])):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", (address, 9))
    with browsing() as browser, suppress(Exception):
        browser.new_page().goto(f"http://{ELSEWHERE[2]}/", timeout=3000)


def main(folder: Path) -> None:
    with cut_off.recorded() as destinations:
        done, requested = go_the_whole_way(folder)
        sent = [*destinations]
        send_by_hand()
        sleep(0.5)
        by_hand = destinations[len(sent) :]
        told = {"sent": sent, "sent by hand": by_hand, "requested": requested, "decided": done}
        print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
