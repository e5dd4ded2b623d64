"""Boxes in evidence are drawn where they are; what is no box is left out."""

import json

import numpy as np
import pytest
import simplejpeg

from curate.findings import Box
from curate.reviewing.boxes import NEUTRAL, boxes_of, marked

FACE = {"what": "face", "left": 40, "top": 20, "width": 100, "height": 60, "score": 0.9}


def test_a_box_is_read_once_though_two_findings_name_it() -> None:
    evidence = json.dumps({"boxes": [FACE], "faces": 1})
    found = boxes_of([{"evidence": evidence}, {"evidence": evidence}])
    assert found == [Box(what="face", left=40, top=20, width=100, height=60, score=0.9)]


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param("not json", id="text that is no JSON"),
        pytest.param("[]", id="a list instead of a mapping"),
        pytest.param('{"boxes": 3}', id="a number of boxes, not boxes"),
        pytest.param(json.dumps({"boxes": [{**FACE, "what": ["face"]}]}), id="a list of sorts"),
        pytest.param(json.dumps({"boxes": [{**FACE, "left": 10**400}]}), id="a number beyond all numbers"),
        pytest.param("[" * 100_000, id="JSON too deep to read"),
        pytest.param(json.dumps({"boxes": [{**FACE, "width": 0}]}), id="a box without area"),
        pytest.param(json.dumps({"boxes": [{**FACE, "left": float("nan")}]}), id="a place that is no number"),
        pytest.param('{"boxes": [{"what": "face", "left": 1}]}', id="a box with one side only"),
    ],
)
def test_what_is_no_box_is_left_out(evidence: str) -> None:
    assert boxes_of([{"evidence": evidence}]) == []


def test_a_box_is_drawn_at_the_scale_of_the_preview() -> None:
    grey = simplejpeg.encode_jpeg(np.full((100, 200, 3), 128, np.uint8), quality=95, colorspace="RGB")
    drawn = simplejpeg.decode_jpeg(marked(grey, boxes_of([{"evidence": json.dumps({"boxes": [FACE]})}]), 400))
    changed = np.abs(drawn.astype(int) - 128).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert columns.min() == pytest.approx(20, abs=4)
    assert columns.max() == pytest.approx(70, abs=4)
    assert rows.min() == pytest.approx(10, abs=4)
    assert rows.max() == pytest.approx(40, abs=4)


def test_a_box_beyond_the_image_ends_at_its_edge() -> None:
    grey = simplejpeg.encode_jpeg(np.full((50, 50, 3), 128, np.uint8), colorspace="RGB")
    beyond = Box(what="damage", left=-10, top=30, width=1000, height=1000)
    assert simplejpeg.decode_jpeg(marked(grey, [beyond], 50)).shape == (50, 50, 3)


def test_a_box_of_a_foreign_scanner_is_drawn_in_a_neutral_colour_under_its_own_name() -> None:
    grey = simplejpeg.encode_jpeg(np.full((300, 300, 3), 128, np.uint8), quality=95, colorspace="RGB")
    found = boxes_of([{"evidence": json.dumps({"boxes": [{**FACE, "what": "reflexão"}]})}])
    drawn = simplejpeg.decode_jpeg(marked(grey, found, 300, {"reflexão": "reflexão"}))
    assert drawn[20, 90].tolist() == pytest.approx(NEUTRAL, abs=60)
