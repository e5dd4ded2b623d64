"""A scanner that misbehaves on command, for the tests of crashes. Workers import it by name."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from curate.config import DecodeLimits
from curate.findings import Finding, KindSpec
from curate.images.image import DecodedImage
from curate.measuring.shard import Shard
from curate.scanners import Scanner
from curate.sources import Record, source_at
from tests import sample_images

SEGFAULT_WIDTH, KILLED_WIDTH, HANGING_WIDTH = 101, 102, 103
FAILING_WIDTH, HUNGRY_WIDTH, KILLED_ONCE_WIDTH = 104, 105, 106


class Crashing(Scanner):
    """Crashes, dies, hangs or raises on images of certain widths."""

    name: ClassVar[str] = "crashing"
    version: ClassVar[int] = 1
    kinds: ClassVar[tuple[KindSpec, ...]] = ()
    columns: ClassVar[Mapping[str, pa.DataType]] = {"seen": pa.bool_()}

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        if image.width == SEGFAULT_WIDTH:
            signal.raise_signal(signal.SIGSEGV)  # to this very thread, as a real one is
        elif image.width == KILLED_WIDTH:
            os.kill(os.getpid(), signal.SIGKILL)
        elif image.width == HANGING_WIDTH:
            time.sleep(3600)
        elif image.width == FAILING_WIDTH:
            raise RuntimeError(f"{object()} is not what was wanted")
        elif image.width == HUNGRY_WIDTH:
            raise MemoryError
        elif image.width == KILLED_ONCE_WIDTH and not (mark := Path(os.environ["CRASHING_MARK"])).exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"seen": True}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        return iter(())


RAISING, DEADLY_TONE, HUNGRY, LONELY, TWICE = 201, 202, 203, 204, 205


class CrashingTogether(Crashing):
    """Measures small images together, and misbehaves on images of certain tones in their first corner."""

    name: ClassVar[str] = "together"
    columns: ClassVar[Mapping[str, pa.DataType]] = {"tone": pa.int64()}

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return self.measure_batch([image])[0]

    def measure_batch(self, images: Sequence[DecodedImage]) -> Sequence[Mapping[str, Any]]:
        tones = [int(image.pixels.flat[0]) for image in images]
        if RAISING in tones or (LONELY in tones and len(tones) > 1):
            raise RuntimeError("not what was wanted")
        if DEADLY_TONE in tones:
            os.kill(os.getpid(), signal.SIGKILL)
        if HUNGRY in tones:
            raise MemoryError
        measured = [{"tone": tone} for tone in tones]
        return [*measured, {"tone": -1}] if TWICE in tones and len(tones) > 1 else measured


DEADLY = (60, SEGFAULT_WIDTH, 61, KILLED_WIDTH, 62, 63, HANGING_WIDTH, 64)
"""Eight images, of which the second crashes, the fourth dies and the seventh hangs."""


def shards(folder: Path, size: int, widths: Sequence[int] = DEADLY) -> tuple[list[Record], list[Shard]]:
    """Images of these widths, in shards of that size."""
    records = []
    for index, width in enumerate(widths):
        path = sample_images.save(sample_images.photo(index, width, 40), folder / "src" / f"{index}.png")
        records.append(Record(path.name, None, None, path.stat().st_size, path.stat().st_mtime_ns))
    (folder / "parts").mkdir()
    return records, [
        Shard(
            source=source_at(folder / "src"),
            records=tuple(records[start : start + size]),
            scanners=(Crashing(),),
            limits=DecodeLimits(timeout_s=2),
            part=folder / "parts" / f"part-{start:07}.parquet",
        )
        for start in range(0, len(records), size)
    ]
