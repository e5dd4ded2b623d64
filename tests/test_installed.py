"""What installing puts on a machine: `curate` and nothing else, whatever lies in the folder where it is used."""

import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Audited

ROOT = Path(__file__).parents[1]


def files() -> list[str]:
    """What the repository holds, links among it, as a clone would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if os.path.lexists(ROOT / name)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that a release has: of the source archive of a clone, in which the demo has been made."""
    clone, out = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("wheel")
    for name in files():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name, follow_symlinks=False)
    for name in ("curate-demo/workspace/curate.toml", "curate-demo/report.html", "curate-demo/__init__.py"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("left by make demo")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(clone)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages folder that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a user who has modules called as our top-level folders are."""
    (tmp_path / "train.py").write_text("mine = 'train'\n")
    (tmp_path / "reports.py").write_text("mine = 'reports'\n")
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "screens.py").write_text("mine = 'ui'\n")
    return tmp_path


def run(home: Path, installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": ""}
    return subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_curate_and_its_metadata_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"curate", f"{wheel.name.partition('-py3')[0]}.dist-info"}
    for expected in (
        "curate/py.typed",
        "curate/ui/app.py",
        "curate/train/study/published.toml",
        "curate/reports/templates/report.html.j2",
        "curate/scanners/models/face_detection_yunet_2023mar.onnx",
        "curate/i18n/locale/pt_BR/LC_MESSAGES/curate.po",
    ):
        assert expected in names
    assert not [name for name in names if "demo/" in name and "demonstration/" not in name]


def test_the_source_archive_holds_what_the_links_lead_to_and_no_tests(wheel: Path) -> None:
    (archive,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        members = {member.name.partition("/")[2]: member for member in packed.getmembers()}
    for name in (
        "curate/ui/app.py",
        "curate/train/study/published.toml",
        "curate/reports/templates/report.css",
        "NOTICE",
    ):
        assert members[name].size > 0
    assert not [name for name in members if name.startswith(("tests", "curate-demo"))]


def test_every_module_of_the_repository_is_in_the_wheel(wheel: Path) -> None:
    ours = {
        name if name.startswith("curate/") else f"curate/{name}"
        for name in files()
        if name.endswith(".py") and name.split("/")[0] in ("curate", "ui", "train", "reports")
    }
    assert ours <= set(zipfile.ZipFile(wheel).namelist())


def test_a_users_own_modules_are_imported(home: Path, installed: Path) -> None:
    program = "import train, reports, ui.screens; print(train.mine, reports.mine, ui.screens.mine)"
    assert run(home, installed, "-c", program).stdout == "train reports ui\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "curate", "version"),
        ("-m", "curate", "benchmark", "--help"),
        ("-m", "curate", "report", "--help"),
        ("-c", "import curate.cli; curate.cli.main()"),
        ("-c", "import curate.reports, curate.ui.commands, curate.train.commands"),
    ],
    ids=" ".join,
)
def test_curate_works_beside_them(home: Path, installed: Path, arguments: tuple[str, ...]) -> None:
    done = run(home, installed, *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2), done.stderr  # 2: the command line without a command shows its help


def test_the_reviewer_works_beside_them(home: Path, installed: Path, audited: Audited) -> None:
    """The pages are drawn from a process that starts, as `curate review` does, in the user's folder."""
    app = installed / "curate" / "ui" / "app.py"
    program = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"sys.argv = ['app.py', {str(audited.workspace.root)!r}, '--reviewer', 'ana']\n"
        f"app = AppTest.from_file({str(app)!r}, default_timeout=60).run()\n"
        "print(len(app.exception), len(app.get('bidi_component')))\n"
    )
    done = run(home, installed, "-c", program)
    failed, surfaces = map(int, done.stdout.split())
    assert (failed, surfaces) == (0, 1)


def test_review_answers_in_such_a_folder(home: Path, installed: Path, audited: Audited) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "curate", "review", str(audited.workspace.root), "--port", str(port)],
        cwd=home, env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert server.poll() is None, server.stderr.read() if server.stderr else ""
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                    assert answer.read() == b"ok"
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail("the reviewer did not answer within a minute")
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)
        if server.stderr:
            server.stderr.close()
