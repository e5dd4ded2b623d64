"""An ONNX file answers as the network does, and says all that it takes to ask it elsewhere."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curate.storage import safe_csv
from curate.train.data import Preprocessing
from tests import sample_images
from tests.train.drawn import QUICK, draw, fit

pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from curate.train import checkpoints, data, fitting, listing, loop, onnx_file, predicting, weights  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "train.md"
GREY = replace(QUICK, weights="lite0", epochs=4, preprocessing=Preprocessing(input_px=96, shrink_px=48, grey=True))


@pytest.fixture(
    scope="module", params=[replace(GREY, preprocessing=Preprocessing(input_px=64)), GREY], ids=["rgb", "grey"]
)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a set, a run on it, and its network as an ONNX file."""
    root = tmp_path_factory.mktemp("onnx")
    fit(draw(root / "set", "train", "test", each=8), root / "run", request.param)
    onnx_file.export(root / "run" / fitting.CHECKPOINT, root / "net.onnx")
    return root


def opened(root: Path) -> Any:
    return onnxruntime.InferenceSession(str(root / "net.onnx"), providers=["CPUExecutionProvider"])


def facts(root: Path) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in opened(root).get_modelmeta().custom_metadata_map.items()}


def by_the_readme(root: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the snippet of the page on training beside the ONNX file, on these images."""
    (snippet,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "onnx" in block)
    monkeypatch.chdir(root)
    names: dict[str, Any] = {"paths": paths}
    exec(snippet, names)  # the page's own code
    return names


def by_predict(root: Path, paths: list[Path]) -> list[str]:
    (root / "list.csv").write_text("path\n" + "".join(f"{path}\n" for path in sorted(paths)))
    predicting.predict(root / "run" / fitting.CHECKPOINT, root / "list.csv", root / "p.csv")
    table = safe_csv.read(root / "p.csv")
    assert table["error"].isna().all()
    found = dict(zip(table["path"], table["predicted"], strict=True))
    return [found[str(path)] for path in paths]


@pytest.fixture(scope="module")
def odd_images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two hundred drawn images of all shades: colour, grey, palette and CMYK, turned by EXIF, see-through, large."""
    folder, paths = tmp_path_factory.mktemp("odd"), []
    for seed in range(200):
        width, height = ((60, 90), (300, 200), (64, 64), (400, 260))[seed % 4]
        pixels = sample_images.photo(5000 + seed, width, height) // 3 + 10 * (seed % 16)
        image = Image.fromarray(pixels.astype(np.uint8))
        exif = image.getexif()
        suffix, options = ".png", {}
        if seed % 8 in (0, 1, 2):
            image = image.convert(("RGB", "L", "CMYK")[seed % 8])
            exif[0x0112] = 1 + seed % 7
            suffix, options = ".jpg", {"quality": 95, "exif": exif}
        elif seed % 8 == 3:
            image = image.convert("P")
        elif seed % 8 == 4:
            image.putalpha(Image.linear_gradient("L").resize(image.size))
        elif seed % 8 == 5:
            image = image.convert("LA")
        paths.append(folder / f"{seed:03}{suffix}")
        image.save(paths[-1], **options)
    return paths


def test_the_onnx_file_answers_as_the_network_does(trained: Path, tmp_path: Path) -> None:
    checkpoint = trained / "run" / fitting.CHECKPOINT
    classes, preprocessing = checkpoints.described(checkpoint)
    assert facts(trained)["classes"] == classes == ["cats", "dogs"]
    images = data.load(listing.from_source(trained / "set", tmp_path), preprocessing)
    pixels = images.transpose(0, 3, 1, 2).astype(np.float32)
    (answers,) = opened(trained).run(None, {"pixels": pixels})
    assert np.allclose(answers, loop.predict(weights.load(str(checkpoint), 2), images), atol=1e-4)


def test_the_snippet_of_the_readme_shows_the_network_what_predict_shows_it(
    trained: Path, odd_images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = by_the_readme(trained, odd_images, monkeypatch)
    assert names["classes"] == by_predict(trained, odd_images)
    assert set(names["classes"]) == {"cats", "dogs"}
    preprocessing = checkpoints.described(trained / "run" / fitting.CHECKPOINT)[1]
    samples = [data.Sample(str(path.parent), path.name, "", "") for path in odd_images]
    mine, theirs = data.load(samples, preprocessing), np.stack([names["pixels"](path) for path in odd_images])
    assert np.abs(mine.transpose(0, 3, 1, 2).astype(int) - theirs).max() <= 2  # transparency is rounded otherwise


@pytest.mark.shared
def test_the_snippet_gives_the_classes_of_predict_on_real_photos(
    trained: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted((shared_data / "photos").rglob("*.jpg"))[::5][:200]
    assert len(paths) == 200
    assert by_the_readme(trained, paths, monkeypatch)["classes"] == by_predict(trained, paths)


def test_the_metadata_name_every_step(trained: Path) -> None:
    found = facts(trained)
    preprocessing = checkpoints.described(trained / "run" / fitting.CHECKPOINT)[1]
    grey = preprocessing.grey
    assert found["resizings"] == ([[48, "lanczos"], [96, "bilinear"]] if grey else [[64, "bilinear"]])
    assert (found["grey"], found["reducing_gap"], found["exif_orientation"]) == (grey, 3.0, True)
    assert (found["background"], found["mean"], found["scale"]) == ([255] * 3, [127.0] * 3, [128.0] * 3)
    steps = found["steps"]
    words = ["Decode", "JPEG", "EXIF", "white", *(["BT.601", "48 x 48"] if grey else []), "bilinear, reducing_gap 3"]
    assert len(steps) == len(words) + 2
    assert all(word in step for word, step in zip(words, steps, strict=False))
    assert "(pixels - mean) / scale" in steps[-1]
