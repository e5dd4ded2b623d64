"""How fast an audit is, beside a bare full decode of the same files on the same cores."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

import curate
from curate.engine import cores
from tests import pictures

ROUNDS = 3


def decode_fully(path: str) -> tuple[int, int]:
    """What any tool has to do at least."""
    with Image.open(path) as image:
        image.convert("RGB").load()
        return image.size


def bare_decode(files: list[str]) -> float:
    """Seconds for a full Pillow decode of all files, on all cores, worker start included as in an audit."""
    started = time.perf_counter()
    with ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(decode_fully, files, chunksize=32))
    return time.perf_counter() - started


@pytest.fixture(params=["photos", "drawn"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Real photos where they lie beside the project, and 600 drawn pictures of 500 x 375 anywhere."""
    if request.param == "photos":
        return Path(request.getfixturevalue("shared_data")) / "photos"
    for index in range(600):
        pictures.save(pictures.photo(index, 500, 375), tmp_path / "drawn" / f"{index % 3}" / f"{index}.jpg")
    return tmp_path / "drawn"


def test_the_whole_audit_beside_a_bare_decode(folder: Path, tmp_path: Path) -> None:
    files = sorted(str(path) for path in folder.rglob("*.jpg"))
    ratios = []
    for number in range(ROUNDS):
        bare = bare_decode(files)
        started = time.perf_counter()
        audit = curate.audit(folder, tmp_path / f"ws{number}")
        whole = time.perf_counter() - started
        ratios.append(whole / bare)
        print(
            f"\n{folder.name}: {len(files)} pictures; bare decode {len(files) / bare:,.0f}/s, "
            f"whole audit {len(files) / whole:,.0f}/s, ratio {whole / bare:.2f}"
        )
        assert audit.measured == len(files)
    started = time.perf_counter()
    again = curate.audit(folder, tmp_path / "ws0")
    seconds = time.perf_counter() - started
    print(f"{folder.name}: median ratio {sorted(ratios)[ROUNDS // 2]:.2f}; again, unchanged: {seconds:.2f} s")
    assert again.measured == 0
