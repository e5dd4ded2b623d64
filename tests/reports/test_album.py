"""Every finding is reachable from the page, and the page stays within its size however many there are."""

import re

import numpy as np
import pandas as pd
import pytest

from curate import reports
from curate.auditing import gallery
from curate.reports import album, tables
from curate.reviewing.previews import smaller
from curate.schema import FINDINGS, IMAGES
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.conftest import Audited
from tests.reports.pages import Page
from tests.reports.test_tables import duplicates, finding, findings_of

NOISE = sample_images.encode(np.random.default_rng(0).integers(0, 255, (480, 480, 3), dtype=np.uint8))


class Drawn(gallery.Previews):
    """The same noise for every image but those called `lost`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def jpeg(self, path: str, side_px: int = gallery.SIDE_PX) -> bytes | None:
        self.asked.append(path)
        return None if "lost" in path else smaller(NOISE, side_px)


def outcomes(*rows: dict[str, object]) -> pd.DataFrame:
    return tables.outcomes(findings_of(list(rows)), {}).assign(outcome="undecided")


def blurry(count: int, kind: str = "blurry") -> list[dict[str, object]]:
    return [finding(f"cats/{kind}-{n:04}.jpg", kind, score=1 - n / 10_000) for n in range(count)]


def filled(found: pd.DataFrame, room: int, cost: int = 100, kinds: tuple[str, ...] = ("blurry",)) -> album.Album:
    return album.filled(album.bare(found, kinds), found, Drawn(), room, lambda _: cost)


def test_what_is_no_card_is_listed_the_worst_first() -> None:
    part = filled(outcomes(*blurry(30)), 10**7).parts["blurry"]
    assert part.shown == 12
    assert [row["path"] for row in part.rows] == [f"cats/blurry-{n:04}.jpg" for n in range(12, 30)]
    assert part.left_out == 0


def test_copies_that_a_group_has_no_room_for_are_listed() -> None:
    part = filled(outcomes(*duplicates(2, 9)), 10**7, kinds=("resized",)).parts["resized"]
    assert part.shown == 6
    assert len(part.rows) == 12
    assert {row["role"] for row in part.rows} == {"copy"}


def test_rows_are_shared_out_evenly_and_the_rest_is_counted() -> None:
    found = outcomes(*blurry(112), *blurry(22, "dark"))
    made = filled(found, 10_000, cost=100, kinds=("blurry", "dark"))
    # 60 rows: the ten of the smaller kind, and what then is left.
    assert (len(made.parts["dark"].rows), made.parts["dark"].left_out) == (10, 0)
    assert (len(made.parts["blurry"].rows), made.parts["blurry"].left_out) == (50, 50)


def test_previews_get_smaller_before_any_is_left_out() -> None:
    found = outcomes(*blurry(12))
    large, small = (filled(found, room).cards for room in (10**8, 400_000))
    assert len(large) == len(small) == 12
    assert len(next(iter(large.values()))) > 4 * len(next(iter(small.values())))
    assert sum(map(len, small.values())) <= 400_000
    assert len(filled(found, 15_000).cards) < 12


def test_small_images_stand_beside_the_first_rows_of_every_kind() -> None:
    found = outcomes(*blurry(400), *blurry(400, "dark"))
    made = filled(found, 600_000, kinds=("blurry", "dark"))
    beside = [path for path in made.thumbnails if path not in made.cards]
    assert 10 < len(beside) < 300
    assert beside[:4] == [f"cats/{kind}-{n:04}.jpg" for n in (12, 13) for kind in ("blurry", "dark")]


def test_an_image_that_cannot_be_shown_has_its_row_all_the_same() -> None:
    found = outcomes(*blurry(12), finding("cats/lost.jpg", "blurry", score=0.1))
    made = filled(found, 10**7)
    assert [row["path"] for row in made.parts["blurry"].rows] == ["cats/lost.jpg"]
    assert "cats/lost.jpg" not in made.thumbnails


def test_what_merely_informs_is_listed_apart_from_what_is_flagged_under_the_same_name() -> None:
    rows = [*blurry(13), {**finding("cats/faint.jpg", "blurry"), "severity": "info"}]
    made = filled(outcomes(*rows), 10**7)
    assert [row["path"] for row in made.informing["blurry"].rows] == ["cats/faint.jpg"]
    assert [row["path"] for row in made.parts["blurry"].rows] == ["cats/blurry-0012.jpg"]


@pytest.fixture
def crowded(audited: Audited) -> Workspace:
    """Ten thousand findings of long names, some with a preview that is kept from earlier."""
    workspace = audited.workspace
    rows = [row for kind in ("blurry", "dark", "truncated", "same_bytes", "odd_size") for row in blurry(2_000, kind)]
    image = workspace.read_images().iloc[0].to_dict()
    images = [{**image, "path": row["path"], "sha256": f"{n:064x}"} for n, row in enumerate(rows)]
    for name in range(0, len(images), 4):
        digest = images[name]["sha256"]
        kept = workspace.thumbs / digest[:2] / f"{digest}-480.jpg"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(NOISE)
    reason = "Blurred: its blur effect is 0.79, from 0 (sharp) to 1 (threshold 0.55); and more that is long."
    write_table(
        findings_of([{**row, "reason": reason, "scanner": "quality", "scanner_version": 1} for row in rows]),
        FINDINGS,
        workspace.findings,
    )
    write_table(pd.DataFrame(images), IMAGES, workspace.images)
    return workspace


def test_a_page_of_ten_thousand_findings_has_less_than_five_megabytes(crowded: Workspace) -> None:
    html = reports.report(crowded.root)[0].read_text(encoding="utf-8")
    assert 3_500_000 < len(html.encode()) < 5_000_000
    page = Page(html)
    assert page.unbalanced == []
    listed = sum(tag == "li" for tag, _ in page.tags) - html.count('<li><a href="#')
    cards = html.count('<figure class="card')
    left_out = sum(int(n.replace(",", "")) for n in _more(html))
    assert listed + cards + left_out == 10_000
    assert listed > 8_000


def _more(html: str) -> list[str]:
    return re.findall(r"and ([\d,]+) more, in report-findings\.csv", html)


def test_a_row_says_path_score_decision_and_reason(decided: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery.choose, "__defaults__", (0,))
    html = reports.report(decided.workspace.root)[0].read_text(encoding="utf-8").replace("<wbr>", "")
    section = html[html.index('id="kind-empty"') :]
    row = section[section.index("<li>") : section.index("</li>")]
    assert row.startswith("<li><p><b><bdi>cats/empty.png</bdi></b> 1.00 ")
    assert '<span class="badge dropped">Dropped</span> <span>The file is empty (0 bytes).</span></p>' in row


def test_a_smaller_preview_keeps_its_shape_and_is_never_enlarged() -> None:
    from simplejpeg import decode_jpeg_header

    wide = sample_images.encode(sample_images.photo(1, 400, 200))
    assert decode_jpeg_header(smaller(wide, 100))[:2] == (50, 100)
    assert smaller(wide, 400) is wide
