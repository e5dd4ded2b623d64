"""Wrong labels, planted: `pytest tests/benchmarks/test_labels.py -s`.

By nearest neighbours (`-k neighbours`): images of a set whose classes a network can tell, and of two that it cannot, in
eight draws. By a network trained on the other images: five in a hundred images of FER-2013 (three classes, both splits)
are put into another class. Its own labels are far from clean, so an image that is suspected without having been planted
is not always a false alarm.
"""

import functools
import json
import random
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.scanners import embeddings
from curate.scanners.labels import Labels
from curate.schema import Severity
from curate.sources import open_source

pytestmark = pytest.mark.shared
PLANTED = 0.05


@pytest.mark.parametrize("tuned", [False, True], ids=["frozen", "fine-tuned"])
def test_planted_wrong_labels(shared_data: Path, tmp_path: Path, *, tuned: bool) -> None:
    pytest.importorskip("torch")
    from curate.train import mislabel
    from curate.train.data import Preprocessing

    planted = plant(shared_data / "fer2013-3class.zip", tmp_path / "set")
    curate.audit(tmp_path / "set", tmp_path / "ws")
    if tuned:
        recipe = replace(
            mislabel.CONFIG,
            preprocessing=Preprocessing(input_px=64),
            fine_tune=True,
            flip=True,
            learning_rate=1e-3,
            batch_size=64,
            epochs=4,
        )
    else:
        recipe = replace(mislabel.CONFIG, preprocessing=Preprocessing(input_px=128))
    started = time.perf_counter()
    mislabel.mislabel(tmp_path / "ws", recipe, folds=2 if tuned else 5)
    seconds = time.perf_counter() - started
    findings = curate.judge(tmp_path / "ws")
    findings = findings[findings["severity"] != "info"]
    print([str(note) for note in curate.status(tmp_path / "ws").notes][-1])
    table = pd.read_parquet(tmp_path / "ws" / "predictions.parquet")
    wrong = set(planted)
    accuracy = (table["predicted"] == table["label"])[~table["path"].isin(wrong)].mean()
    suspected = findings[findings["kind"] == "suspected_mislabel"]
    right = [planted.get(path) == found for path, found in zip(suspected["path"], suggestions(suspected), strict=True)]
    print(f"\n{len(table):,} images, {len(wrong):,} planted, {seconds:.0f} s; out of fold accuracy {accuracy:.3f}")
    for name, found in (
        ("suspected_mislabel", set(suspected["path"])),
        ("cleanlab's default", set(table.loc[table["issue"], "path"])),
    ):
        hits = len(found & wrong)
        print(
            f"{name}: {len(found):,} flagged, recall {hits / len(wrong):.3f}, precision {hits / max(len(found), 1):.3f}"
        )
    print(f"the class suggested is the true one for {sum(right)} of {len(set(suspected['path']) & wrong)} found")


@pytest.mark.parametrize("name", ["photos", "fer2013-3class.zip", "web-emotions"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.1])
def test_by_nearest_neighbours(shared_data: Path, tmp_path: Path, name: str, share: float) -> None:
    embedded = shared_embeddings(shared_data / name)
    classes = sorted(set(embedded["label"]))
    for draw in range(8):
        chance = random.Random(draw)
        planted = {path for path in embedded["path"] if chance.random() < share}
        labels = [
            chance.choice([other for other in classes if other != label]) if path in planted else label
            for path, label in zip(embedded["path"], embedded["label"], strict=True)
        ]
        scanner = Labels()
        findings = list(scanner.judge(embedded.assign(label=labels)))
        queued = {finding.path for finding in findings if finding.severity is not Severity.INFO}
        print(
            f"{name} {share:.0%} draw {draw}: {len(queued)} queued, {len(findings) - len(queued)} for information, "
            f"recall {len(queued & planted) / max(len(planted), 1):.2f}, "
            f"precision {len(queued & planted) / max(len(queued), 1):.2f}; {scanner.remarks[0]}"
        )


@functools.cache
def shared_embeddings(source: Path) -> pd.DataFrame:
    """The images of a source, at most 6,000, with class, digest and embedding."""
    with tempfile.TemporaryDirectory() as folder:
        if source.suffix == ".zip":
            listing = open_source(source, Path(folder) / "unpacked").list()
            chosen = random.Random(1).sample(listing.records, 6000)
            rows = [{"path": str(Path(listing.root) / item.path), "label": item.label} for item in chosen]
            source = Path(folder) / "list.csv"
            pd.DataFrame(rows).to_csv(source, index=False)
        images = curate.audit(source, Path(folder) / "ws", embeddings=True).images
        images = images[images["label"].notna() & images["sha256"].notna()].assign(digest=images["sha256"])
        return embeddings.attach(images, Path(folder) / "ws").drop(columns="predicted")


def suggestions(findings: pd.DataFrame) -> list[str]:
    """The class that each finding suggests."""
    return [json.loads(evidence)["suggested"] for evidence in findings["evidence"]]


def plant(archive: Path, folder: Path) -> dict[str, str]:
    """Unpack with some images in a wrong class; path of each of these to its true class."""
    rng = random.Random(5)
    truth = {}
    with zipfile.ZipFile(archive) as opened:
        names = sorted(name for name in opened.namelist() if not name.endswith("/"))
        classes = sorted({Path(name).parent.name for name in names})
        for name in names:
            label, split = Path(name).parent.name, Path(name).parts[-3]
            given = rng.choice([other for other in classes if other != label]) if rng.random() < PLANTED else label
            path = f"{given}/{split}-{label[0]}-{Path(name).name}"
            (folder / given).mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(opened.read(name))
            if given != label:
                truth[path] = label
    return truth
