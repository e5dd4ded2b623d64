"""An audit as a value: what it works on, handed down the pipeline whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate.config import Config
from curate.measuring.pool import Engine
from curate.scanners import Scanner
from curate.sources import Source
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    from curate.auditing.embedded import OwnEmbeddings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Which images (`source`) are measured where (`engine`) by whom (`scanners`), and where results go.

    `embeddings` are those that the user gave.
    """

    workspace: Workspace
    source: Source
    scanners: tuple[Scanner, ...]
    config: Config
    engine: Engine
    embeddings: OwnEmbeddings | None = None
