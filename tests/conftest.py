"""What several tests share: an audited dataset with one of each plain defect."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.browsing import NO_BROWSER

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NO_SHARED_DATA = "the measuring images are not beside the project"
REMEDIES = {
    NO_BROWSER: "install the package chromium, or run: playwright install chromium",
    NO_SHARED_DATA: "they are large and no part of it",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The benchmarks run other tools where they are installed, each by a Python of its own."""
    parser.addoption("--peer", action="append", default=[], metavar="NAME=PYTHON", help="see tests/benchmarks/peers.py")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Say at the very end what did not run for want of something on this machine, and how to have it."""
    yield
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, remedy in REMEDIES.items():
        count = sum(n for text, n in skipped.items() if reason in text)
        if count:
            terminalreporter.write_line(f"not run: {count} tests, {reason}; {remedy}", yellow=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The measuring images beside the project; tests that need them are marked `shared`."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED_DATA)
    return SHARED


@dataclass(frozen=True)
class Audited:
    """A source folder, its workspace, and the audit that made it."""

    source: Path
    workspace: Workspace
    audit: curate.Audit


@pytest.fixture(scope="session")
def audited_once(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Twelve clean images, a cut one, an empty one, a copy, a smaller copy in the other class, a dark one."""
    root = tmp_path_factory.mktemp("audited")
    source = sample_images.dataset(root / "source")
    (source / "cats" / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(50))[:-900])
    (source / "cats" / "empty.png").write_bytes(b"")
    shutil.copy(source / "dogs" / "000.jpg", source / "dogs" / "again.jpg")
    sample_images.save(sample_images.photo(1, 160, 120)[::2, ::2], source / "dogs" / "small.jpg")
    sample_images.save(sample_images.photo(60) // 8, source / "dogs" / "night.jpg")
    audit = curate.audit(source, root / "ws")
    return Audited(source, Workspace(root / "ws"), audit)


@pytest.fixture
def audited(audited_once: Audited, tmp_path: Path) -> Audited:
    """The same, as a copy of its own workspace to decide in."""
    shutil.copytree(audited_once.workspace.root, tmp_path / "ws")
    return Audited(audited_once.source, Workspace(tmp_path / "ws"), audited_once.audit)
