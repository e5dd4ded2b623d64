"""A file or a folder appears whole or not at all, with the permissions of any other new one."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from curate.errors import CurateError, WorkspaceError
from curate.storage.atomic import atomic, atomic_folder, disk_refusals_explained, explained, refuse_in_use, write_json


def interrupted(after: object) -> None:
    """Stop as Ctrl-C does, once something has been written."""
    assert after
    raise KeyboardInterrupt


def test_a_file_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with atomic(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_file_that_was_not_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(target) as file:
        interrupted(file.write(b"half"))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_folder_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "set"
    with atomic_folder(target) as partial:
        (partial / "cats").mkdir()
        (partial / "cats" / "1.jpg").write_bytes(b"cat")
        assert not target.exists()
        assert partial.parent == target.parent
    assert (target / "cats" / "1.jpg").read_bytes() == b"cat"
    assert [path.name for path in target.parent.iterdir()] == ["set"]


def test_a_folder_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "set") as partial:
        interrupted((partial / "1.jpg").write_bytes(b"cat"))
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_in_the_way_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with atomic_folder(tmp_path / "set") as partial:
        (partial / "1.jpg").write_bytes(b"cat")
    assert (tmp_path / "set" / "1.jpg").is_file()


def test_a_folder_or_file_in_use_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("folder", "file"):
        with pytest.raises(CurateError, match=f"{name} is not empty; give a folder"), atomic_folder(tmp_path / name):
            pytest.fail("the block must not run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    refuse_in_use(tmp_path / "nothing")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int) -> None:
    """In a process of its own: the umask belongs to the whole process."""
    code = (
        "import os, pathlib\n"
        "from curate.storage.atomic import atomic, atomic_folder\n"
        f"os.umask({umask})\n"
        f"root = pathlib.Path({str(tmp_path)!r})\n"
        "with atomic(root / 'file'): pass\n"
        "with atomic_folder(root / 'folder'): pass\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~umask


def test_the_umask_of_the_process_is_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(mask: int) -> int:
        raise AssertionError(f"umask({mask:o}) holds for every thread")

    monkeypatch.setattr(os, "umask", refuse)
    with atomic(tmp_path / "file") as file:
        file.write(b"x")
    with atomic_folder(tmp_path / "folder"):
        pass


def test_json_is_sorted_and_readable_as_text(tmp_path: Path) -> None:
    write_json({"b": 1, "a": "ä"}, tmp_path / "facts.json")
    assert (tmp_path / "facts.json").read_text(encoding="utf-8") == '{\n  "a": "ä",\n  "b": 1\n}\n'


@pytest.mark.parametrize(
    ("number", "message"),
    [
        pytest.param(errno.ENOSPC, "the disk is full: .*set could not be written", id="full"),
        pytest.param(errno.EDQUOT, "quota is used up", id="quota"),
        pytest.param(errno.EFBIG, "set could not be written: it is larger than the disk", id="too large"),
        pytest.param(errno.EACCES, "no permission to write .*set; choose another place", id="forbidden"),
        pytest.param(errno.EPERM, "no permission to write", id="not permitted"),
        pytest.param(errno.EROFS, "read-only file system", id="read-only"),
        pytest.param(errno.ENOTDIR, "a file is in the way", id="below a file"),
        pytest.param(errno.EEXIST, "a file is in the way", id="exists"),
        pytest.param(errno.ENOENT, "its folder does not exist", id="no folder"),
        pytest.param(errno.EISDIR, "a folder of that name is in the way", id="a folder"),
    ],
)
def test_what_the_file_system_refuses_is_one_clear_line(tmp_path: Path, number: int, message: str) -> None:
    with pytest.raises(WorkspaceError, match=message), explained(tmp_path / "set"):
        raise OSError(number, "refused")


def test_a_file_that_is_too_large_is_one_line_whoever_wrote_it() -> None:
    with pytest.raises(WorkspaceError, match="part could not be written: it is larger"), disk_refusals_explained():
        raise OSError(errno.EFBIG, "File too large", "part")
    with pytest.raises(WorkspaceError, match="a file could not be written: it is larger"), disk_refusals_explained():
        raise OSError(errno.EFBIG, "File too large")


def test_a_failure_that_has_no_line_of_its_own_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="refused") as caught, explained(tmp_path):
        raise OSError(errno.EIO, "refused")
    assert caught.type is OSError


def test_a_file_below_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="its folder does not exist"), atomic(tmp_path / "no" / "file"):
        pytest.fail("the block must not run")
