"""The reviewer with 100,000 findings in its queue: from key press to the next image, in a real Chromium.

Every image is a real file and each of those shown differs from the others, so that every preview is decoded,
scaled and sent anew. A second run of two browsers at once shows that nothing is lost and nothing done twice.
"""

import hashlib
import os
import random
import shutil
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from curate import config
from curate.config import Config
from curate.dataset import manifest
from curate.reviewing.store import Store
from curate.schema import FINDINGS, IMAGES
from curate.storage.atomic import write_json
from curate.storage.workspace import VERSION, Workspace, write_table
from tests import sample_images
from tests.browsing import Server, browsing, opened, serving, stands_still

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FINDINGS_WANTED = 100_000
DECISIONS = int(os.environ.get("CURATE_BENCH_DECISIONS", "2000"))
EACH_OF_TWO = int(os.environ.get("CURATE_BENCH_EACH", "500"))
DISTINCT = DECISIONS + 200
KINDS = ("blurry", "dark", "bright", "odd_size", "odd_aspect_ratio")

WATCH = """() => {
    const shown = () => document.querySelector(".st-key-image img");
    window.taken = [];
    document.addEventListener("keydown", () => {
        const start = performance.now(), before = shown()?.alt;
        const look = () => {
            const image = shown();
            if (image && image.alt !== before && image.complete && image.naturalWidth > 0) {
                window.taken.push([performance.now() - start, image.alt]);
            } else requestAnimationFrame(look);
        };
        look();
    }, true);
}"""
"""From the key going down to the next image being there, decoded, seen by the page itself, frame by frame."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of 100,000 images with a finding each; the worst ones are files that differ from all others."""
    root = tmp_path_factory.mktemp("large")
    source, place = root / "source", Workspace(root / "ws")
    place.features.mkdir(parents=True)
    place.thumbs.mkdir()
    drawn = [sample_images.encode(sample_images.photo(seed, 480, 360)) for seed in range(DISTINCT)]
    hashes = [hashlib.sha256(data).hexdigest() for data in drawn]
    for label in range(10):
        (source / f"class{label}").mkdir(parents=True)
    rng = random.Random(1)
    images, findings = [], []
    for number in range(FINDINGS_WANTED):
        label, which = f"class{number % 10}", min(number, DISTINCT - 1)
        path = f"{label}/{number:06}.jpg"
        if number < DISTINCT:
            (source / path).write_bytes(drawn[which])
        images.append((path, label, None, hashes[which], len(drawn[which]), "JPEG", 480, 360, "RGB", 1, "ok", None))
        score = 1 - number / FINDINGS_WANTED
        findings.append(
            (
                f"{number:016x}", "unsuitable", KINDS[rng.randrange(5)], path, label, None, "subject", score, "warning",
                f"Blurred: its blur effect is {score:.2f}, from 0 sharp to 1 (threshold 0.55).", "drop", "{}",
                "quality", 1,
            )
        )  # fmt: skip
    image_table = pd.DataFrame(images, columns=IMAGES.names, dtype=object)
    finding_table = pd.DataFrame(findings, columns=FINDINGS.names, dtype=object)
    write_table(image_table, IMAGES, place.images)
    write_table(finding_table, FINDINGS, place.findings)
    place.config.write_text(config.dump(Config()))
    write_json(
        {"version": VERSION, "root": str(source), "source": str(source), "skipped": [], "prevalent": []}, place.audit
    )
    with Store(place.review) as store:
        store.queue.sync(finding_table, image_table)
    return place


@pytest.fixture
def workspace(large: Workspace, tmp_path: Path) -> Workspace:
    """The same, with a log of its own."""
    shutil.copytree(large.root, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


@dataclass
class Pass:
    """What one browser saw: milliseconds for each key, the images in their order, memory of the server."""

    took_ms: list[float] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)


def decide(page: "Page", server: Server, count: int, rng: random.Random) -> Pass:
    """Press K or D so many times, as soon as the page listens again."""
    page.goto(server.address)
    page.locator(".st-key-image img").wait_for()
    stands_still(page)
    page.evaluate(WATCH)
    found = Pass()
    for number in range(count):
        stands_still(page, for_ms=20)
        page.keyboard.press(rng.choice("kd"))
        page.wait_for_function("(n) => window.taken.length > n", arg=number)
        if number % 100 == 99:
            found.memory_mb.append(server.resident_mb())
    for took, seen in page.evaluate("window.taken"):
        found.took_ms.append(took)
        found.seen.append(seen)
    return found


def test_from_key_press_to_the_next_image(workspace: Workspace) -> None:
    with serving(workspace.root) as server, browsing() as browser:
        found = decide(opened(browser), server, DECISIONS, random.Random(1))
    ordered = sorted(found.took_ms)
    print(f"\n{len(ordered):,} decisions, {FINDINGS_WANTED:,} findings in the queue")
    print(f"  median            {statistics.median(ordered):8.0f} ms   (wanted: below 300)")
    print(f"  95th percentile   {ordered[int(0.95 * len(ordered))]:8.0f} ms   (wanted: below 700)")
    print(f"  worst             {ordered[-1]:8.0f} ms")
    for start in range(0, len(found.took_ms), max(1, len(found.took_ms) // 4)):
        part = found.took_ms[start : start + max(1, len(found.took_ms) // 4)]
        print(f"  from {start + 1:6,}       {statistics.median(part):8.0f} ms")
    memory = " ".join(f"{value:.0f}" for value in found.memory_mb)
    print(f"  memory of the server in MB, every 100 decisions: {memory}")
    assert len(set(found.seen)) == DECISIONS
    with Store(workspace.review) as store:
        assert store.log.last_line() == DECISIONS


def test_two_browsers_at_once_lose_nothing_and_do_nothing_twice(workspace: Workspace) -> None:
    found: dict[str, Pass] = {}
    with serving(workspace.root) as server:

        def review(who: str, seed: int) -> None:
            with browsing() as browser:
                found[who] = decide(opened(browser), server, EACH_OF_TWO, random.Random(seed))

        reviewers = [Thread(target=review, args=(who, seed)) for seed, who in enumerate(("one", "other"))]
        for reviewer in reviewers:
            reviewer.start()
        for reviewer in reviewers:
            reviewer.join()
    with Store(workspace.review) as store:
        log = store.log.decisions()
        counted = store.queue.progress()
        images, findings = workspace.read_images(), workspace.read_findings()
        first = manifest.build(images, findings, log, source="s")
        store.queue.sync(findings, images)
        again = manifest.build(images, findings, store.log.decisions(), source="s")
        assert counted == store.queue.progress(), "what was counted as it went is what the log comes to"
    times = Counter((decision.finding_id, decision.path) for decision in log)
    # What was on the screen of the one who ended first, undecided, is handed to the other: that is no repetition.
    shown = Counter(seen for one in found.values() for seen in one.seen[:-1])
    medians = ", ".join(f"{statistics.median(one.took_ms):.0f} ms" for one in found.values())
    print(f"\ntwo browsers, {EACH_OF_TWO} decisions each: {len(log)} in the log, {len(times)} images, median {medians}")
    print(
        f"  decided twice: {sum(n > 1 for n in times.values())}   shown to both: {sum(n > 1 for n in shown.values())}"
    )
    assert len(log) == 2 * EACH_OF_TWO
    assert set(times.values()) == {1}
    assert set(shown.values()) == {1}
    pd.testing.assert_frame_equal(first, again)
    assert int((first["action"] != "pending").sum()) == 2 * EACH_OF_TWO
