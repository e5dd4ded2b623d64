"""What a list says of its images besides path, class and split, kept in the workspace: judging reads no list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from curate.auditing.shortcuts import LISTED
from curate.errors import DamagedError
from curate.sources import Listing
from curate.storage.workspace import Workspace, to_pandas, write_arrow

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = "columns.parquet"


def keep(workspace: Workspace, listing: Listing) -> None:
    """Write further columns of a listing to `columns.parquet` (path, and text by column); without any, remove it."""
    target = workspace.root / COLUMNS
    if not listing.columns:
        target.unlink(missing_ok=True)
        return
    paths = [record.path for record in listing.records]
    columns = {LISTED + name: [values.get(path) for path in paths] for name, values in sorted(listing.columns.items())}
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    write_arrow(pa.table({"path": paths, **arrays}), target)


def attach(frame: pd.DataFrame, workspace: Workspace) -> pd.DataFrame:
    """Add the columns that `keep` wrote to a frame (path, ...): text, None where the list says nothing.

    Raises `DamagedError` where they cannot be read.
    """
    import pandas as pd

    source = workspace.root / COLUMNS
    if not source.is_file():
        return frame
    try:
        table = to_pandas(pq.read_table(source)).set_index("path")
    except (OSError, pa.ArrowException, KeyError) as error:
        raise DamagedError(f"{source} is damaged ({error}); run the audit again") from error
    return pd.concat([frame, table.reindex(frame["path"]).set_index(frame.index)], axis=1)
