"""Workers over plain pipes: the same results, the same care for what dies, where multiprocessing starts nothing."""

import multiprocessing
import os
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

import curate
from curate.config import DecodeLimits
from curate.measuring import pool
from curate.measuring.pipes import PipePool
from tests import sample_images


def product(argument: tuple[int, int]) -> tuple[int, int]:
    """What a worker is asked here: a quotient, and who made it."""
    print("this goes nowhere")
    return argument[0] // argument[1], os.getpid()


def sleep_or_die(seconds: float) -> None:
    if seconds < 0:
        os._exit(1)
    time.sleep(seconds)


def test_answers_come_from_other_processes_and_errors_are_raised_here() -> None:
    with PipePool(2, DecodeLimits(memory_mib=4096)) as workers:
        futures = [workers.submit(product, (number, 1)) for number in range(6)]
        answers = [future.result() for future in futures]
        assert [value for value, _ in answers] == [*range(6)]
        assert os.getpid() not in {pid for _, pid in answers}
        with pytest.raises(ZeroDivisionError):
            workers.submit(product, (1, 0)).result()
        assert workers.submit(product, (9, 3)).result()[0] == 3


def test_a_worker_that_dies_breaks_the_pool_at_once() -> None:
    started = time.monotonic()
    with PipePool(2, DecodeLimits(memory_mib=4096)) as workers:
        futures = [workers.submit(sleep_or_die, seconds) for seconds in (60.0, -1.0, 0.0)]
        for future in futures[:2]:
            with pytest.raises(BrokenProcessPool):
                future.result()
    assert time.monotonic() - started < 50


def audited(source: str, workspace: str) -> None:
    curate.audit(source, workspace)


def test_a_daemonic_process_can_audit_and_finds_the_same(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    expected = curate.audit(source, tmp_path / "ws").images
    process = multiprocessing.get_context("spawn").Process(
        target=audited, args=(str(source), str(tmp_path / "ws2")), daemon=True
    )
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert (tmp_path / "ws2" / "images.parquet").read_bytes() == (tmp_path / "ws" / "images.parquet").read_bytes()
    assert len(expected) == 6


@pytest.mark.parametrize(
    "error", [OSError(30, "Read-only file system"), OSError("AF_UNIX path too long"), ImportError()]
)
def test_multiprocessing_that_cannot_start_is_known_before_work_is_lost(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Context:
        def Lock(self) -> None:  # noqa: N802 - its name in multiprocessing
            raise error

    monkeypatch.setattr(pool, "_context", Context)
    assert pool._start_server() is False
    assert isinstance(pool._pool(1, DecodeLimits()), PipePool)
