"""How fast an audit is: beside a bare full decode of the same files on the same cores, and beside other tools.

    pytest tests/benchmarks/test_speed.py -s --peer imagededup=PYTHON --peer cleanvision=PYTHON --peer fastdup=PYTHON

Every figure is a ratio within one run. An audit is timed in this process, as a notebook would run it again, and as a
whole command; the bare decode likewise, by a program that imports Pillow and nothing else.
"""

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import curate
from curate.config import Config
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.benchmarks import peers

ROUNDS = 3


def bare_decode(folder: Path) -> tuple[float, float]:
    """Seconds for a full Pillow decode of all files on all cores: worker start included, and as a whole command."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bare", str(folder)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return float(done.stdout), time.perf_counter() - started


def command(folder: Path, workspace: Path) -> float:
    """Seconds for `curate audit` as a whole command, from the start of the interpreter to its end."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from curate.cli import main; main()", "audit", str(folder), "-w", str(workspace)],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started


def audited(folder: Path, workspace: Path, profile: str = "general") -> float:
    """Seconds for a whole audit into a new workspace."""
    started = time.perf_counter()
    curate.audit(folder, workspace, configuration=Config.model_validate({"profile": profile}))
    return time.perf_counter() - started


def enlarged(source: Path, folder: Path, side_px: int, count: int) -> Path:
    """The first images of a folder with their longer side at `side_px`, as JPEGs of quality 90."""
    folder.mkdir()
    for index, path in enumerate(sorted(source.rglob("*.jpg"))[:count]):
        with Image.open(path) as image:
            scale = side_px / max(image.size)
            size = round(image.width * scale), round(image.height * scale)
            image.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(folder / f"{index:04}.jpg", quality=90)
    return folder


@pytest.fixture(params=["photos", "photos_500px", "photos_767px", "drawn"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Real photos where they lie beside the project, also at 500 and 767 px; 600 drawn images of 500 x 375 anywhere."""
    if request.param == "drawn":
        return drawn(tmp_path)
    photos = Path(request.getfixturevalue("shared_data")) / "photos"
    if request.param == "photos":
        return photos
    return enlarged(photos, tmp_path / request.param, 500 if request.param == "photos_500px" else 767, 1000)


def drawn(tmp_path: Path) -> Path:
    """600 images of 500 x 375 in three classes."""
    for index in range(600):
        sample_images.save(sample_images.photo(index, 500, 375), tmp_path / "drawn" / f"{index % 3}" / f"{index}.jpg")
    return tmp_path / "drawn"


def test_the_whole_audit_beside_a_bare_decode(folder: Path, tmp_path: Path) -> None:
    count = sum(1 for _ in folder.rglob("*.jpg"))
    ratios = []
    for number in range(ROUNDS):
        (least, bare), whole = bare_decode(folder), audited(folder, tmp_path / f"ws{number}")
        ratios.append(whole / least)
        full = command(folder, tmp_path / f"command{number}")
        print(
            f"\n{folder.name}: {count} images; bare decode {count / least:,.0f}/s, "
            f"whole audit {count / whole:,.0f}/s, ratio {whole / least:.2f}; "
            f"as commands {bare:.2f} s and {full:.2f} s, {full / bare:.2f}"
        )
        assert len(Workspace(tmp_path / f"ws{number}").read_images()) == count
    started = time.perf_counter()
    again = curate.audit(folder, tmp_path / "ws0")
    seconds = time.perf_counter() - started
    print(f"{folder.name}: median ratio {sorted(ratios)[ROUNDS // 2]:.2f}; again, unchanged: {seconds:.2f} s")
    assert again.measured == 0


@pytest.mark.shared
def test_images_of_twelve_megapixels_beside_a_bare_decode(shared_data: Path, tmp_path: Path) -> None:
    folder = enlarged(shared_data / "photos", tmp_path / "large", 4000, 48)
    for number in range(ROUNDS):
        (least, _), whole = bare_decode(folder), audited(folder, tmp_path / f"ws{number}")
        print(f"\n4,000 px: 48 images; bare decode {least:.2f} s, whole audit {whole:.2f} s, {whole / least:.2f}")


@pytest.mark.shared
def test_twenty_thousand_small_images(shared_data: Path, tmp_path: Path) -> None:
    """FER-2013, unpacked beforehand."""
    with zipfile.ZipFile(shared_data / "fer2013-3class.zip") as archive:
        archive.extractall(tmp_path / "fer")
    for number in range(ROUNDS):
        started = time.perf_counter()
        audit = curate.audit(tmp_path / "fer", tmp_path / f"ws{number}")
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        assert curate.audit(tmp_path / "fer", tmp_path / f"ws{number}").measured == 0
        print(
            f"\nFER-2013: {audit.measured:,} images in {seconds:.2f} s, {audit.measured / seconds:,.0f}/s; "
            f"again, unchanged: {time.perf_counter() - started:.2f} s"
        )


@pytest.mark.shared
def test_the_profile_faces_beside_the_default(shared_data: Path, tmp_path: Path) -> None:
    folder = enlarged(shared_data / "photos", tmp_path / "photos_500px", 500, 1000)
    for number in range(ROUNDS):
        general = audited(folder, tmp_path / f"general{number}")
        faces = audited(folder, tmp_path / f"faces{number}", "faces")
        print(f"\ndefault {general:.2f} s, profile faces {faces:.2f} s, {faces / general:.2f}")


def test_the_audit_beside_other_tools(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    pythons = peers.available(request.config.getoption("--peer"))
    ours = min(audited(folder, tmp_path / f"ws{number}") for number in range(2))
    print(f"\n{folder.name}: curate {ours:.2f} s")
    for name, python in pythons.items():
        theirs = peers.run(name, python, folder)
        print(f"{folder.name}: {name} {theirs.version} {theirs.seconds:.2f} s, {theirs.seconds / ours:.1f} times")
