"""The workspace folder: what lies where, and its tables.

Invariants: a file appears whole or not at all (`storage.atomic`); the workspace never lies inside the source; a
workspace of another version is refused, never guessed at.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from curate.errors import DamagedError, WorkspaceError
from curate.shell import typed
from curate.storage.atomic import atomic, explained
from curate.storage.names import is_text
from curate.storage.owner import clear_away

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

VERSION = 2
"""Form of the workspace; 1 had reasons without messages, and other names for settings."""

AT_A_TIME = 1 << 16
"""Rows of a table that are converted at a time."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths inside one workspace."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "curate.toml"

    @property
    def audit(self) -> Path:
        """Facts about the last audit: version, source, skipped files, dataset-wide notes."""
        return self.root / "audit.json"

    @property
    def images(self) -> Path:
        return self.root / "images.parquet"

    @property
    def features(self) -> Path:
        return self.root / "features"

    @property
    def findings(self) -> Path:
        return self.root / "findings.parquet"

    @property
    def review(self) -> Path:
        return self.root / "review.sqlite"

    @property
    def thumbs(self) -> Path:
        return self.root / "thumbs"

    @property
    def unpacked(self) -> Path:
        """Where an archive given as the source is unpacked."""
        return self.root / "source"

    @property
    def given(self) -> Path:
        """Where a dataset given as a Python object is written."""
        return self.root / "given"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.parquet"

    @property
    def lock(self) -> Path:
        """Held by the process that audits or judges."""
        return self.root / "audit.lock"

    @property
    def runs(self) -> Path:
        """Training runs and benchmark results."""
        return self.root / "runs"

    def read_audit(self) -> dict[str, Any]:
        """Read the facts of the last audit.

        Raises `WorkspaceError` where there was none, or a newer version of curate made it.
        """
        if not self.audit.is_file():
            is_other = self.root.is_dir() and any(self.root.iterdir())
            way_out = typed("curate", "audit", "SOURCE", "-w", "WS" if is_other else self.root)
            raise WorkspaceError(f"{self.root} is not a curate workspace; make one with: {way_out}")
        try:
            facts = json.loads(self.audit.read_text(encoding="utf-8"))
            version = int(facts["version"])
        except PermissionError as error:
            raise WorkspaceError(f"{self.audit} cannot be read ({error.strerror}); check its permissions") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedError(f"{self.audit} is damaged ({error}); run the audit again") from error
        if version > VERSION:
            raise WorkspaceError(
                f"{self.root} was made by a newer curate (workspace version {version}, this one knows {VERSION}); "
                "upgrade with: pip install -U imagecurate"
            )
        if version < VERSION:
            raise WorkspaceError(
                f"{self.root} was made by an earlier curate (workspace version {version}, this one writes {VERSION}); "
                f"audit into a new workspace NEW, copy {self.review}, which holds the decisions, over the one there, "
                "and run: curate judge NEW"
            )
        return dict(facts)

    def read_images(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the image table, one row per file, sorted by path; some of its columns where they are named."""
        from curate.schema import IMAGES

        return self._read(self.images, IMAGES, columns)

    def read_findings(self) -> pd.DataFrame:
        """Read the findings table, one row per (finding, image)."""
        from curate.schema import FINDINGS

        return self._read(self.findings, FINDINGS)

    def _read(self, path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pd.DataFrame:
        self.read_audit()
        import pyarrow as pa

        if not path.is_file():
            again = typed("curate", "audit", "SOURCE", "-w", self.root)
            raise WorkspaceError(f"{path} is missing; run: {again}")
        try:
            return read_table(path, schema, columns)
        except PermissionError as error:
            raise WorkspaceError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
        except (OSError, ValueError, pa.ArrowException) as error:
            why = " ".join(str(error).split())[:160]
            raise DamagedError(f"{path} is damaged ({why}); run the audit again") from error


def create(root: Path, source: str) -> Workspace:
    """Make (or reopen) the workspace folder for a source.

    Raises `WorkspaceError` where it cannot be written, or would lie inside the source.
    """
    root = root.absolute()
    if not is_text(str(root)):
        raise WorkspaceError(f"{root}: the name of the workspace is not valid UTF-8; give another with -w")
    if Path(source).is_dir() and root.resolve().is_relative_to(Path(source).resolve()):
        raise WorkspaceError(f"the workspace {root} lies inside the source {source}; put it elsewhere with -w")
    with explained(root):
        root.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(root)
    if workspace.audit.exists():
        with suppress(DamagedError):  # it is about to be made again
            workspace.read_audit()
    elif any(root.iterdir()) and not workspace.features.exists():
        raise WorkspaceError(f"{root} is neither empty nor a curate workspace; give -w another folder")
    with explained(root):
        workspace.features.mkdir(exist_ok=True)
        workspace.thumbs.mkdir(exist_ok=True)
    for folder in (root, workspace.features):
        clear_away(folder)
    return workspace


class KeptTable:
    """A table kept as the bytes of its file, a fraction of what it takes as a table, and read when it is asked for.

    Whatever becomes of the file, it is the table that lay there when it was kept.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Keep the table of a file that `write_table` wrote."""
        self._stored: bytes | None = path.read_bytes()
        self._schema, self._table = schema, None

    def read(self) -> pd.DataFrame:
        """Read the table; the same object each time."""
        if self._stored is not None:
            self._table = read_table(io.BytesIO(self._stored), self._schema)
            self._stored = None
        return self._table


def read_table(path: Path | BinaryIO, schema: pa.Schema, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file that `write_table` wrote: text as `object` with None, integers as nullable integers.

    A column at a time: together, as Arrow and as pandas, they take three times the memory. Raises what Arrow raises
    where it is no Parquet, and `ValueError` where it has other columns.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    if not file.schema_arrow.equals(schema):
        raise ValueError("its columns are others")
    return pd.DataFrame({name: _series(file.read([name])[name]) for name in columns or schema.names}, copy=False)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Convert Arrow to pandas without NaN standing for missing text, whatever the version of pandas."""
    import pandas as pd

    return pd.DataFrame({name: _series(table[name]) for name in table.column_names}, copy=False)


def _series(column: pa.ChunkedArray) -> pd.Series[Any]:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return pd.Series(texts(column), dtype=object)
    integers = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
    return column.to_pandas(types_mapper=integers.get)


def texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Convert to strings and None; equal strings are one object, since most columns hold few."""
    import numpy as np
    import pyarrow as pa

    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # how a column of no rows comes back
        return np.empty(0, object)
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    places = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(words[places], dtype=object)


def write_table(frame: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    """Write rows as Parquet, whole or not at all, some at a time; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for start in range(0, max(len(frame), 1), AT_A_TIME):
            rows = frame[schema.names].iloc[start : start + AT_A_TIME]
            table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
            writer.write_table(table.replace_schema_metadata(None))


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write an Arrow table as Parquet, whole or not at all."""
    import pyarrow.parquet as pq

    with atomic(path) as file:
        pq.write_table(table, file, compression="zstd")


def write_part(table: pa.Table, path: Path) -> None:
    """Write an Arrow table without compression, which would save a twentieth of mostly tiles in twice the time."""
    import pyarrow.parquet as pq

    with atomic(path) as file:
        pq.write_table(table, file, compression="none", use_dictionary=False, write_statistics=False)
