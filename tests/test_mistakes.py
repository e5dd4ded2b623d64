"""The mistakes that people make: each is one line that says what to do, exit code 2, and nothing written."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import curate
from tests import sample_images

MISTAKES = {
    "audti pets -w new": r"No such command 'audti'\. Did you mean 'audit'\? See: curate --help",
    "audit pets": r"Missing option '-w' / '--workspace'\. See: curate audit --help",
    "audit pets -w new --profil faces": r"No such option: --profil .*--profile.* See: curate audit --help",
    "audit pets -w new --profile face": r"Invalid value for '--profile': 'face' is not one of 'general', 'faces'\. .*",
    "audit nowhere -w new": r"nowhere does not exist; give .*a folder of images.*",
    "audit notes.txt -w new": r"notes\.txt is no source of images that curate knows; give .*a folder of images.*",
    "audit pets -w pets/new": r"the workspace .*/pets/new lies inside the source .*/pets; put it elsewhere with -w",
    "audit pets -w taken": r".*/taken is neither empty nor a curate workspace; give -w another folder",
    "audit pets -w new --config typo.toml": r"typo\.toml: decode\.max_pixel is not a setting; did you mean "
    r"'max_pixels'\? Remove it or mend the spelling",
    "audit pets -w new --config scanner.toml": r"curate\.toml: scan\.qualty is not a scanner; did you mean "
    r"'quality'\? There are .*",
    "audit pets -w new --config threshold.toml": r"curate\.toml: \[scan\.quality\] blury is not a setting; did you "
    r"mean 'blurry'\? Remove it or mend the spelling",
    "audit pets -w new --fail-on blury": r"'blury' is neither a kind nor a category; did you mean 'blurry'\? "
    r"What they mean: curate scanners",
    "audit pets -w new --fail-on xyzzy": r"'xyzzy' is neither a kind nor a category; there are .*blurry.*",
    "audit pets -w new --engine loca:2": r"'loca:2' is no engine; give serial, local:N .*",
    "audit pets -w new --lang klingon": r"'klingon' is not a language that curate knows; there are en, pt-BR",
    "status nowhere": r"nowhere is not a curate workspace; make one with: curate audit SOURCE -w nowhere",
    "status pets": r"pets is not a curate workspace; make one with: curate audit SOURCE -w WS",
    "review nowhere": r"nowhere is not a curate workspace; make one with: .*",
    "review ws --port {busy}": r"nothing can listen on 127\.0\.0\.1 port {busy} \(.*\); give another with --port",
    "manifest ws": r"undecided: 1 flagged image; finish with: curate review ws - or say what they count as with "
    r"--pending keep or --pending drop",
    "decide ws --from-csv nowhere.csv": r"nowhere\.csv does not exist; give a CSV with columns path and action",
    "decide ws --from-csv pets": r"pets is a folder; give a CSV with columns path and action",
    "decide ws --from-csv pets/cats/000.jpg": r"pets/cats/000\.jpg cannot be read as CSV \(.*\); give a CSV with "
    r"columns path and action",
    "decide ws --from-csv notes.txt": r"notes\.txt has no column 'path'; it needs path and action",
    "decide ws --from-label-studio nowhere.json": r"nowhere\.json does not exist; give the answers that Label Studio "
    r"exports as JSON",
    "decide ws --from-label-studio pets": r"pets is a folder; give the answers that Label Studio exports as JSON",
    "decide ws --from-label-studio notes.txt": r"notes\.txt cannot be read as JSON \(.*\); export the answers from "
    r"Label Studio as JSON",
    "manifest ws -o m.xlsx": r"m\.xlsx: the name of a manifest ends in \.parquet, \.csv, \.jsonl",
    "export nowhere.csv new": r"nowhere\.csv does not exist; write one with: .*",
    "export pets new": r"pets is a folder; name a manifest in it, or write one with: curate manifest WORKSPACE",
    "export kept.csv list --as list": r"list: the name of a list ends in \.csv, \.tsv, \.jsonl, \.parquet",
    "export kept.csv taken": r"taken is not empty; give a folder that does not exist yet",
    "audit pets -w s3://bucket/ws": r"s3://bucket/ws is a URL, and a workspace is written to this machine "
    r"only; give a path",
    "manifest ws -o s3://bucket/m.csv --pending keep": r"s3://bucket/m\.csv is a URL, and a manifest is written to .*",
    "report ws -o s3://bucket/r.html": r"s3://bucket/r\.html is a URL, and a report is written to .*",
    "build recipe.toml s3://bucket/set --manifest kept.csv": r"s3://bucket/set is a URL, and a training set is .*",
    "fetch kaggle:me/faces s3://bucket/set": r"s3://bucket/set is a URL, and a dataset is written to .*",
    "verify nowhere": r"nowhere has no sha256sums\.txt.*",
}
"""What is typed, and the whole line that answers it, behind `curate: `."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with one flagged image, its workspace, files with mistakes in them, and a folder in the way."""
    root = tmp_path_factory.mktemp("mistakes")
    sample_images.dataset(root / "pets", each=2)
    (root / "pets" / "cats" / "empty.png").write_bytes(b"")
    curate.audit(root / "pets", root / "ws", engine="serial")
    curate.manifest(root / "ws", root / "kept.csv", pending="keep")
    (root / "notes.txt").write_text("hello\n")
    (root / "recipe.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    (root / "typo.toml").write_text("[decode]\nmax_pixel = 3\n")
    (root / "scanner.toml").write_text("[scan.qualty]\nblurry = 0.4\n")
    (root / "threshold.toml").write_text("[scan.quality]\nblury = 0.4\n")
    (root / "taken").mkdir()
    (root / "taken" / "mine.txt").write_text("mine")
    return root


def listed(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_do_and_exit_2(folder: Path, typed: str) -> None:
    before = listed(folder)
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "curate", *typed.replace("{busy}", busy).split()],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    expected = "curate: " + MISTAKES[typed].replace("{busy}", busy)
    assert re.fullmatch(expected, line), line
    assert listed(folder) - before <= {"ws/audit.lock"}


def test_every_mistake_of_the_manual_is_tried_here() -> None:
    page = (Path(__file__).parents[1] / "docs" / "TERMINAL.md").read_text(encoding="utf-8")
    table = page.partition("## Mistakes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `curate ([^`]+)` \|", table, re.MULTILINE)
    assert len(rows) >= 10
    assert set(rows) <= {typed.replace("{busy}", "8501") for typed in MISTAKES}
