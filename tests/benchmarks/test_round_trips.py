"""Every form in and every form out: 1,659 web images with splits, a fifth dropped, some given another class.

`pytest tests/benchmarks/test_round_trips.py -s`. What has to come out is counted from the files and decisions alone.
`datasets` is asked where it is installed; FiftyOne by the Python that `--peer fiftyone=PYTHON` gives, with its own
database.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import curate
from curate.options import Layout
from tests.benchmarks import fiftyone_trip
from tests.sources.hub_files import hub_parquet

pytestmark = pytest.mark.shared
CLASSES = ("angry", "happy", "sad")
SPLITS = ("train", "val", "test")
Content = Counter[tuple[str, str, str | None]]
"""How often each sha256, class and split is there."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A web image with its class, and a split drawn for it."""

    path: Path
    sha256: str
    label: str
    split: str

    @property
    def action(self) -> str:
        """What is decided of the image, by its content; most are kept."""
        number = int(self.sha256[:8], 16)
        return "drop" if number % 5 == 0 else "relabel" if number % 50 == 1 else "keep"

    @property
    def decided(self) -> str:
        """The class after the decisions."""
        return other(self.label) if self.action == "relabel" else self.label


def other(label: str) -> str:
    """Return the class after this one."""
    return CLASSES[(CLASSES.index(label) + 1) % len(CLASSES)]


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[Photo]:
    files = sorted(path for path in (shared_data / "web-emotions").rglob("*") if path.is_file())
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    # By content, so that copies are in one split and all of them are decided alike.
    return [
        Photo(path, sha256, path.parent.name, SPLITS[max(0, int(sha256[8:16], 16) % 10 - 7)])
        for path, sha256 in zip(files, hashes, strict=True)
    ]


def named(photos: Iterable[Photo]) -> list[tuple[str, Photo]]:
    """A name for every image that holds neither its class nor its split."""
    return [(f"{number:05}{photo.path.suffix}", photo) for number, photo in enumerate(photos)]


def as_folder(photos: list[Photo], root: Path) -> Path:
    for name, photo in named(photos):
        target = root / photo.split / photo.label / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo.path, target)
    return root


def as_zip(photos: list[Photo], root: Path) -> Path:
    with zipfile.ZipFile(root.with_suffix(".zip"), "w") as archive:
        for name, photo in named(photos):
            archive.write(photo.path, f"faces/{photo.split}/{photo.label}/{name}")
    return root.with_suffix(".zip")


def as_list(photos: list[Photo], root: Path) -> Path:
    pool(photos, root / "pool")
    with (root / "list.csv").open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(["path", "label", "split"])
        rows.writerows([f"pool/{name}", photo.label, photo.split] for name, photo in named(photos))
    return root / "list.csv"


def as_shards(photos: list[Photo], root: Path) -> Path:
    root.mkdir()
    for split in SPLITS:
        with tarfile.open(root / f"{split}-000000.tar", "w") as tar:
            for name, photo in named(photos):
                if photo.split == split:
                    stem, _, suffix = name.partition(".")
                    for member, data in ((f"{stem}.{suffix}", photo.path.read_bytes()), (f"{stem}.cls", photo.label)):
                        entry = tarfile.TarInfo(member)
                        content = data if isinstance(data, bytes) else data.encode()
                        entry.size = len(content)
                        tar.addfile(entry, io.BytesIO(content))
    return root


def as_coco(photos: list[Photo], root: Path) -> Path:
    for split in SPLITS:
        mine = [(number, name, photo) for number, (name, photo) in enumerate(named(photos)) if photo.split == split]
        pool((photo for *_, photo in mine), root / f"{split}2017", names=[name for _, name, _ in mine])
        document = {
            "images": [{"id": number, "file_name": name} for number, name, _ in mine],
            "categories": [{"id": number + 1, "name": label} for number, label in enumerate(CLASSES)],
            "annotations": [
                {"id": number, "image_id": number, "category_id": CLASSES.index(photo.label) + 1, "bbox": [0, 0, 9, 9]}
                for number, _, photo in mine
            ],
        }
        write(root / "annotations" / f"instances_{split}2017.json", document)
    return root


def as_parquet(photos: list[Photo], root: Path) -> Path:
    for split in SPLITS:
        mine = [(name, photo) for name, photo in named(photos) if photo.split == split]
        images = [{"bytes": photo.path.read_bytes(), "path": name} for name, photo in mine]
        labels = [CLASSES.index(photo.label) for _, photo in mine]
        hub_parquet(root / "data" / f"{split}-00000-of-00001.parquet", images, labels, CLASSES, row_group_size=100)
    return root


def as_fiftyone(photos: list[Photo], root: Path) -> Path:
    pool(photos, root / "data")
    samples = [
        {"filepath": f"data/{name}", "tags": [photo.split], "ground_truth": {"label": photo.label}}
        for name, photo in named(photos)
    ]
    write(root / "metadata.json", {"name": "faces", "media_type": "image"})
    write(root / "samples.json", {"samples": samples})
    return root


def as_label_studio(photos: list[Photo], root: Path) -> Path:
    pool(photos, root / "img")
    tasks = [
        {
            "id": number,
            "data": {"image": f"/data/local-files/?d=faces/img/{name}", "split": photo.split},
            "annotations": [{"result": [chosen(photo.label)], "was_cancelled": False}],
        }
        for number, (name, photo) in enumerate(named(photos))
    ]
    write(root / "project.json", tasks)
    return root


def chosen(label: str) -> dict[str, Any]:
    return {"from_name": "emotion", "to_name": "image", "type": "choices", "value": {"choices": [label]}}


def as_dataset_dict(photos: list[Photo], root: Path) -> object:
    datasets = pytest.importorskip("datasets", exc_type=ImportError)
    as_folder(photos, root)
    return datasets.load_dataset("imagefolder", data_dir=str(root), cache_dir=str(root.parent / "cache"))


def pool(photos: Iterable[Photo], folder: Path, names: list[str] | None = None) -> None:
    """Copy images into one folder."""
    folder.mkdir(parents=True)
    given = list(photos)
    for name, photo in zip(names or [name for name, _ in named(given)], given, strict=True):
        shutil.copy(photo.path, folder / name)


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


FORMS: dict[str, Callable[[list[Photo], Path], object]] = {
    "folder": as_folder,
    "zip": as_zip,
    "list": as_list,
    "shards": as_shards,
    "coco": as_coco,
    "parquet": as_parquet,
    "fiftyone": as_fiftyone,
    "label-studio": as_label_studio,
    "DatasetDict": as_dataset_dict,
}
LAYOUTS: tuple[Layout, ...] = (
    "folder",
    "imagefolder",
    "webdataset",
    "parquet",
    "fiftyone",
    "label-studio",
    "list",
)


def content(rows: Iterable[tuple[str, str, str | None]]) -> Content:
    return Counter(rows)


def told(images: pd.DataFrame, label: str = "label") -> Content:
    """What an audit or an export says that it has; an image that it cannot read is none."""
    return content(zip(images["sha256"], images[label], images["split"], strict=True))


def kept(photos: Iterable[Photo]) -> Content:
    return content((photo.sha256, photo.decided, photo.split) for photo in photos if photo.action != "drop")


def decide(images: pd.DataFrame, photos: list[Photo], workspace: Path) -> None:
    """Decide every image of an audit by its content."""
    by_hash = {photo.sha256: photo for photo in photos}
    rows = [
        (path, by_hash[sha256].action, other(label) if by_hash[sha256].action == "relabel" else None)
        for path, sha256, label in images[["path", "sha256", "label"]].itertuples(index=False, name=None)
    ]
    table = workspace.parent / "decisions.csv"
    pd.DataFrame(rows, columns=["path", "action", "new_label"]).to_csv(table, index=False)
    curate.decide_from_csv(workspace, table, reviewer="ana", allow_no_survivor=True)


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_in_by_a_form_goes_out_as_decided(form: str, photos: list[Photo], tmp_path: Path) -> None:
    source = FORMS[form](photos, tmp_path / "source")
    audit = curate.audit(source, tmp_path / "ws")
    assert told(audit.images) == content((photo.sha256, photo.label, photo.split) for photo in photos)
    decide(audit.images, photos, tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.parquet")
    exported = curate.export(tmp_path / "m.parquet", tmp_path / "out")
    wanted = kept(photos)
    assert told(exported, "final_label") == wanted
    assert files(tmp_path / "out") == wanted
    print(f"\nin by {form}: {audit.images.shape[0]} images; {wanted.total()} of {wanted.total()} out as decided")


def files(root: Path) -> Content:
    """What lies in a folder of splits and classes."""
    return content(
        (hashlib.sha256(path.read_bytes()).hexdigest(), path.parent.name, path.parent.parent.name)
        for path in root.glob("*/*/*")
    )


@pytest.fixture(scope="module")
def manifest(photos: list[Photo], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("decided")
    audit = curate.audit(as_list(photos, root / "source"), root / "ws")
    decide(audit.images, photos, root / "ws")
    curate.manifest(root / "ws", root / "m.parquet")
    return root / "m.parquet"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_goes_out_in_a_form_comes_in_again(
    layout: Layout, manifest: Path, photos: list[Photo], tmp_path: Path
) -> None:
    target = tmp_path / ("out.csv" if layout == "list" else "out")
    curate.export(manifest, target, layout=layout)
    again = curate.audit(target, tmp_path / "again")
    wanted = kept(photos)
    assert told(again.images) == wanted
    print(f"\nout as {layout}: {wanted.total()} of {wanted.total()} in again")


def test_datasets_reads_the_parquet(manifest: Path, photos: list[Photo], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", exc_type=ImportError)
    curate.export(manifest, tmp_path / "out", layout="parquet")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert content(
        (
            hashlib.sha256(row["image"]["bytes"]).hexdigest(),
            part.features["label"].int2str(row["label"]),
            {"validation": "val"}.get(split, split),
        )
        for split, part in loaded.items()
        for row in part.cast_column("image", datasets.Image(decode=False))
    ) == kept(photos)


def test_fiftyone_imports_the_samples_and_what_it_exports_comes_in(
    manifest: Path, photos: list[Photo], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    python = dict(option.split("=", 1) for option in request.config.getoption("--peer")).get("fiftyone")
    if python is None:
        pytest.skip("FiftyOne is not given: --peer fiftyone=PYTHON")
    curate.export(manifest, tmp_path / "out", layout="fiftyone")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    (tmp_path / "back").mkdir()
    subprocess.run(
        [python, fiftyone_trip.__file__, str(tmp_path / "out"), str(tmp_path / "back")], check=True, env=environment
    )
    said = json.loads((tmp_path / "back" / "told.json").read_text(encoding="utf-8"))
    wanted = kept(photos)
    print(f"\nFiftyOne {said['version']}: {len(said['samples'])} samples, fields {said['kinds']}")
    assert content((sha256, label, split) for _, sha256, label, split, _ in said["samples"]) == wanted
    assert all(tags == [split] for *_, split, tags in said["samples"])
    assert all(hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256 for path, sha256, *_ in said["samples"])
    whole = curate.audit(tmp_path / "back" / "whole", tmp_path / "whole-ws")
    assert told(whole.images) == wanted
    without_split = content((sha256, label, None) for sha256, label, _ in wanted.elements())
    for form in ("labels", "tree"):
        assert told(curate.audit(tmp_path / "back" / form, tmp_path / f"{form}-ws").images) == without_split, form
