"""fastdup as the engine for copies: run for real where it is installed, told plainly where it is not."""

import sys
from pathlib import Path

import numpy as np
import pytest

import curate
from curate.config import Config
from curate.errors import MissingExtraError
from tests import sample_images

BESIDE = Path(__file__).resolve().parents[2] / ".venv-fastdup" / "bin" / "python"


def configured(python: str) -> Config:
    return Config(duplicates="fastdup", scan={"fastdup": {"python": python}})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = sample_images.dataset(tmp_path / "set", each=8)
    sample_images.save(sample_images.photo(0), folder / "cats" / "again.jpg", quality=85)
    (folder / "dogs" / "same.jpg").write_bytes((folder / "dogs" / "003.jpg").read_bytes())
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not BESIDE.exists(), reason="fastdup has no environment of its own; `make test` makes one")
def test_its_pairs_become_findings_like_any_other(source: Path, tmp_path: Path) -> None:
    audit = curate.audit(source, tmp_path / "ws", configuration=configured(str(BESIDE)))
    copies = audit.findings.query("category == 'duplicate' and role == 'copy'").set_index("path")
    assert copies.loc["dogs/same.jpg", "kind"] == "same_bytes"
    assert copies.loc["cats/again.jpg", "kind"] == "re_encoded"
    assert "fastdup finds it" in copies.loc["cats/again.jpg", "reason"]
    assert set(audit.findings["scanner"]) <= {"fastdup", "integrity", "quality"}
    before = (tmp_path / "ws" / "fastdup.json").stat().st_mtime_ns
    again = curate.judge(tmp_path / "ws")
    assert again["finding_id"].tolist() == audit.findings["finding_id"].tolist()
    assert (tmp_path / "ws" / "fastdup.json").stat().st_mtime_ns == before


def test_without_it_the_line_says_what_to_install(source: Path, tmp_path: Path) -> None:
    if _has_fastdup():
        pytest.skip("fastdup is installed here")
    with pytest.raises(MissingExtraError, match=r"imagecurate\[fastdup\]"):
        curate.audit(source, tmp_path / "ws", configuration=configured(sys.executable))


def test_findings_of_different_images_do_not_depend_on_the_engine(tmp_path: Path) -> None:
    sample_images.save(np.full((40, 40, 3), 7, np.uint8), tmp_path / "set" / "a.png")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert "fastdup" not in set(audit.findings["scanner"])


def _has_fastdup() -> bool:
    from importlib.util import find_spec

    return find_spec("fastdup") is not None
