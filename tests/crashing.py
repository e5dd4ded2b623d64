"""A scanner that misbehaves on command, for the tests of isolation. Workers import it by name."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from curate.config import Settings
from curate.picture import Picture
from curate.scanners import Finding, Scanner

SEGFAULT_WIDTH, KILLED_WIDTH, HANGING_WIDTH = 101, 102, 103


class Nothing(Settings):
    """No settings."""


class Crashing(Scanner):
    """Crashes, dies or hangs on pictures of certain widths."""

    name: ClassVar[str] = "crashing"
    version: ClassVar[int] = 1
    settings_model: ClassVar[type[Settings]] = Nothing
    columns: ClassVar[Mapping[str, pa.DataType]] = {"seen": pa.bool_()}

    def measure(self, picture: Picture) -> Mapping[str, Any]:
        if picture.width == SEGFAULT_WIDTH:
            signal.raise_signal(signal.SIGSEGV)  # to this very thread, as a real one is
        elif picture.width == KILLED_WIDTH:
            os.kill(os.getpid(), signal.SIGKILL)
        elif picture.width == HANGING_WIDTH:
            time.sleep(3600)
        return {"seen": True}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        return iter(())
