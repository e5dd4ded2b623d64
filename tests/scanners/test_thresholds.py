"""Thresholds as they are shown beside what is judged: both draw the same line, also where a measurement lies on it."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.scanners import Scanner
from curate.scanners.face_detector import SMALL_PX
from curate.scanners.faces import Faces, FacesSettings
from curate.scanners.quality import Quality, QualitySettings

SHARES = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.55, 0.7, 0.85, 0.95, 1.0])
"""Few values, so that measurements often are what a setting is."""
SIDES = st.sampled_from([8, 16, 40, SMALL_PX - 1, SMALL_PX, 200, 400])


def shown(scanner: Scanner, setting: str, view: pd.DataFrame) -> pd.Series:
    """Mark what the page of thresholds suspects by one setting."""
    (threshold,) = [one for one in scanner.thresholds if one.setting == setting]
    return threshold.suspects(threshold.values(view, scanner.settings), float(getattr(scanner.settings, setting)))


def judged(scanner: Scanner, view: pd.DataFrame) -> dict[str, pd.Series]:
    """Mark the images that a scanner flags, by kind."""
    found = [(str(finding.kind), finding.path) for finding in scanner.judge(view)]
    return {kind.name: view["path"].isin({path for name, path in found if name == kind.name}) for kind in scanner.kinds}


@st.composite
def qualities(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(*[SHARES] * 5, st.sampled_from([0.0, 3.0, 6.0, 50.0]), SIDES, SIDES), min_size=1))
    names = ["blur", "p1", "p5", "p99", "flat_share", "contrast", "width", "height"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[:6], "float32"))
    return frame.assign(path=[f"{number}.jpg" for number in range(len(rows))], has_subject=False, details=0)


SETTINGS = st.fixed_dictionaries(
    dict.fromkeys(("blurry", "dark", "bright", "bright_floor", "flat_share"), SHARES)
    | {"low_contrast": st.sampled_from([0.0, 3.0, 6.0])}
)


@given(qualities(), SETTINGS)
def test_what_quality_suspects_is_what_it_judges(view: pd.DataFrame, settings: dict[str, float]) -> None:
    scanner = Quality(QualitySettings(**{"max_deviations": 0, "odd_aspect_ratio": 2.5, **settings}))
    by = {one.setting: shown(scanner, one.setting, view) for one in scanner.thresholds}
    found = judged(scanner, view)
    is_bright = by["bright"] & by["bright_floor"]
    is_empty = by["flat_share"] | (by["low_contrast"] & ~by["dark"] & ~is_bright)
    assert found["dark"].equals(by["dark"])
    assert found["bright"].equals(is_bright)
    assert found["low_information"].equals(is_empty)
    assert found["blurry"].equals(by["blurry"] & ~is_empty)
    assert found["odd_aspect_ratio"].equals(by["odd_aspect_ratio"])
    alike = view.assign(width=view["width"].clip(upper=40), height=view["height"].clip(upper=40))
    tiny = shown(scanner, "tiny_px", alike)
    if (alike[["width", "height"]].prod(axis=1) ** 0.5).median() >= 40:  # in a dataset of such, none is odd
        assert not (tiny & ~judged(scanner, alike)["odd_size"]).any()


@pytest.mark.parametrize(("typical", "odd"), [(31, []), (32, ["short.jpg"])])
def test_a_side_under_sixteen_pixels_is_odd_where_images_are_twice_as_large(typical: int, odd: list[str]) -> None:
    sizes = [(f"{number}.jpg", typical, typical) for number in range(9)] + [
        ("short.jpg", 15, typical),
        ("16.jpg", 16, typical),
    ]
    view = pd.DataFrame(sizes, columns=["path", "width", "height"]).assign(
        blur=0.0, p1=0.0, p5=0.0, p99=1.0, flat_share=0.1, contrast=50.0, has_subject=False, details=0
    )
    assert [finding.path for finding in Quality(QualitySettings()).judge(view)] == odd


@st.composite
def faces(draw: st.DrawFn) -> pd.DataFrame:
    box = st.tuples(SHARES, st.sampled_from([1, 5, 20, 80]))
    rows: Sequence[Any] = draw(st.lists(st.tuples(st.lists(box, max_size=3), SHARES, SIDES, SIDES), min_size=1))
    boxes = [
        [{"what": "face", "left": 0, "top": 0, "width": side, "height": side, "score": score} for score, side in found]
        for found, *_ in rows
    ]
    frame = pd.DataFrame([row[1:] for row in rows], columns=["covered", "width", "height"])
    named = [f"{number}.jpg" for number in range(len(rows))]
    return frame.astype({"covered": "float32"}).assign(boxes=list(map(json.dumps, boxes)), path=named)


@given(faces(), SHARES, SHARES, SHARES, SHARES, SHARES)
def test_what_the_scanner_of_faces_suspects_is_what_it_judges(
    view: pd.DataFrame, sure: float, small: float, share: float, several: float, covered: float
) -> None:
    chosen = {"min_score": sure, "min_score_small": small, "small_share": share, "several": several}
    scanner = Faces(FacesSettings(**chosen, max_covered_score=covered))
    by = {one.setting: shown(scanner, one.setting, view) for one in scanner.thresholds}
    found = judged(scanner, view)
    assert found["no_face"].equals(by["min_score"] | by["min_score_small"])
    assert found["body_not_face"].equals(found["no_face"] | by["small_share"])
    others = found["no_face"] | found["body_not_face"] | found["several_faces"]
    assert found["face_covered"].equals(by["max_covered_score"] & ~others)
