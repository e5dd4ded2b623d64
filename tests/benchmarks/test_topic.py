"""Photos of other things among a thousand crops of faces: `pytest tests/benchmarks/test_topic.py -s`."""

import random
import zipfile
from pathlib import Path

import pytest

import curate
from tests.benchmarks.test_unsuitable import share

pytestmark = pytest.mark.shared
FACES, STRANGERS = 1000, 20


def test_planted_strangers(shared_data: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    with zipfile.ZipFile(shared_data / "fer2013-3class.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        for name in chance.sample(names, FACES):
            label = Path(name).parent.name
            (tmp_path / "set" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / label / name.replace("/", "-")).write_bytes(archive.read(name))
    for photo in chance.sample(sorted((shared_data / "photos").rglob("*.jpg")), STRANGERS):
        label = chance.choice(sorted(folder.name for folder in (tmp_path / "set").iterdir()))
        (tmp_path / "set" / label / f"stranger-{photo.parent.name}-{photo.name}").symlink_to(photo)
    findings = curate.audit(tmp_path / "set", tmp_path / "ws", engine="local:1", embeddings=True).findings
    found = set(findings.loc[findings["kind"] == "off_topic", "path"])
    hits = sum("stranger-" in path for path in found)
    print(f"\nstrangers: recall {share(hits, STRANGERS)}, precision {share(hits, len(found))}")
    assert hits >= 0.9 * STRANGERS
    assert hits >= 0.9 * len(found)
