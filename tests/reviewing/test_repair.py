"""A damaged store is set aside as it is; what can be read of its log is kept and counted."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import curate
from curate.errors import DamagedError
from curate.reviewing import repair
from curate.reviewing.log import Choice
from curate.reviewing.migrations import MIGRATIONS
from curate.reviewing.store import Store
from curate.schema import Action
from tests import sample_images
from tests.reviewing.samples import NOW

DECISIONS = 2_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of many decisions, all of them in the file."""
    path = tmp_path / "review.sqlite"
    with Store(path) as store:
        choices = [Choice("f", f"a/{number:05}", "s" * 64, Action.KEEP) for number in range(DECISIONS)]
        store.log.decide(choices, reviewer="ana", now=NOW)
    return path


def pages_of(path: Path, table: str) -> list[int]:
    """Where the leaves of a table lie: those pages on which its rows can be read."""
    data = path.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    return [at for at in range(size, len(data), size) if data[at] == 0x0D and table.encode() in data[at : at + size]]


def kept(path: Path) -> list[int]:
    with Store(path) as store:
        return [decision.id for decision in store.log.decisions()]


def test_a_sound_store_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert repair.set_aside_if_damaged(path) is None
    assert path.read_bytes() == before
    assert repair.set_aside_if_damaged(path.with_name("none.sqlite")) is None


def test_decisions_around_a_lost_page_are_kept_with_their_numbers(path: Path) -> None:
    leaves = pages_of(path, "ana")
    data = bytearray(path.read_bytes())
    for at in leaves[3:5]:
        data[at : at + 1024] = b"\xa5" * 1024
    path.write_bytes(bytes(data))
    salvage = repair.set_aside_if_damaged(path)
    assert salvage is not None
    assert salvage.aside.read_bytes() == bytes(data)
    numbers = kept(path)
    assert DECISIONS * 0.8 < len(numbers) < DECISIONS
    assert len(numbers) == salvage.decisions
    assert {1, DECISIONS} <= set(numbers), "both ends of the log can be read"
    with Store(path) as store:
        assert store.log.decide([Choice("f", "a/1", None, Action.DROP)], reviewer="ana", now=NOW) == [DECISIONS + 1]


def test_of_a_file_that_was_cut_the_beginning_is_kept(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3 // 4096 * 4096])
    salvage = repair.set_aside_if_damaged(path)
    assert salvage is not None
    assert salvage.decisions > DECISIONS // 4
    assert len(kept(path)) == salvage.decisions


def test_of_what_is_no_database_nothing_is_kept_and_a_second_one_gets_a_name_of_its_own(path: Path) -> None:
    names = []
    for _ in range(2):
        path.write_bytes(b"no database" * 1000)
        salvage = repair.set_aside_if_damaged(path)
        assert salvage is not None
        assert salvage.decisions == 0
        names.append(salvage.aside.name)
        assert kept(path) == []
    assert names == ["review.sqlite.damaged-1", "review.sqlite.damaged-2"]


def test_an_undo_whose_decision_is_lost_is_lost_too(path: Path) -> None:
    with Store(path) as store:
        for number in (5, DECISIONS):
            store._db.execute(
                "INSERT INTO decision(batch, finding_id, path, action, reviewer, decided_at, reverts)"
                " SELECT 2, finding_id, path, 'undo', 'ana', decided_at, id FROM decision WHERE id = ?",
                (number,),
            )
    log = repair._Log.read(path)
    without = repair._Log([row for row in log.decisions if row["id"] != 5], log.opinions)
    without.write(path.with_name("new.sqlite"))
    numbers = kept(path.with_name("new.sqlite"))
    assert DECISIONS + 1 not in numbers
    assert DECISIONS + 2 in numbers


def test_the_line_about_a_damaged_store_says_what_to_do_and_the_audit_does_it(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "set", each=3)
    (source / "cats" / "bad.jpg").write_bytes(b"")
    curate.audit(source, tmp_path / "ws", engine="local:1")
    curate.decide(tmp_path / "ws", curate.Selection(), Action.DROP, reviewer="ana")
    path = tmp_path / "ws" / "review.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError, match="run the audit again"):
        curate.status(tmp_path / "ws")
    curate.audit(source, tmp_path / "ws", engine="local:1")
    status = curate.status(tmp_path / "ws")
    assert status.progress.images == 1
    assert any("review.sqlite.damaged-1; 0 decisions" in str(note) for note in status.notes)


@pytest.mark.parametrize("name", ["findings.parquet", "images.parquet", "audit.json"])
@pytest.mark.parametrize("damage", [b"damaged" * 9, b""])
def test_a_damaged_table_is_made_again_by_the_audit_that_the_line_asks_for(
    tmp_path: Path, name: str, damage: bytes
) -> None:
    source = sample_images.dataset(tmp_path / "set", each=3)
    (source / "cats" / "bad.jpg").write_bytes(b"")
    before = curate.audit(source, tmp_path / "ws", engine="local:1")
    curate.decide(tmp_path / "ws", curate.Selection(), Action.DROP, reviewer="ana")
    file = tmp_path / "ws" / name
    sound = file.read_bytes()
    file.write_bytes(damage)
    with pytest.raises(DamagedError, match="run the audit again") as caught:
        curate.status(tmp_path / "ws")
    assert "\n" not in str(caught.value)
    after = curate.audit(source, tmp_path / "ws", engine="local:1")
    assert after.findings.equals(before.findings)
    assert curate.status(tmp_path / "ws").progress.images_done == 1, "decisions are not lost"
    if name != "audit.json":
        assert file.read_bytes() == sound


def test_a_table_of_other_columns_is_damaged(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "set", each=3)
    curate.audit(source, tmp_path / "ws", engine="local:1")
    (tmp_path / "ws" / "findings.parquet").write_bytes((tmp_path / "ws" / "images.parquet").read_bytes())
    with pytest.raises(DamagedError, match="columns"):
        curate.status(tmp_path / "ws")


def test_what_sqlite_refuses_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.errors import WorkspaceError
    from curate.reviewing import database

    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with Store(path) as store, pytest.raises(WorkspaceError, match="in use by another program"):
        store.log.decide([Choice("f", "a/1", None, Action.DROP)], reviewer="ana", now=NOW)
    other.execute("ROLLBACK")
    other.close()
    with Store(path) as store:
        store._db.execute("PRAGMA max_page_count = 1")
        many = [Choice("f", f"b/{number:05}", "s" * 64, Action.KEEP) for number in range(DECISIONS)]
        with pytest.raises(WorkspaceError, match="disk is full"):
            store.log.decide(many, reviewer="ana", now=NOW)
    assert len(kept(path)) == DECISIONS


def unprivileged(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as one whom permissions bind, also where the tests are run by root."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everything, and nothing here takes that away")
        capabilities = "-dac_override,-dac_read_search,-fowner"
        prefix = ["setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"]
    line = [*prefix, sys.executable, "-m", "curate", *map(str, command)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
@pytest.mark.parametrize("is_open", [False, True])
def test_a_workspace_that_may_not_be_written_can_be_read(tmp_path: Path, *, is_open: bool) -> None:
    source = sample_images.dataset(tmp_path / "set", each=3)
    (source / "cats" / "bad.jpg").write_bytes(b"")
    workspace = tmp_path / "ws"
    curate.audit(source, workspace, engine="local:1")
    reviewer = Store(workspace / "review.sqlite")  # keeps what is decided beside the file, until it is closed
    curate.decide(workspace, curate.Selection(), Action.DROP, reviewer="ana")
    if not is_open:
        reviewer.close()
    files = [workspace, *workspace.rglob("*")]
    modes = [file.stat().st_mode for file in files]
    for file, mode in zip(files, modes, strict=True):
        file.chmod(mode & ~0o222)
    try:
        done = unprivileged("status", workspace)
        assert (done.returncode, "1 of 1 flagged images decided" in done.stderr) == (0, True), done.stderr
        done = unprivileged("manifest", workspace, "-o", tmp_path / "m.csv")
        assert done.returncode == 0, done.stderr
        refused = unprivileged("decide", workspace, "--action", "keep")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
        assert "no permission" in refused.stderr
        assert "give yourself permission, or decide in a copy of its folder" in refused.stderr
    finally:
        for file, mode in zip(files, modes, strict=True):
            file.chmod(mode)
        reviewer.close()


@pytest.mark.parametrize("lost", [{5}, {5, 6}, {2, 9}, {4, 5, 6, 8}])
def test_all_rows_around_those_that_cannot_be_read_are_kept(lost: set[int]) -> None:
    def value(number: int) -> int:
        if number in lost:
            raise ValueError
        return number

    with closing(sqlite3.connect(":memory:")) as db:
        db.row_factory = sqlite3.Row
        db.create_function("value", 1, value)
        db.execute("CREATE TABLE page(id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO page VALUES (?)", [(number,) for number in range(1, 11)])
        db.execute("CREATE VIEW decision AS SELECT id, value(id) AS value FROM page")
        assert {row["id"] for row in repair._rows(db, "decision")} == set(range(1, 11)) - lost


def test_second_looks_are_kept_too(path: Path) -> None:
    with Store(path) as store:
        store.second_looks.give_opinion([Choice("f", "a/00001", "s" * 64, Action.DROP)], reviewer="rui", now=NOW)
    data = bytearray(path.read_bytes())
    lost = pages_of(path, "ana")[3]
    data[lost : lost + 1024] = b"\xa5" * 1024
    path.write_bytes(bytes(data))
    assert repair.set_aside_if_damaged(path) is not None
    with Store(path) as store:
        ratings = store.second_looks.ratings()
    assert [(one.path, one.action) for one in ratings if one.reviewer == "rui"] == [("a/00001", Action.DROP)]


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_a_store_of_an_earlier_version_is_not_damaged(tmp_path: Path, version: int) -> None:
    path = tmp_path / "review.sqlite"
    with closing(sqlite3.connect(path)) as db:
        for migrate in MIGRATIONS[:version]:
            migrate(db)
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    assert repair.set_aside_if_damaged(path) is None
