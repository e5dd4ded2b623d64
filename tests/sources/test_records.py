"""Records kept as columns are the records that they were."""

import pytest

from curate.sources import Record, Records

PLAIN = [Record("a.jpg", None, "train", 3, 1 << 62), Record("b.jpg", "cats", None, 0, -5)]
IN_A_TAR = [Record("s.tar/c.jpg", "dogs", "test", 9, 1, offset=512), Record("s.tar/d.jpg", None, None, 9, 1, offset=0)]


@pytest.mark.parametrize("records", [[], PLAIN, IN_A_TAR, [*PLAIN, *IN_A_TAR, PLAIN[0]]])
def test_they_come_back_one_by_one_and_all_together(records: list[Record]) -> None:
    kept = Records.of(records)
    assert len(kept) == len(records)
    assert list(kept) == records
    assert kept[1:3] == records[1:3]
    assert kept[::-2] == records[::-2]
    for row in range(-len(records), len(records)):
        assert kept[row] == records[row]
    for beyond in (len(records), -len(records) - 1):
        with pytest.raises(IndexError):
            kept[beyond]


def test_without_offsets_none_has_one() -> None:
    kept = Records(["a", "b"], ["x", None], [None, "test"], [1, 2], [3, 4])
    assert list(kept) == [Record("a", "x", None, 1, 3), Record("b", None, "test", 2, 4)]


def test_paths_that_moved_together_are_the_same_paths() -> None:
    records = [Record(path, None, None, 1, 2) for path in ("a/1.jpg", "", "b/\u00e9\u4e2d\U0001f600\0.png")]
    kept = Records.of(records)
    kept.move_together()
    assert list(kept) == records
