"""One dataset given five ways goes the whole way, and at the end of each step it is the same dataset."""

import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.reports import render
from curate.storage import safe_csv
from curate.train import fitting, onnx_file, predicting, recipes
from curate.train.data import Preprocessing
from curate.train.loop import TrainConfig
from tests import sample_images
from tests.dataset.handmade import DOCUMENTS
from tests.sources.test_remote import bucket, endpoint, upload  # noqa: F401
from tests.sources.test_sources import tar

pytest.importorskip("torch")

WAYS = ("folder", "zip", "list", "tars", "s3")
CONFIG = TrainConfig(name="quick", epochs=1, batch_size=8, weights="none", preprocessing=Preprocessing(input_px=32))
Rows = Counter[tuple[str, str | None, str | None]]


def drawn(folder: Path) -> Path:
    """Write two classes in three splits, with a copy and an empty file."""
    for number, (split, count) in enumerate((("train", 5), ("val", 2), ("test", 3))):
        for label in ("maçã", "pear"):
            for index in range(count):
                photo = sample_images.photo(1000 * number + 10 * ord(label[0]) + index, 64, 48)
                sample_images.save(photo, folder / split / label / f"{index}.jpg")
    shutil.copy(folder / "train" / "maçã" / "0.jpg", folder / "train" / "maçã" / "copy.jpg")
    (folder / "train" / "pear" / "empty.jpg").write_bytes(b"")
    return folder


def given(way: str, source: Path, place: Path, address: str) -> str | Path:
    """Give the same images as a folder, a ZIP, a list of a flat folder, shards of every split, or a bucket."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    names = [path.relative_to(source).as_posix() for path in files]
    if way == "zip":
        with zipfile.ZipFile(place / "set.zip", "w") as packed:
            for path, name in zip(files, names, strict=True):
                packed.write(path, f"data/{name}")
        return place / "set.zip"
    if way == "list":
        (place / "pool").mkdir()
        lines = ["file;class;usage"]
        for number, (path, name) in enumerate(zip(files, names, strict=True)):
            shutil.copy(path, place / "pool" / f"{number}.jpg")
            split, label, _ = name.split("/")
            lines.append(f"pool/{number}.jpg;{label};{split}")
        (place / "list.csv").write_text("\r\n".join(lines), encoding="cp1252")
        return place / "list.csv"
    if way == "tars":
        for split in ("train", "val", "test"):
            members: dict[str, bytes] = {}
            for number, (path, name) in enumerate(zip(files, names, strict=True)):
                if name.startswith(f"{split}/"):
                    members |= {f"{number}.jpg": path.read_bytes(), f"{number}.cls": name.split("/")[1].encode()}
            tar(place / "shards" / f"{split}-000.tar", members)
        return place / "shards"
    if way == "s3":
        upload(source, address)
        return address
    return source


def rows(table: pd.DataFrame, *columns: str) -> Rows:
    return Counter(table[list(columns)].itertuples(index=False, name=None))


@pytest.mark.parametrize("way", WAYS)
def test_classes_splits_and_contents_are_the_same_at_the_end_of_each_step(
    tmp_path: Path, way: str, request: pytest.FixtureRequest
) -> None:
    expected = drawn(tmp_path / "src")
    address = f"{request.getfixturevalue('bucket')}/data" if way == "s3" else ""
    audited = curate.audit(given(way, expected, tmp_path, address), tmp_path / "ws")
    here = curate.audit(expected, tmp_path / "ws-of-folder") if way != "folder" else audited
    columns = ("sha256", "label", "split")
    assert rows(audited.images, *columns) == rows(here.images, *columns)
    assert Counter(audited.findings["kind"]) == Counter(here.findings["kind"])

    suggested = audited.findings[audited.findings["suggestion"] == "drop"]["path"]
    (tmp_path / "d.csv").write_text(
        "Path;Action\n" + "".join(f"{path};Drop\n" for path in suggested), encoding="cp1252"
    )
    curate.decide_from_csv(tmp_path / "ws", tmp_path / "d.csv", reviewer="ana")
    table = curate.manifest(tmp_path / "ws", tmp_path / "m.csv")
    kept = table[table["action"] == "keep"]
    assert len(kept) == 20

    curate.export(tmp_path / "m.csv", tmp_path / "clean")
    assert curate.verify(tmp_path / "clean").checked == 20 + len(DOCUMENTS)
    again = curate.audit(tmp_path / "clean", tmp_path / "ws2").images
    assert rows(again, *columns) == rows(kept, "sha256", "final_label", "split")

    (tmp_path / "r.toml").write_text("[split]\nkeep = true\n")
    built = curate.build(tmp_path / "r.toml", tmp_path / "set", manifest=tmp_path / "m.csv").table
    assert rows(built, *columns) == rows(kept, "sha256", "final_label", "split")

    fitting.fit(recipes.Run(source=tmp_path / "set", output=tmp_path / "run", config=CONFIG))
    predicted = safe_csv.read(tmp_path / "run" / "predictions.csv")
    tested = built[built["split"] != "train"]
    assert rows(predicted, "split", "label") == rows(tested, "split", "label")
    assert set(predicted["path"]) == set(tested["path"])

    (tmp_path / "new").mkdir()
    shutil.copy(expected / "test" / "pear" / "0.jpg", tmp_path / "new" / "one.jpg")
    (tmp_path / "new" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    predicting.predict(tmp_path / "run" / "checkpoint.pt", tmp_path / "new", tmp_path / "p.csv")
    answers = safe_csv.read(tmp_path / "p.csv")
    assert [bool(error) for error in answers["error"]] == [True, False]
    assert answers["predicted"].tolist()[1] in {"maçã", "pear"}

    if way == "folder":  # the checkpoint is one and the same whatever it was trained on
        onnx_file.export(tmp_path / "run" / "checkpoint.pt", tmp_path / "model.onnx")
        assert (tmp_path / "model.onnx").stat().st_size > 1 << 20

    for language in ("en", "pt-BR"):
        written = render.report(tmp_path / "ws", tmp_path / f"report-{language}.html", lang=language)
        assert "maçã" in written[0].read_text(encoding="utf-8")
