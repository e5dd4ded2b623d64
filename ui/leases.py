"""Which browser sessions are open: an item stays with its screen, and is free as soon as that is closed.

A screen is named host/process/session, so that what a killed server held is known to be free as well.
"""

import os
import socket
import time
from collections.abc import Iterable

from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from curate.reviewing.store import Store


def mine() -> str:
    """Return the name of this browser session's screen."""
    context = get_script_run_ctx()
    return _name(context.session_id if context else "-")


def release_closed(store: Store) -> None:
    """Let go of what is held by screens of this machine that are no longer there."""
    closed = [holder for holder in store.queue.holders(now_s=time.time()) if not _is_open(holder)]
    if closed:
        store.queue.release(closed)


def others(holders: Iterable[str]) -> list[str]:
    """Leave this screen out of several."""
    return [holder for holder in holders if holder != mine()]


def _name(session: str) -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{session}"


def _is_open(holder: str) -> bool:
    host, process, session = (*holder.split("/", 2), "", "")[:3]
    if host != socket.gethostname() or not process.isdigit():
        return True
    if int(process) == os.getpid():
        return holder == mine() or not exists() or bool(get_instance().is_active_session(session))
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
