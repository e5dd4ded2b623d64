"""People stand in the dataset that they audit: no module in it is ever imported."""

import os
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from curate.ui import serving
from curate.ui.guard import HEALTH
from tests import browsing, sample_images

NAMES = ("numpy", "cv2", "pandas", "pyarrow", "PIL", "multiprocessing", "pickle", "streamlit", "typer", "pip")
SCRIPT = "import curate, sys\nif __name__ == '__main__':\n    print(curate.audit('.', sys.argv[1], engine='local:2'))\n"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A dataset with files that have the names of modules, and say so when they are run."""
    sample_images.dataset(tmp_path / "set", each=10)
    for name in NAMES:
        (tmp_path / "set" / f"{name}.py").write_text(f"open(__file__ + '.was_run', 'w')\nraise ImportError({name!r})\n")
    return tmp_path / "set"


def sprung(trap: Path) -> list[str]:
    return sorted(path.name for path in trap.glob("*.was_run"))


def run(trap: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=trap, capture_output=True, text=True, check=False, timeout=120)
    assert not sprung(trap)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("engine", ["local:2", "serial"])
def test_the_command_and_its_workers_import_nothing_of_it(trap: Path, engine: str) -> None:
    curate = Path(sys.executable).with_name("curate")
    run(trap, curate, "audit", ".", "-w", trap.parent / "ws", "--engine", engine)
    run(trap, curate, "judge", trap.parent / "ws", "--engine", engine)


def test_nor_does_the_package_run_as_a_module(trap: Path) -> None:
    run(trap, sys.executable, "-m", "curate", "audit", ".", "-w", trap.parent / "ws", "--engine", "local:2")


def test_nor_do_the_workers_of_a_script_that_lies_elsewhere(trap: Path) -> None:
    (trap.parent / "script.py").write_text(SCRIPT)
    run(trap, sys.executable, trap.parent / "script.py", trap.parent / "ws")


def test_nor_does_the_server_of_the_reviewer(trap: Path) -> None:
    run(trap, *serving.command(trap.parent / "ws", port=8501, address="127.0.0.1")[:4], "--help")


def test_the_reviewer_does_not_read_the_settings_of_streamlit_in_it(trap: Path) -> None:
    asked: list[str] = []

    class Theme(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Theme) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        (trap / ".streamlit").mkdir()
        base = f'[theme]\nbase = "http://127.0.0.1:{elsewhere.server_port}/theme.toml"\n'
        (trap / ".streamlit" / "config.toml").write_text(base)
        port = browsing.free_port()
        command = serving.command(trap.parent / "ws", port=port, address="127.0.0.1")
        server = subprocess.Popen(command, cwd=trap, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert is_up(port, server)
        finally:
            server.kill()
            server.wait()
        elsewhere.shutdown()
    assert not asked


def is_up(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers, or has ended."""
    while server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}{HEALTH}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_nor_does_the_action_run_a_pip_of_it(trap: Path) -> None:
    action = Path(__file__).parent.parent / "action.sh"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    nothing_to_install = {"PATH": path, "PIP_NO_INDEX": "1", "CURATE_VERSION": "0.0.0"}
    done = subprocess.run(
        ["bash", action, "install"], cwd=trap, env=os.environ | nothing_to_install, capture_output=True, check=False
    )
    assert b"No matching distribution" in done.stderr
    assert not sprung(trap)


def test_the_trap_would_be_sprung(trap: Path) -> None:
    subprocess.run([sys.executable, "-c", "import numpy"], cwd=trap, capture_output=True, check=False, timeout=60)
    assert sprung(trap) == ["numpy.py.was_run"]
