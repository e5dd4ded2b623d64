"""Text laid over an image is read, and only where it was asked for."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.images.image import Pixels
from curate.scanners.faces import Faces
from curate.scanners.text import Text, TextSettings
from tests import sample_images


def marked(text: str, size: float = 1.2) -> Pixels:
    image = sample_images.photo(4, 420, 300) // 2
    cv2.putText(image, text, (30, 160), cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 3, cv2.LINE_AA)
    return image


def judged(lines: list[tuple[str, float]], **settings: float) -> list[str]:
    """Findings about lines given as (text, score)."""
    told = [{"text": text, "score": score, "left": 0, "top": 0, "width": 50, "height": 10} for text, score in lines]
    frame = pd.DataFrame([{"path": "a.jpg", "width": 100, "height": 100, "lines": json.dumps(told)}])
    return [finding.reason for finding in Text(TextSettings(**settings)).judge(frame)]


def test_what_was_read_is_in_the_reason() -> None:
    (reason,) = judged([("alamy", 0.99), ("alamy", 0.9), ("alamy", 0.9)])
    assert "“alamy”, 3 times (0.99 sure, threshold 0.6); it takes 15.0% of the image (threshold 5%)" in reason


def found(width: int, height: int, faces: list[tuple[int, int, int, int, float]] | None) -> tuple[str, str, str]:
    """Kind, severity and suggestion for one line of text at (100, 100) on 1,000 x 1,000 pixels with such faces."""
    line = {"text": "dreamstime", "score": 0.9, "left": 100, "top": 100, "width": width, "height": height}
    row: dict[str, object] = {"path": "a.jpg", "width": 1000, "height": 1000, "lines": json.dumps([line])}
    if faces is not None:
        names = ("left", "top", "width", "height", "score")
        row["faces"] = json.dumps([dict(zip(names, face, strict=True)) for face in faces])
    (finding,) = Text(TextSettings()).judge(pd.DataFrame([row]))
    return str(finding.kind), str(finding.severity), str(finding.suggestion)


@pytest.mark.parametrize(
    ("size", "faces", "expected"),
    [
        pytest.param((300, 200), None, ("text_overlay", "warning", "drop"), id="a good part of the image"),
        pytest.param((300, 100), None, ("watermark", "info", "keep"), id="a little"),
        pytest.param((300, 100), [(100, 50, 400, 400, 0.9)], ("watermark", "warning", "drop"), id="over a face"),
        pytest.param((300, 100), [(600, 600, 400, 400, 0.9)], ("watermark", "info", "keep"), id="beside a face"),
        pytest.param((300, 100), [(100, 50, 400, 400, 0.5)], ("watermark", "info", "keep"), id="no sure face"),
        pytest.param((30, 30), [(100, 50, 400, 400, 0.9)], ("watermark", "info", "keep"), id="a corner of a face"),
        pytest.param((300, 200), [(600, 600, 400, 400, 0.9)], ("text_overlay", "warning", "drop"), id="much beside"),
    ],
)
def test_text_counts_where_it_takes_much_of_the_image_or_lies_over_a_face(
    size: tuple[int, int], faces: list[tuple[int, int, int, int, float]] | None, expected: tuple[str, str, str]
) -> None:
    assert found(*size, faces) == expected


def test_text_is_judged_beside_the_faces_that_were_measured() -> None:
    """The column of another scanner is found under the name that this one borrows it by."""
    assert Faces.columns.keys() >= {Text.borrows["faces"].removeprefix(f"{Faces.name}.")}


def test_a_few_strokes_or_an_unsure_line_are_no_text() -> None:
    assert judged([("x", 0.99), ("!?", 1.0), ("maybe", 0.55)]) == []
    assert judged([("maybe", 0.55)], min_score=0.5) != []


def test_text_is_read_where_it_was_asked_for_with_its_place(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    pytest.importorskip("onnxruntime")
    sample_images.save(marked("SAMPLE PHOTO"), tmp_path / "set" / "a" / "marked.png")
    sample_images.save(np.asarray(sample_images.photo(4, 420, 300)), tmp_path / "set" / "a" / "plain.png")
    assert not (curate.audit(tmp_path / "set", tmp_path / "ws").findings["kind"] == "text_overlay").any()
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=Config(text=True)).findings
    (finding,) = found[found["kind"] == "text_overlay"].to_dict("records")
    assert finding["path"] == "a/marked.png"
    assert "SAMPLE" in finding["reason"]
    (box, *_) = json.loads(finding["evidence"])["boxes"]
    assert 10 < box["left"] < 60
    assert 100 < box["top"] < 160
