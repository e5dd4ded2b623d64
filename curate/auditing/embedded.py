"""Which embeddings an audit judges by: those it has measured itself, or those of a file that the user names.

Either becomes the `embeddings.parquet` of the workspace, bound to the bytes of each image. What `curate train embed`
wrote with weights of choice stays until somebody deletes it; a note says so.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from curate.config import Config
from curate.errors import ConfigError
from curate.i18n import Message, msg
from curate.scanners import embeddings, lite0
from curate.scanners.embeddings import Embeddings, Origin
from curate.schema import DecodeStatus
from curate.shell import typed
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

COLUMN = f"{lite0.NAME}.embedding"
"""The column of the measurements."""
FORMS = (".parquet", ".npy")
SHOWN = 3
"""How many names a refusal lists."""


@dataclass(frozen=True, slots=True)
class OwnEmbeddings:
    """Vectors from a file of the user's: `matrix` is (n, d) float32 for n `paths`; `digest` is that of the file.

    A vector that is not all finite numbers says that there is none, and is left out.
    """

    name: str
    digest: str
    paths: Sequence[str]
    matrix: npt.NDArray[np.float32]


def own(configuration: Config, paths: Sequence[str]) -> OwnEmbeddings | None:
    """Read the file that a configuration names; None where it names none. `paths` are all images, sorted.

    A `.parquet` has a column `path`, and one of lists or else a column for each number; a `.npy` has a row for each
    image, in the order of the paths. Raises `ConfigError` for anything else, and for an image that is not in `paths`.
    """
    if isinstance(configuration.embeddings, bool):
        return None
    file = Path(configuration.embeddings)
    if file.suffix.lower() not in FORMS:
        raise ConfigError(f"embeddings: {file} is neither .parquet nor .npy")
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        is_table = file.suffix.lower() == ".parquet"
        found, matrix = _table(file) if is_table else (list(paths), _array(file))
    except OSError as error:
        raise ConfigError(f"embeddings: {file} cannot be read ({error.strerror or error}); name another") from error
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise ConfigError(f"embeddings: {file}: {error}") from error
    if len(matrix) != len(found):
        raise ConfigError(
            f"embeddings: {file} has {len(matrix):,} rows, and the source {len(found):,} images; it wants one for "
            "each, in the order of their paths, or a .parquet with a column path"
        )
    _refuse(file, "twice", [path for path, count in Counter(found).items() if count > 1])
    known = set(paths)
    _refuse(file, "that the source does not have", [path for path in found if path not in known])
    whole = np.flatnonzero(np.isfinite(matrix).all(axis=1))
    return OwnEmbeddings(file.name, digest, [found[row] for row in whole], matrix[whole])


def is_new(workspace: Workspace, given: OwnEmbeddings | None) -> bool:
    """Say whether a file of the user's is not the one that the workspace's embeddings were made from."""
    standing = embeddings.origin(workspace.root) if given else None
    return given is not None and (standing is None or standing.made_from not in (None, given.digest))


def refuse_unsettled(workspace: Workspace, configuration: Config) -> None:
    """Raise `ConfigError` where a configuration names a file that the workspace's embeddings are not of: without the
    list of images, as `curate judge` is, none can be taken from it."""
    if isinstance(configuration.embeddings, bool):
        return
    standing = embeddings.origin(workspace.root)
    if standing is None or (
        standing.made_from is not None and standing.models != {Path(configuration.embeddings).name}
    ):
        source = workspace.read_audit()["source"]
        command = typed("curate", "audit", source, "-w", workspace.root)
        raise ConfigError(f"the embeddings of {configuration.embeddings} are not taken yet; run: {command}")


def settle(workspace: Workspace, frame: pd.DataFrame, configuration: Config, given: OwnEmbeddings | None) -> None:
    """Bring the embeddings of a workspace up to date with its measurements (`frame`) and with what was `given`.

    Raises `ConfigError` where what was given lacks a readable image.
    """
    standing = embeddings.origin(workspace.root)
    if standing is not None and standing.made_from is None and not _is_replaceable(standing, configuration):
        return
    if configuration.embeddings is False:
        if standing is not None:
            (workspace.root / embeddings.EMBEDDINGS).unlink()
    elif configuration.embeddings is True:
        rows = np.flatnonzero(frame[COLUMN].notna())
        matrix = lite0.measured(frame[COLUMN], rows) if len(rows) else np.empty((0, lite0.FEATURES), np.float32)
        _write(workspace, frame.iloc[rows], lite0.NAME, matrix, lite0.NAME)
    elif given is not None:
        row_of = {path: row for row, path in enumerate(given.paths)}
        readable = frame[frame["status"] != DecodeStatus.ERROR]
        lacking = [path for path in readable["path"] if path not in row_of]
        if lacking:
            raise ConfigError(f"embeddings: {given.name} has none for {_named(lacking)}")
        matrix = given.matrix[[row_of[path] for path in readable["path"]]]
        _write(workspace, readable, given.name, matrix, given.digest)


def note(workspace: Workspace, configuration: Config) -> Message | None:
    """Say that other embeddings than those asked for are judged by, where that is so."""
    standing = embeddings.origin(workspace.root) if configuration.embeddings is not False else None
    if standing is None or standing.made_from is not None:
        return None
    return msg(
        "The embeddings are those that `curate train embed` wrote with the weights {weights}, not those that the audit "
        "was asked for; for these delete {file} and audit again.",
        weights=", ".join(sorted(standing.models)) or "-",
        file=str(workspace.root / embeddings.EMBEDDINGS),
    )


def _is_replaceable(trained: Origin, configuration: Config) -> bool:
    """Say whether what training wrote is what the audit itself measures: the same network on the same pixels."""
    return configuration.embeddings is True and trained.models <= {lite0.NAME}


def _write(
    workspace: Workspace, images: pd.DataFrame, model: str, matrix: npt.NDArray[np.float32], made_from: str
) -> None:
    paths, hashes = images["path"].tolist(), images["sha256"].tolist()
    embeddings.write(Embeddings(paths, hashes, [model] * len(paths), matrix, made_from), workspace.root)


def _array(file: Path) -> npt.NDArray[np.float32]:
    values = np.load(file, allow_pickle=False)
    if not isinstance(values, np.ndarray) or values.ndim != 2 or not values.shape[1]:
        raise ValueError("no array of two axes, a row of numbers for each image")
    return _numbers(values)


def _table(file: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    table = pq.read_table(file)
    if "path" not in table.column_names:
        raise ValueError("has no column path")
    paths: list[Any] = table["path"].to_pylist()
    if not all(isinstance(path, str) for path in paths):
        raise ValueError("its column path is not all text")
    others = table.drop_columns(["path"])
    lists = [field.name for field in others.schema if _is_list(field.type)]
    if len(lists) > 1:
        raise ValueError(f"has several columns of vectors ({', '.join(lists)}); leave one")
    if lists:
        return paths, _of_lists(others[lists[0]])
    unknown = [field.name for field in others.schema if not _is_number(field.type)]
    if unknown or not others.column_names:
        raise ValueError(f"has no column of vectors, and {', '.join(unknown) or 'no other column'} is no number")
    columns = [column.to_numpy().astype(np.float32) for column in others.columns]
    return paths, _numbers(np.column_stack(columns) if paths else np.empty((0, len(columns))))


def _of_lists(column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    """Read vectors as (n, d); of a missing one nothing is a number."""
    lists = column.combine_chunks()
    is_there = lists.is_valid().to_numpy(zero_copy_only=False)
    widths = np.unique(lists.drop_null().value_lengths().to_numpy(zero_copy_only=False))
    if len(widths) != 1 or not widths[0]:
        raise ValueError("its vectors differ in length, or there are none")
    values = _numbers(lists.drop_null().flatten().to_numpy(zero_copy_only=False))
    matrix = np.full((len(lists), int(widths[0])), np.nan, dtype=np.float32)
    matrix[is_there] = values.reshape(-1, int(widths[0]))
    return matrix


def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    if values.dtype.kind not in "fiu":
        raise ValueError(f"holds {values.dtype}, no plain numbers")
    return values.astype(np.float32)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _refuse(file: Path, what: str, paths: Sequence[str]) -> None:
    if paths:
        raise ConfigError(f"embeddings: {file} names images {what}: {_named(paths)}")


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN:,} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more
