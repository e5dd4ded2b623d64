"""Tables of a workspace, written some rows at a time and read whole or in part."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.storage import workspace

SCHEMA = pa.schema([("path", pa.string()), ("width", pa.int32()), ("share", pa.float64())])
ROWS = pd.DataFrame(
    {"path": ["a", None, "c", "d", "e"], "width": pd.array([1, 2, None, 4, 5], "Int32"), "share": [0.5, 1, 2, 3, None]}
).astype({"path": object})


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_a_table_is_read_as_it_was_written_however_many_rows_are_written_at_a_time(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "AT_A_TIME", 2)
    rows = ROWS.iloc[:count]
    workspace.write_table(rows.assign(other=1), SCHEMA, tmp_path / "t.parquet")
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == max(1, -(-count // 2))
    found = workspace.read_table(tmp_path / "t.parquet", SCHEMA)
    assert [*found.columns] == SCHEMA.names
    for name in SCHEMA.names:
        assert found[name].isna().tolist() == rows[name].isna().tolist()
        assert found[name].dropna().tolist() == rows[name].dropna().tolist()


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "AT_A_TIME", 2)
    for name, rows in (("a", ROWS), ("b", ROWS.copy()), ("c", ROWS.set_index("share", drop=False))):
        workspace.write_table(rows, SCHEMA, tmp_path / name)
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_some_columns_are_read_where_they_are_named_and_others_are_refused(tmp_path: Path) -> None:
    workspace.write_table(ROWS, SCHEMA, tmp_path / "t.parquet")
    found = workspace.read_table(tmp_path / "t.parquet", SCHEMA, ["width", "path"])
    assert {*found.columns} == {"width", "path"}
    assert found["path"].tolist() == ["a", None, "c", "d", "e"]
    with pytest.raises(ValueError, match="its columns are others"):
        workspace.read_table(tmp_path / "t.parquet", SCHEMA.remove(0), ["width"])
