"""Ctrl-C, which a terminal sends to every process of a command: only the one that was started by hand answers it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Start processes that no Ctrl-C reaches, not even before they can say that they ignore it; ours comes afterwards.

    What is blocked stays so in a process started meanwhile (sigprocmask(2)). Where the system knows no such thing
    nothing is held.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
