"""Names as long as file systems take (255 bytes): of images, classes, members, rows and targets, the whole way."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.reviewing.previews import preview
from curate.sources import source_at
from curate.storage.workspace import Workspace
from tests import sample_images

LONGEST_BYTES = 255
FORMS = ("folder", "imagefolder", "webdataset", "parquet", "fiftyone", "label-studio")


def longest(begin: str, suffix: str = "") -> str:
    """A name of 255 bytes, which are fewer letters."""
    left = LONGEST_BYTES - len(begin) - len(suffix)
    name = begin + "é" * (left // 2) + "x" * (left % 2) + suffix
    assert len(name.encode()) == LONGEST_BYTES
    return name


CLASSES = (longest("cats"), longest("dogs"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six images in two classes, names that differ in their last letter but one alone, and an empty file."""
    root = tmp_path_factory.mktemp("names") / longest("set")
    for number, label in enumerate(CLASSES):
        for index in range(3):
            image = sample_images.encode(sample_images.photo(10 * number + index, 64, 48))
            (root / label).mkdir(parents=True, exist_ok=True)
            (root / label / longest("a", f"{index}.jpg")).write_bytes(image)
    (root / CLASSES[0] / longest("empty", ".png")).write_bytes(b"")
    return root


def zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to / longest("set", ".zip"), "w") as packed:
        for file in sorted(folder.rglob("*.*")):
            packed.write(file, file.relative_to(folder).as_posix())
    return Path(str(packed.filename))


def tarred(folder: Path, to: Path) -> Path:
    return sample_images.tar(folder, to / longest("set", ".tar"))


def listed(folder: Path, to: Path) -> Path:
    files = sorted(folder.rglob("*.*"))
    table = to / longest("set", ".csv")
    pd.DataFrame({"path": map(str, files), "label": [file.parent.name for file in files]}).to_csv(table, index=False)
    return table


def as_it_is(folder: Path, _: Path) -> Path:
    return folder


@pytest.mark.parametrize("give", [as_it_is, zipped, tarred, listed])
def test_the_whole_way(folder: Path, tmp_path: Path, give: Callable[[Path, Path], Path]) -> None:
    ws = tmp_path / longest("ws")
    audit = curate.audit(give(folder, tmp_path), ws, engine="serial")
    assert sorted(audit.images["label"]) == sorted([CLASSES[0]] * 4 + [CLASSES[1]] * 3)
    assert audit.findings["kind"].tolist() == ["empty"]
    sound = audit.images[audit.images["status"] == "ok"]
    source = source_at(Workspace(ws).read_audit()["root"])
    for path, digest in zip(sound["path"], sound["sha256"], strict=True):
        assert preview(Workspace(ws), source, path, digest)
    manifest = tmp_path / longest("m", ".csv")
    curate.manifest(ws, manifest, pending="drop")
    for form in FORMS:
        target = tmp_path / longest(form)
        curate.export(manifest, target, layout=form)
        assert curate.verify(target).ok, form
        again = curate.audit(target, tmp_path / f"again-{form}", engine="serial").images
        assert set(again["sha256"]) == set(sound["sha256"]), form
        assert len(again) == 6, form
    (tmp_path / "r.toml").write_text(f'manifest = "{manifest.name}"\n')
    built = tmp_path / longest("built")
    curate.build(tmp_path / "r.toml", built)
    assert len(curate.audit(built, tmp_path / "again-built", engine="serial").images) == 6
    curate.report(ws, tmp_path / (longest("r", "-decisions.csv").removesuffix("-decisions.csv") + ".html"))
    assert len([*tmp_path.glob("r*é*")]) == 5


@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        pytest.param(lambda ws, target: curate.audit(ws.parent / longest("set"), target), "", id="workspace"),
        pytest.param(lambda ws, target: curate.export(ws / "m.csv", target), "", id="export"),
        pytest.param(lambda ws, target: curate.manifest(ws, target, pending="drop"), ".csv", id="manifest"),
        pytest.param(curate.report, ".html", id="report"),
        pytest.param(lambda ws, target: curate.build(ws / "r.toml", target), "", id="build"),
    ],
)
def test_a_target_longer_than_that_is_one_line(
    folder: Path, tmp_path: Path, command: Callable[[Path, Path], object], suffix: str
) -> None:
    ws = folder.parent / "ws"
    if not ws.exists():
        curate.audit(folder, ws, engine="serial")
        curate.manifest(ws, ws / "m.csv", pending="drop")
        (ws / "r.toml").write_text('manifest = "m.csv"\n')
    with pytest.raises(curate.CurateError, match="too long") as caught:
        command(ws, tmp_path / ("x" + longest("x", suffix)))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
