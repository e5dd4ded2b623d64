"""Faces within a pair: what lies in their boxes decides, however much agrees around them."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from curate.duplicates import colours, portraits, windows
from curate.duplicates.groups import scenes
from curate.duplicates.portraits import Portraits
from curate.duplicates.tiles import TILE_PX, Floats
from curate.duplicates.verify import Verifier
from curate.scanners.duplicates import DuplicatesSettings
from curate.schema import Role, Severity, Verdict
from curate.storage.blobs import Spool
from tests.duplicates.test_prefilter import family

BOX = {"left": 96.0, "top": 64.0, "width": 64.0, "height": 80.0, "what": "face", "score": 0.9}
"""Of an image of 256 pixels: columns 24 to 40 and rows 16 to 36 of its tile."""


def smiling(tile: Floats) -> Floats:
    """The same scene, with another mouth in the box."""
    changed = tile.copy()
    cv2.ellipse(changed, (32, 29), (6, 3), 0, 0, 180, 20.0, 2)
    return changed


def table(tiles: list[Floats], boxes: list[str | None] | None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "tile": Spool().column([tile.astype(np.uint8).tobytes() for tile in tiles]),
            "width": 256,
            "height": 256,
            "chroma": 10.0,
            "colours": Spool().column([bytes(colours.BYTES)] * len(tiles)),
        }
    )
    return frame if boxes is None else frame.assign(boxes=pd.Series(boxes, dtype=object))


def copies(boxes: list[str | None] | None, other: Floats) -> int:
    verifier = Verifier(table([family(1)[0], other], boxes), DuplicatesSettings())
    return len(verifier.copies((np.array([0]), np.array([1]), np.array([2])), None))


def test_a_box_in_pixels_of_the_image_is_a_region_of_the_tile() -> None:
    (region,) = portraits.regions(json.dumps([BOX]), 256, 256)
    assert region == (slice(16, 36), slice(24, 40))


@pytest.mark.parametrize("change", [{"score": 0.5}, {"width": 20.0}], ids=["unsure", "tiny"])
def test_what_may_be_no_face_or_is_tiny_says_nothing(change: dict[str, float]) -> None:
    assert portraits.regions(json.dumps([BOX | change]), 256, 256) == []


def test_another_expression_is_a_copy_only_where_nobody_knows_of_the_face() -> None:
    known: list[str | None] = [json.dumps([BOX]), json.dumps([BOX])]
    assert copies(None, smiling(family(1)[0])) == 1
    assert copies([None, None], smiling(family(1)[0])) == 1
    assert copies(known, smiling(family(1)[0])) == 0
    assert copies(known, 0.7 * family(1)[0]) == 1


def test_what_agrees_but_for_the_faces_is_the_same_scene() -> None:
    boxes: list[str | None] = [json.dumps([BOX])] * 4
    tiles = [family(1)[0], smiling(family(1)[0]), 0.7 * family(1)[0], family(2)[0]]
    verifier = Verifier(table(tiles, boxes), DuplicatesSettings())
    pairs = np.array([(0, 1), (2, 1), (0, 2), (0, 3)]).T
    copied = [(i, j) for i, j, _ in verifier.copies((pairs[0], pairs[1], np.full(4, 2)), None)]
    assert copied == [(0, 2)]
    assert verifier.same_scene == {(0, 1), (1, 2)}


def test_each_image_is_told_of_the_best_other_one_of_its_scene_and_is_to_be_kept() -> None:
    columns = {"path": np.array(["a", "b", "c", "d"], dtype=object)}
    found = list(scenes(columns, [(1, 3), (0, 3), (1, 2)]))
    assert [(one.path, one.evidence["other"]) for one in found] == [("a", "d"), ("b", "c"), ("c", "b"), ("d", "a")]
    assert {(one.severity, one.suggestion, one.role, one.group_id) for one in found} == {
        (Severity.INFO, Verdict.KEEP, Role.SUBJECT, None)
    }
    assert found[0].reason == "Agrees with d in all but the faces."


@pytest.mark.parametrize(("faces", "marked", "same"), [(2, 1, False), (3, 1, True), (4, 2, False), (4, 1, True)])
def test_in_a_crowd_a_mark_may_lie_over_a_face(faces: int, marked: int, same: bool) -> None:
    tile = np.random.default_rng(1).uniform(20, 200, (TILE_PX, TILE_PX)).astype(np.float32)
    regions = [portraits.Region(slice(20, 32), slice(16 * number, 16 * number + 12)) for number in range(faces)]
    other = tile.copy()
    for region in regions[:marked]:
        other[region.rows, region.columns] = 210 - other[region.rows, region.columns]
    assert portraits.agree(tile, other, regions) is same


def test_a_window_with_another_expression_is_no_crop() -> None:
    outer = np.asarray(cv2.resize(family(1)[0], (TILE_PX, TILE_PX)), np.float32)
    inner = np.asarray(cv2.resize(outer[3:61, 3:61], (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC), np.float32)
    faces = portraits.regions(json.dumps([BOX]), 256, 256)
    assert windows.part(inner, outer, 4, faces) is not None
    assert windows.part(smiling(inner), outer, 4, faces) is None


def test_burnt_pixels_have_no_say() -> None:
    face = np.tile(np.linspace(60, 240, 20, dtype=np.float32), (20, 1))
    assert portraits.alike(face, np.minimum(face * 1.8, 255)) > 0.9999


def test_a_table_without_boxes_knows_no_faces() -> None:
    assert Portraits(table([family(1)[0]], None)).of(0) == []
