"""Worker processes over plain pipes, for where `multiprocessing` can start none.

It wants semaphores in /dev/shm (AWS Lambda has none to write), a socket whose path is short (batch systems set a long
TMPDIR), and a parent that is no daemon itself (Celery, `multiprocessing.Pool`). A worker here is a plain child process
that reads shards from its standard input and writes what became of them to its standard output, both pickled.

Invariant: as in `ProcessPoolExecutor`, a worker that dies breaks the whole pool, so that no shard is in hand twice.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import IO, TYPE_CHECKING, Any, Self

from curate.measuring.interrupts import interrupts_held

if TYPE_CHECKING:
    from curate.config import DecodeLimits

_LENGTH = struct.Struct("<Q")
_SERVE = "import sys; sys.path[:] = {paths!r}; from curate.measuring import pipes; pipes.serve()"


class PipePool:
    """A pool of `workers` child processes with the part of `ProcessPoolExecutor` that measuring needs."""

    def __init__(self, workers: int, limits: DecodeLimits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(workers)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._is_broken = False

    def submit(self, function: Callable[[Any], Any], argument: object) -> Future[Any]:
        """Call a function with an argument in a worker; the future raises `BrokenProcessPool` where that dies."""
        return self._threads.submit(self._ask, function, argument)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end once what is in hand is done; without `wait` nothing may be in hand any more."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            for process in self._processes:
                process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _ask(self, function: Callable[[Any], Any], argument: object) -> Any:
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = self._started()
        try:
            _send(process.stdin, (function, argument))
            is_ok, answer = _receive(process.stdout)
        except (OSError, EOFError, ValueError) as error:
            self._break()
            raise BrokenProcessPool("a worker process died") from error
        if not is_ok:
            raise answer
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_broken:
                raise BrokenProcessPool("a worker process died")
            code = _SERVE.format(paths=sys.path)
            with interrupts_held():
                process = subprocess.Popen(  # noqa: S603 - our own interpreter, with our own module
                    [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            self._processes.append(process)
        _send(process.stdin, (self._limits, dict(os.environ), os.getpid()))
        return process

    def _break(self) -> None:
        with self._lock:
            self._is_broken = True
            for process in self._processes:
                process.kill()


def serve() -> None:
    """Do what comes in on standard input until that ends; the first that comes is how to set this worker up."""
    from curate.measuring import worker

    asked = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what a library prints is no answer
    worker.start(*_receive(asked))
    while True:
        try:
            function, argument = _receive(asked)
        except EOFError:
            return
        try:
            _send(answers, (True, function(argument)))
        except Exception as error:  # it is raised where the future is asked
            _send(answers, (False, error))


def _send(stream: IO[bytes] | None, value: object) -> None:
    if stream is None:
        raise EOFError
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> Any:
    head = stream.read(_LENGTH.size) if stream is not None else b""
    if stream is None or len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from a process that we have started
