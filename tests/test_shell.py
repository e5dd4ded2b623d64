"""What messages advise runs as it stands: names with blanks and quotes in them are quoted for the shell."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import curate
from curate import shell
from curate.errors import CurateError
from curate.reports import contents
from curate.storage.workspace import Workspace
from curate.ui import dataset as image_table
from tests import sample_images

WS, PHOTOS = "Ana's ws", "Ana's photos"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset with one flagged image and its workspace, both of names that a shell does not take as they are."""
    sample_images.dataset(tmp_path / PHOTOS, each=2)
    (tmp_path / PHOTOS / "cats" / "empty.png").write_bytes(b"")
    curate.audit(tmp_path / PHOTOS, tmp_path / WS, engine="serial")
    return tmp_path


def said(folder: Path, *words: str) -> str:
    """Everything that a command says to a person."""
    done = subprocess.run(
        [sys.executable, "-m", "curate", *words], capture_output=True, text=True, check=False, cwd=folder
    )
    return done.stderr


def advised(message: str, start: str = "curate ") -> list[str]:
    """The words of the last command that a message advises, as a shell parts them, and what is said behind it."""
    return shlex.split(message[message.rindex(start) :])


def refused(message: pytest.ExceptionInfo[CurateError], start: str = "curate ") -> list[str]:
    return advised(str(message.value), start)


def test_what_commands_advise_can_be_pasted(folder: Path) -> None:
    """What is printed at an audit, a decision, a manifest and an export leads on, whatever the folders are called."""
    assert advised(said(folder, "audit", PHOTOS, "-w", WS)) == ["curate", "review", WS]
    assert advised(said(folder, "decide", WS, "--kind", "dark", "--action", "drop")) == ["curate", "status", WS]
    assert advised(said(folder, "manifest", WS))[:4] == ["curate", "review", WS, "-"]
    again = advised(said(folder, "status", "Ben's ws"))
    assert again == ["curate", "audit", "SOURCE", "-w", "Ben's ws"]
    missing = advised(said(folder, "export", "Ana's kept.csv", "new"))
    assert missing == ["curate", "manifest", "WORKSPACE", "-o", "Ana's kept.csv"]
    curate.manifest(folder / WS, folder / "Ana's kept.csv", pending="keep")
    assert advised(said(folder, "export", "Ana's kept.csv", "Ana's set")) == ["curate", "verify", "Ana's set"]


def test_what_is_advised_for_a_changed_setting_can_be_pasted(folder: Path) -> None:
    workspace, photos = folder / WS, folder / PHOTOS
    (workspace / "curate.toml").write_text("[decode]\nmax_pixels = 1000\n")
    with pytest.raises(CurateError) as pixels:
        curate.judge(workspace)
    assert refused(pixels) == ["curate", "audit", str(photos), "-w", str(workspace)]
    (workspace / "curate.toml").write_text('embeddings = "own.npy"\n')
    with pytest.raises(CurateError) as embeddings:
        curate.judge(workspace)
    assert refused(embeddings) == ["curate", "audit", str(photos), "-w", str(workspace)]


def test_an_undecided_manifest_is_written_again_by_the_command_that_names_its_workspace(folder: Path) -> None:
    kept = folder / "Ana's kept.csv"
    table = curate.manifest(folder / WS, kept, pending="keep")
    table.assign(action="pending").to_csv(kept, index=False)
    with pytest.raises(CurateError) as undecided:
        curate.export(kept, folder / "new")
    words = ["curate", "manifest", str(folder / WS), "-o", str(kept), "--pending", "keep"]
    assert refused(undecided)[: len(words)] == words
    shutil.rmtree(folder / WS)
    with pytest.raises(CurateError) as elsewhere:
        curate.export(kept, folder / "new")
    assert refused(elsewhere)[2] == "WORKSPACE"


def test_options_that_messages_advise_can_be_pasted(folder: Path) -> None:
    table = curate.manifest(folder / WS, folder / "kept.csv", pending="keep")
    shutil.rmtree(folder / WS)
    table.assign(source="s3://bucket/Ana's photos").to_csv(folder / "kept.csv", index=False)
    with pytest.raises(CurateError) as remote:
        curate.export(folder / "kept.csv", folder / "new")
    assert refused(remote, "--source ") == ["--source", "s3://bucket/Ana's photos"]


def test_what_a_source_advises_can_be_pasted(folder: Path) -> None:
    table = curate.manifest(folder / WS, folder / "Ana's kept.csv", pending="drop")
    assert "drop" in set(table["action"])
    with pytest.raises(CurateError) as listed:
        curate.audit(folder / "Ana's kept.csv", folder / "other", engine="serial")
    assert refused(listed) == ["curate", "export", str(folder / "Ana's kept.csv"), "kept.csv"]
    notes = {
        "images": [{"id": 1, "file_name": "gone.jpg"}],
        "categories": [{"id": 1, "name": "cats"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1}],
    }
    (folder / PHOTOS / "Ana's notes.json").write_text(json.dumps(notes))
    with pytest.raises(CurateError) as lost:
        curate.audit(folder / PHOTOS, folder / "other", engine="serial")
    assert refused(lost, "--exclude ") == ["--exclude", "Ana's notes.json"]


def test_the_report_and_the_reviewer_advise_what_can_be_pasted(folder: Path) -> None:
    commands = contents.read(Workspace(folder / WS)).commands("Ana's report.html", "en", ["Ana's run"])
    assert [shlex.split(line)[:3] for line in commands[1:]] == [
        ["curate", "review", WS], ["curate", "manifest", WS], ["curate", "report", WS]
    ]  # fmt: skip
    assert shlex.split(commands[3])[-1] == "Ana's run"
    workspace = Workspace(folder / WS)
    workspace.images.unlink()
    for read in (workspace.read_images, lambda: image_table.count(workspace)):
        with pytest.raises(CurateError) as missing:
            read()
        assert refused(missing) == ["curate", "audit", "SOURCE", "-w", str(folder / WS)]


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        pytest.param(r"C:\photos\ws-1", r"C:\photos\ws-1", id="a plain path as it is"),
        pytest.param("Ana's ws", '"Ana\'s ws"', id="a blank"),
        pytest.param("Ana's", '"Ana\'s"', id="an apostrophe"),
        pytest.param("C:\\my photos\\", r'"C:\my photos\\"', id="a backslash before the closing quote"),
        pytest.param("cats&dogs", '"cats&dogs"', id="what parts two commands"),
        pytest.param("", '""', id="nothing"),
    ],
)
def test_on_windows_words_are_quoted_as_cmd_takes_them(word: str, quoted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "ON_WINDOWS", True)
    assert shell.typed("curate", word) == f"curate {quoted}"


def test_extras_are_advised_between_quotes_that_cmd_takes_too() -> None:
    root = Path(curate.__file__).parents[1]
    rooms = ("curate", "ui", "train", "reports", "docs")
    read = [file for room in rooms for end in ("py", "po", "md") for file in (root / room).rglob(f"*.{end}")]
    extras = [line for file in [*read, root / "README.md"] for line in file.read_text("utf-8").splitlines()]
    advised = [line for line in extras if re.search(r"imagecurate\[|pip install \S?\.\[", line)]
    assert advised
    assert [line for line in advised if re.search(r"'(imagecurate|\.)\[", line)] == []
