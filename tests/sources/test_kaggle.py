"""Fetching from Kaggle: the official client against a local server that speaks its calls."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests import sample_images

pytest.importorskip("kagglesdk")


def packed(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Answers the download call with a redirect to the file, and the file with ranges.

    The client knows a local server by the name http://localhost only, so this one stands as its proxy.
    """

    body = b""
    status = 200
    cut_at: int | None = None
    ranges: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.status != 200:
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(302)
        self.send_header("Location", "http://localhost/file")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if not self.path.endswith("/file"):
            return self.do_POST()
        body, start = self.server.body, 0
        if asked := self.headers.get("Range"):
            self.server.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : self.server.cut_at] if not start else body[start:])
        self.close_connection = True
        return None


@contextmanager
def serving(body: bytes, status: int = 200, cut_at: int | None = None) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.body, server.status, server.cut_at, server.ranges = body, status, cut_at, []
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(
    home: Path,
    server: Server | None,
    *,
    target: str = "faces",
    credentials: bool = True,
    name: str = "kaggle:me/faces",
    before: str = "",
) -> tuple[int, str]:
    """The real command in a process of its own: the client reads its settings when it is imported."""
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(("KAGGLE", "NO_PROXY"))}
    known = {"KAGGLE_USERNAME": "somebody", "KAGGLE_KEY": "secret"} if credentials else {}
    proxy = f"http://127.0.0.1:{server.server_port}" if server else ""
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom curate.cli import main; main()", "fetch", name, str(home / target)],
        env={**kept, **known, "HOME": str(home), "KAGGLE_API_ENVIRONMENT": "LOCALHOST", "http_proxy": proxy},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


ENTRIES = {
    f"{label}/{i}.png": sample_images.encode(sample_images.photo(i), "PNG") for i, label in enumerate(["cats", "dogs"])
}


def test_a_dataset_is_fetched_and_unpacked(tmp_path: Path) -> None:
    with serving(packed(ENTRIES)) as server:
        code, said = fetch(tmp_path, server)
    assert code == 0, said
    assert (tmp_path / "faces/cats/0.png").read_bytes() == ENTRIES["cats/0.png"]
    assert not list(tmp_path.glob(".faces*"))


def test_a_cut_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8)
    noise = {"cats/noise.png": sample_images.encode(pixels, "PNG")}
    with serving(packed(ENTRIES | noise), cut_at=3 << 19) as server:
        code, said = fetch(tmp_path, server)
        assert server.ranges == ["bytes=1048576-"], said  # the client writes whole MiB
    assert code == 0, said
    assert (tmp_path / "faces/dogs/1.png").read_bytes() == ENTRIES["dogs/1.png"]


def test_an_archive_cannot_write_outside_the_target(tmp_path: Path) -> None:
    with serving(packed({"../evil.png": b"x", **ENTRIES})) as server:
        code, said = fetch(tmp_path, server, target="in/faces")
    assert (code, said.count("\n")) == (2, 1), said
    assert not list(tmp_path.rglob("evil.png"))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not accept the credentials"),
        (403, "accept its terms"),
        (404, "does not exist"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(tmp_path: Path, status: int, message: str) -> None:
    with serving(b"", status=status) as server:
        code, said = fetch(tmp_path, server)
    assert (code, said.count("\n")) == (2, 1), said
    assert message in said
    assert not list(tmp_path.glob(".faces*"))


def test_without_the_client_one_line_says_what_to_install_and_nothing_is_left(tmp_path: Path) -> None:
    missing = "import sys; sys.modules['kaggle'] = None"
    for target in ("faces", "sets/of/faces"):
        code, said = fetch(tmp_path, None, target=target, before=missing)
        assert (code, said.count("\n")) == (2, 1), said
        assert 'pip install "imagecurate[kaggle]"' in said
        assert not list(tmp_path.iterdir())


def test_a_folder_that_was_there_stays_where_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    fetch(tmp_path, None, target="sets/faces", credentials=False)
    assert [path.name for path in (tmp_path / "sets").parent.glob("sets*/**")] == ["sets"]


def test_without_credentials_the_line_says_where_they_go(tmp_path: Path) -> None:
    code, said = fetch(tmp_path, None, credentials=False)
    assert (code, said.count("\n")) == (2, 1), said
    assert "kaggle.json" in said
    assert "KAGGLE_KEY" in said


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    code, said = fetch(tmp_path, None, name="faces")
    assert code == 2
    assert "kaggle:OWNER/DATASET" in said
