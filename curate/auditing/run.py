"""An audit as a value: what it works on, handed down the pipeline whole."""

from dataclasses import dataclass

from curate.config import Config
from curate.measuring.pool import Engine
from curate.scanners import Scanner
from curate.sources import Source
from curate.storage.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Which images (`source`) are measured where (`engine`) by whom (`scanners`), and where results go."""

    workspace: Workspace
    source: Source
    scanners: tuple[Scanner, ...]
    config: Config
    engine: Engine
