"""The reviewer trusts nobody by default: other hosts, frames, pages and ports are refused, in a real browser too."""

import http.client
import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import curate
from curate.errors import ConfigError
from curate.ui import server as serving_here
from curate.ui import serving
from curate.ui.guard import Access, host_name
from curate.ui.server import PASSWORD, names_of, refuse_taken
from tests import sample_images
from tests.browsing import browsing, free_port, stands_still
from tests.conftest import Audited

pytest.importorskip("streamlit")

SOCKET = """(address) => new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
})"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guard")
    sample_images.dataset(folder / "set", each=3)
    (folder / "set" / "cats" / "bad.jpg").write_bytes(b"")
    curate.audit(folder / "set", folder / "ws", engine="serial")
    return folder / "ws"


@contextmanager
def reviewing(workspace: Path, *options: str, **environment: str) -> Iterator[tuple[str, int, "subprocess.Popen[str]"]]:
    """Run `curate review`; yields what it says, its port and its process."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "curate",
        "review",
        str(workspace),
        "--port",
        str(port),
        "--reviewer",
        "ana",
        *options,
    ]
    settings = {"XDG_CONFIG_HOME": str(workspace.parent)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | settings | environment)
    assert process.stderr is not None
    said = ""
    while "Ctrl-C" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    try:
        wait_for(lambda: ask(port, "/_stcore/health")[0] == 200)
        yield said, port, process
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


def wait_for(done: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if callable(done) and done():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.1)


def ask(
    port: int, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.slow
def test_only_its_own_pages_with_its_key_are_answered(workspace: Path) -> None:
    with reviewing(workspace) as (said, port, _):
        key = re.search(r"key=(\S+)", said)
        assert key is not None
        assert ask(port, "/")[0] == 401
        assert ask(port, "/?key=wrong")[0] == 401
        status, headers = ask(port, f"/?key={key[1]}")
        assert (status, headers["location"]) == (303, "/")
        assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in headers["set-cookie"].split(";")}
        for asked, where in {
            f"/queue?kind=dark&key={key[1]}&label=a%26b": "/queue?kind=dark&label=a%26b",
            f"//evil.example/x?key={key[1]}": "/evil.example/x",
            f"/%5Cevil.example?key={key[1]}": "/evil.example",
            f"/a%0d%0aX-Own:%20b?key={key[1]}": "/a%0D%0AX-Own%3A%20b",
            f"/caf%C3%A9?key={key[1]}": "/caf%C3%A9",
        }.items():
            status, headers = ask(port, asked)
            assert (status, headers["location"]) == (303, where)
        cookie = headers["set-cookie"].partition(";")[0]
        status, headers = ask(port, "/", Cookie=cookie)
        assert status == 200
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        allowed = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert allowed["frame-ancestors"] == allowed["object-src"] == allowed["base-uri"] == "'none'"
        assert allowed["default-src"] == allowed["form-action"] == "'self'"
        assert allowed["connect-src"].split() == [
            *("'self'", "data:", "blob:"),
            *(f"{scheme}://127.0.0.1:{port}" for scheme in ("ws", "wss")),
        ]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "a@127.0.0.1", "[::2]"):
            assert ask(port, "/", Cookie=cookie, Host=host)[0] == 403, host
        for host in ("localhost", f"127.0.0.1:{port}", f"LOCALHOST:{port}", "[::1]:9000"):
            assert ask(port, "/", Cookie=cookie, Host=host)[0] == 200, host
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port + 1}", "file://"):
            assert ask(port, "/", Cookie=cookie, Origin=origin)[0] == 403, origin
        assert ask(port, "/_stcore/upload_file/x/y", "PUT", "x", Origin="http://evil.example")[0] == 403


@pytest.mark.slow
def test_a_browser_is_kept_from_it_by_every_way_in(workspace: Path) -> None:
    with reviewing(workspace) as (said, port, _), browsing() as browser, strangers_page() as stranger:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(re.search(r"http://\S+", said)[0])  # type: ignore[index]
        stands_still(page)
        assert "key=" not in page.url
        own = f"ws://127.0.0.1:{port}/_stcore/stream"
        assert page.evaluate(SOCKET, own) == "open"
        page.get_by_text("Overview").first.click()
        stands_still(page)
        elsewhere = [url for url in asked if f"127.0.0.1:{port}" not in url and not url.startswith(("data:", "blob:"))]
        assert elsewhere == []
        page.goto(stranger)  # another port of the same host, so the cookie goes with every request
        assert page.evaluate(SOCKET, own) == "refused"
        assert page.evaluate(SOCKET, own.replace("127.0.0.1", "localhost")) == "refused"
        page.set_content(f"<iframe src='http://127.0.0.1:{port}/'></iframe>")
        page.wait_for_timeout(2000)
        (frame,) = [frame for frame in page.frames if frame is not page.main_frame]
        assert "stApp" not in frame.content()


@pytest.mark.slow
def test_a_name_of_a_stranger_for_this_machine_is_refused(workspace: Path) -> None:
    """DNS rebinding: the browser believes that the page is the stranger's, and so may ask for it."""
    from tests import browsing as with_browser

    with reviewing(workspace) as (said, port, _):
        executable = with_browser.required()
        api = pytest.importorskip("playwright.sync_api")
        rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", rules]
        with api.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable, headless=True, args=flags)
            page = browser.new_page()
            key = re.search(r"key=(\S+)", said)
            assert key is not None
            answer = page.goto(f"http://evil.example:{port}/?key={key[1]}")
            assert answer.status == 403
            assert page.evaluate(SOCKET, f"ws://evil.example:{port}/_stcore/stream") == "refused"
            browser.close()


@contextmanager
def strangers_page() -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>hello")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


@pytest.mark.slow
def test_beyond_this_machine_it_warns_and_wants_a_password(workspace: Path) -> None:
    with reviewing(workspace, "--address", "0.0.0.0", **{PASSWORD: "open sesame"}) as (said, port, _):
        assert "warning: others can connect" in said
        assert "password: open sesame" in said
        assert "key=" not in said
        assert ask(port, "/")[0] == 401
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert ask(port, "/", "POST", "password=wrong", **form)[0] == 401
        status, headers = ask(port, "/", "POST", "password=open+sesame", **form)
        assert status == 303
        cookie = headers["set-cookie"].partition(";")[0]
        assert ask(port, "/", Cookie=cookie, Host="192.168.7.7:80")[0] == 200, "no name that could be rebound"
        assert ask(port, "/", Cookie=cookie, Host="evil.example")[0] == 403


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_server_and_its_port_end_with_the_command(workspace: Path, sent: signal.Signals) -> None:
    with reviewing(workspace) as (_, port, process):
        process.send_signal(sent)
        process.wait(timeout=10)
        wait_for(lambda: is_free(port), seconds=4)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the server in /proc")
def test_ctrl_c_reaches_the_server_too_and_is_no_traceback(workspace: Path) -> None:
    with reviewing(workspace) as (_, _, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        for pid in (process.pid, *map(int, children)):
            os.kill(pid, signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "curate: interrupted; run the same command again to go on from here\n"


def is_free(port: int) -> bool:
    try:
        refuse_taken("127.0.0.1", port)
    except ConfigError:
        return False
    return True


def test_a_port_that_is_taken_or_none_is_one_line(workspace: Path) -> None:
    with strangers_page() as taken:
        port = int(taken.rpartition(":")[2].strip("/"))
        for number, said in ((port, "in use"), (0, "no port"), (70_000, "no port"), (-1, "no port")):
            command = [sys.executable, "-m", "curate", "review", str(workspace), f"--port={number}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 2
            assert said in done.stderr
            assert done.stderr.count("\n") == 1


def test_where_no_port_is_asked_for_the_first_free_one_is_taken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with strangers_page() as taken, strangers_page() as beside:
        ports = sorted(int(page.rpartition(":")[2].strip("/")) for page in (taken, beside))
        said: list[str] = []
        monkeypatch.setattr(serving, "PORT", ports[0])
        found = serving.free_port("127.0.0.1", None, said.append)
        assert found in range(ports[0] + 1, ports[0] + 20)
        assert found != ports[1]
        assert said == [f"port {ports[0]} is taken, so the reviewer listens on {found}"]
        assert serving.free_port("127.0.0.1", found, said.append) == found
        monkeypatch.setattr(serving, "_TRIED", 1)
        with pytest.raises(ConfigError, match="in use"):
            serving.free_port("127.0.0.1", None, said.append)
        monkeypatch.setattr(serving, "PORT", found)
        assert serving.free_port("127.0.0.1", None, said.append) == found
    assert len(said) == 1


def test_names_of_a_host() -> None:
    assert names_of("127.0.0.1") == {"127.0.0.1", "localhost", "::1"}
    assert "*" not in names_of("192.168.1.5")
    everywhere = Access(names_of("0.0.0.0"))
    assert everywhere.knows("10.0.0.3:8501")
    assert not everywhere.knows("rebound.example")
    assert Access(names_of("0.0.0.0", ["lab.example"])).knows("lab.example:8501")
    assert [host_name(host) for host in ("A.b:1", "[::1]:2", "x:y", "a@b", "a/b", "")] == ["a.b", "::1", "", "", "", ""]
    assert serving_here.is_local("127.0.0.53")


def test_the_key_is_not_shown_by_accident() -> None:
    access = Access(frozenset({"localhost"}), password="secret")
    assert access.key not in repr(access)
    assert "secret" not in repr(access)


def test_a_queue_that_is_of_other_findings_is_told_before_the_reviewer_starts(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_run", lambda *_: 0)
    said: list[str] = []
    curate.review(audited.workspace.root, say=said.append)
    assert not [line for line in said if "The queue is not of" in line]
    audited.workspace.review.unlink()
    curate.review(audited.workspace.root, say=said.append)
    assert [line for line in said if line.startswith("note: The queue is not of the findings of the last audit")]
