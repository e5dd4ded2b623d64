"""The server of the reviewer: Streamlit behind the guard, in a process that ends with the one that started it.

    python -m curate.ui.server WORKSPACE --port 8501 --address 127.0.0.1 [-- arguments of the app]

The key comes in by the environment (`KEY`), since command lines are everybody's to read; a password too.
"""

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from curate.errors import ConfigError
from curate.ui.guard import LOCAL, Access, Guard

APP = Path(__file__).with_name("app.py")
KEY, PASSWORD = "CURATE_REVIEW_KEY", "CURATE_REVIEW_PASSWORD"
_LOOK_S = 0.5
_GRACE_S = 1.0


def is_local(address: str) -> bool:
    """Say whether only this machine can connect to what listens at an address."""
    return address in LOCAL or address.startswith("127.")


def names_of(address: str, more: Sequence[str] = ()) -> frozenset[str]:
    """Return the names by which a browser may ask for what listens at an address; `*` for any plain one."""
    if is_local(address):
        return frozenset({*LOCAL, address, *more})
    own = {*LOCAL, address, socket.gethostname().lower(), socket.getfqdn().lower(), *more}
    return frozenset({*own, "*"} if address in {"0.0.0.0", "::"} else own)  # noqa: S104 - asked for by the user


def refuse_taken(address: str, port: int) -> None:
    """Raise `ConfigError`, in one line, where nothing can listen there."""
    if not isinstance(port, int) or not 0 < port < 1 << 16:
        raise ConfigError(f"--port {port} is no port; give one from 1 to 65535")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except PermissionError as error:
        raise ConfigError(f"port {port} may not be used by you; give one from 1024 on with --port") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"nothing can listen on {address} port {port} ({why}); give another with --port") from error


def serve(workspace: Path, *, port: int, address: str, access: Access, arguments: Sequence[str], show: bool) -> None:
    """Serve the reviewer until the process is asked to end."""
    import streamlit
    from starlette.middleware import Middleware
    from streamlit import file_util, net_util

    from curate.ui.left_pages import LeftPages

    net_util.get_external_ip = lambda: None  # it would ask a server of others which address this one has
    # Nor does it read the settings of the current folder, which may be a dataset of others; those of the user it does.
    file_util.get_project_streamlit_file_path = file_util.get_streamlit_file_path
    sys.argv = [str(APP), str(workspace), *arguments]
    app = streamlit.App(APP, middleware=[Middleware(Guard, access=access), Middleware(LeftPages)])
    app.run(
        config={
            "server.port": port,
            "server.address": address,
            "server.headless": not show,
            "server.fileWatcherType": "none",
            "server.runOnSave": False,
            "logger.hideWelcomeMessage": True,
            "browser.gatherUsageStats": False,
            "client.toolbarMode": "minimal",
            "client.showErrorDetails": "none",
        }
    )


def _end_with(parent: int) -> None:
    """End this process, with its port, once the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    with suppress(OSError):
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


def main() -> None:
    """Serve as the command line says."""
    options = argparse.ArgumentParser(prog="curate.ui.server")
    options.add_argument("workspace", type=Path)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--address", required=True)
    options.add_argument("--name", action="append", default=[])
    options.add_argument("--show", action="store_true")
    options.add_argument("arguments", nargs="*")
    asked = options.parse_args()
    access = Access(names_of(asked.address, asked.name), password=os.environ.pop(PASSWORD, ""))
    key = os.environ.pop(KEY, "")
    if key:
        access = Access(access.names, key, access.password)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(
        asked.workspace,
        port=asked.port,
        address=asked.address,
        access=access,
        arguments=asked.arguments,
        show=asked.show,
    )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # the web server hands a Ctrl-C on once it has shut down
        main()
