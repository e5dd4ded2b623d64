"""The examples of the site: drawn, audited, and of as many checks as can be drawn."""

import importlib.util
import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from curate import scanners
from curate.schema import Category

DOCS = Path(__file__).parents[1] / "docs"
COPIES = {
    *("same_bytes", "same_pixels", "re_encoded", "resized", "recoloured", "mirrored", "rotated", "cropped", "edited"),
    "burst",
    *("label_conflict", "split_leak"),
}
NOTHING_TO_SEE = {"empty", "not_an_image", "unreadable", "unsupported", "too_large"}
OTHERS = {
    *("truncated", "damaged", "wrong_extension"),
    *("blurry", "dark", "bright", "low_information", "odd_size", "odd_aspect_ratio", "odd_metadata"),
    *("no_face", "body_not_face", "several_faces", "face_covered", "drawing", "same_scene"),
    *("text_overlay", "watermark", "off_topic", "suspected_mislabel"),
}


@pytest.mark.slow
def test_every_check_that_can_be_drawn_has_an_example(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    spec = importlib.util.spec_from_file_location("examples_of_the_site", DOCS / "examples.py")
    assert spec is not None
    assert spec.loader is not None
    examples = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = examples
    spec.loader.exec_module(examples)
    drawn = examples.draw(tmp_path)
    assert set(drawn) == COPIES | NOTHING_TO_SEE | OTHERS
    assert {kind for kind, example in drawn.items() if example.flagged is None} == NOTHING_TO_SEE
    assert {kind for kind, example in drawn.items() if example.of is not None} == COPIES
    for example in drawn.values():
        with Image.open(io.BytesIO(example.sound)) as image:
            assert max(image.size) == examples.SIDE_PX
    known = scanners.kinds()
    assert {kind for kind in COPIES if known[kind].category is Category.DUPLICATE} == COPIES
    assert drawn["empty"].reason == "The file is empty (0 bytes)."
