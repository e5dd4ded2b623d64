"""The command line: data on stdout, one line for a mistake, exit codes that scripts can trust."""

import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import curate
from curate.cli import app
from tests import sample_images
from tests.conftest import Audited

COMMANDS = (
    "audit",
    "benchmark",
    "build",
    "compare",
    "decide",
    "demo",
    "diff",
    "export",
    "fetch",
    "find-copies",
    "judge",
    "manifest",
    "report",
    "review",
    "scanners",
    "schema",
    "status",
    "train",
    "verify",
    "version",
)


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from curate.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def test_every_command_is_in_the_help_and_in_the_readme() -> None:
    shown = run("--help").stdout
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", shown), name
        assert f"curate {name}" in readme, name
    assert {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    } <= set(COMMANDS)


def imported_by(typed: list[str], *modules: str) -> list[str]:
    """Which of these modules a command has imported when it ends."""
    code = (
        "import sys\nfrom curate.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(*sorted(set(sys.modules) & {set(modules)}))"
    )
    done = subprocess.run([sys.executable, "-c", code, *typed], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("typed", ["--help", "audit --help", "benchmark --help", "audits", "version", "--version"])
def test_help_and_a_mistyped_command_wait_for_no_tables_and_no_networks(typed: str) -> None:
    assert imported_by(typed.split(), "numpy", "pandas", "pyarrow", "cv2", "PIL", "torch", "streamlit", "rich") == []


def test_status_imports_nothing_that_looks_at_images(audited: Audited) -> None:
    images = ("cv2", "PIL", "simplejpeg", "curate.scanners", "curate.sources", "curate.measuring")
    assert imported_by(["status", str(audited.workspace.root)], "pandas", *images) == ["pandas"]


def test_only_a_command_tunes_its_process_and_at_its_end_nothing_is_searched_for_garbage() -> None:
    code = (
        "import gc, os, sys\nfrom curate.cli import main\n"
        "def state():\n"
        "    return gc.get_freeze_count() > 5000, gc.get_threshold()[0], 'OPENBLAS_THREAD_TIMEOUT' in os.environ\n"
        "print(*state())\ntry:\n    main()\nexcept SystemExit:\n    print(*state())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "version"], capture_output=True, text=True, check=True, env=_untuned()
    )
    before, _, after = done.stdout.splitlines()
    assert before == f"False {gc.get_threshold()[0]} False"
    assert after == "True 50000 True"


def _untuned() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "OPENBLAS_THREAD_TIMEOUT"}


@pytest.mark.parametrize(
    ("program", "who_looks"),
    [
        pytest.param("from curate.cli import main; main()", 0, id="a command and its workers look for none"),
        pytest.param("import curate, sys; curate.audit(sys.argv[2], sys.argv[4])", 1, id="a program of others may"),
    ],
)
def test_plugins_of_pydantic_are_not_loaded_for_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, who_looks: int
) -> None:
    monkeypatch.delenv("PYDANTIC_DISABLE_PLUGINS", raising=False)
    source = sample_images.dataset(tmp_path / "src", each=2)
    about = tmp_path / "installed" / "nosy-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pydantic]\nnosy = nosy:plugin\n")
    mark = "import os, pathlib\npathlib.Path(__file__).with_name(f'{os.getpid()}.mark').touch()\n"
    (about.parent / "nosy.py").write_text(f"{mark}class plugin:\n    new_schema_validator = lambda *_: (None,) * 3\n")
    paths = os.pathsep.join([str(about.parent), *sys.path])
    arguments = ["audit", str(source), "-w", str(tmp_path / "ws")]
    subprocess.run([sys.executable, "-c", program, *arguments], env={**os.environ, "PYTHONPATH": paths}, check=True)
    assert len(list(about.parent.glob("*.mark"))) == who_looks


def test_each_data_command_has_a_function_of_its_name() -> None:
    names = (
        "audit",
        "judge",
        "status",
        "diff",
        "decide",
        "manifest",
        "export",
        "verify",
        "build",
        "fetch",
        "report",
        "review",
    )
    for name in names:
        assert callable(getattr(curate, name))
        assert name in curate.__all__


def test_an_audit_prints_table_1_and_json_on_request(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    (source / "cats" / "bad.jpg").write_bytes(b"")
    result = run("audit", source, "-w", tmp_path / "ws", "--json")
    assert result.returncode == 0, result.stderr
    table = json.loads(result.stdout)["class_summary"]
    assert {row["label"]: row["corrupted_flagged"] for row in table} == {"cats": 1, "dogs": 0, "Total": 1}
    assert "Table 1" in run("status", tmp_path / "ws").stdout


def test_an_audit_names_what_it_flags_by_kind_and_the_ten_worst(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    for number in range(10):
        (source / "cats" / f"bad{number}.jpg").write_bytes(b"")
    sample_images.save(sample_images.photo(60) // 8, source / "dogs" / "night.jpg")
    done = run("audit", source, "-w", tmp_path / "ws", "--lang", "en")
    kinds, _, worst = done.stdout.partition("Flagged images by kind")[2].partition("The worst images")
    assert re.search(r"Empty file +│ +10 ", kinds)
    assert re.search(r"Dark +│ +1 ", kinds)
    assert re.findall(r"\S+\.jpg", worst) == [f"cats/bad{number}.jpg" for number in range(10)]
    found = json.loads(run("audit", source, "-w", tmp_path / "ws", "--json").stdout)
    assert found["kinds"][0] == {"category": "corrupted", "kind": "empty", "images": 10}
    assert (len(found["worst"]), found["worst"][0]["reason"]) == (10, "The file is empty (0 bytes).")


def test_an_audit_that_flags_nothing_names_nothing(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    assert "worst" not in run("audit", source, "-w", tmp_path / "ws", "--lang", "en").stdout
    found = json.loads(run("audit", source, "-w", tmp_path / "ws", "--json").stdout)
    assert (found["kinds"], found["worst"]) == ([], [])


def test_a_difference_is_lines_tables_and_json(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    run("audit", source, "-w", tmp_path / "ws")
    (source / "cats" / "000.jpg").rename(source / "dogs" / "here.jpg")
    done = run("diff", tmp_path / "ws", source, "--lang", "en")
    assert done.stdout.startswith("moved\tdogs/here.jpg\tpath: cats/000.jpg -> dogs/here.jpg\tlabel: cats -> dogs\n")
    assert re.search(r"│ cats +│ +2 +│ +1 │", done.stdout)
    assert "0 added, 0 gone, 0 changed, 1 moved, 3 the same, 0 unreadable; 1 of another class" in done.stderr
    assert json.loads(run("diff", tmp_path / "ws", source, "--json").stdout)["counts"]["moved"] == 1


def test_an_interruption_is_one_line_and_exit_130() -> None:
    code = (
        "import sys\nfrom curate import cli\n"
        "@cli.app.command()\ndef wait() -> None:\n    raise KeyboardInterrupt\n"
        "sys.argv = ['curate', 'wait']\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "curate: interrupted; run the same command again to go on from here"


def test_no_command_at_all_is_the_help() -> None:
    done = run()
    assert done.returncode == 2
    assert "Usage: curate [OPTIONS] COMMAND" in done.stdout + done.stderr


def test_the_version_is_an_option_too() -> None:
    assert run("--version").stdout == run("version").stdout == f"{curate.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "found"), [("dif", {"diff"}), ("train su", {"summary"}), ("audit --fail", {"--fail-on"})]
)
def test_the_shell_completes_commands_of_every_package(typed: str, found: set[str]) -> None:
    words = ["curate", *typed.split()]
    asked = {"_CURATE_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "curate"], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == found
    assert "_CURATE_COMPLETE=complete_bash" in run("--show-completion", "bash").stdout


@pytest.mark.parametrize(("kind", "code"), [("empty", 1), ("corrupted", 1), ("blurry", 0)])
def test_fail_on_gives_exit_1_for_what_is_found(tmp_path: Path, kind: str, code: int) -> None:
    source = sample_images.dataset(tmp_path / "src", each=1)
    (source / "cats" / "bad.jpg").write_bytes(b"")
    assert run("audit", source, "-w", tmp_path / "ws", "--fail-on", kind).returncode == code


def test_the_whole_way_on_the_command_line(audited: Audited, tmp_path: Path) -> None:
    ws = audited.workspace.root
    refused = run("manifest", ws, "-o", tmp_path / "m.csv")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert run("decide", ws, "--action", "suggested", "--reviewer", "ana").returncode == 0
    assert run("manifest", ws, "-o", tmp_path / "m.csv").returncode == 0
    assert run("export", tmp_path / "m.csv", tmp_path / "clean", "--mode", "hardlink").returncode == 0
    assert run("verify", tmp_path / "clean").returncode == 0
    (tmp_path / "clean" / "cats" / "000.jpg").unlink()
    broken = run("verify", tmp_path / "clean")
    assert (broken.returncode, broken.stdout) == (1, "missing\tcats/000.jpg\n")


def test_the_layer_table_is_the_one_of_the_study() -> None:
    pytest.importorskip("torch")
    shown = run("train", "summary").stdout
    for name, parameters in {
        "features.0.0": "864",
        "features.1.0": "1,448",
        "features.4.0": "37,130",
        "features.6.0": "262,492",
        "features.8.0": "409,600",
        "classifier.1": "3,843",
    }.items():
        assert re.search(rf"{re.escape(name)}\W+{parameters}\b", shown), name
    assert "82 convolution and linear layers" in shown


def test_fail_on_sees_what_is_so_frequent_that_it_is_a_property_of_the_dataset(tmp_path: Path) -> None:
    for index in range(24):
        sample_images.save(sample_images.photo(index) // 12, tmp_path / "src" / "a" / f"{index}.jpg")
    done = run("audit", tmp_path / "src", "-w", tmp_path / "ws", "--fail-on", "dark")
    assert "That is a property of this dataset" in done.stderr
    assert done.returncode == 1
    assert run("audit", tmp_path / "src", "-w", tmp_path / "ws", "--fail-on", "bright").returncode == 0


def test_what_is_excluded_and_noted_is_told_and_remembered(tmp_path: Path) -> None:
    for name in ("Sad/1.jpg", "sad/2.jpg", "old/3.jpg"):
        sample_images.save(sample_images.photo(len(name)), tmp_path / "src" / name)
    for options in (["--exclude", "old", "--exclude", "*.png"], []):
        done = run("audit", tmp_path / "src", "-w", tmp_path / "ws", *options)
        assert "skipped 1 file: excluded by old" in done.stderr
        assert "note: The classes 'Sad' and 'sad' look like spellings of one class" in done.stderr
    assert "note: The classes" in run("status", tmp_path / "ws").stderr


def test_embeddings_are_asked_for_and_left_out_and_taken_from_a_file(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    written = tmp_path / "ws" / "embeddings.parquet"
    settings = tmp_path / "ws" / "curate.toml"
    assert run("audit", source, "-w", tmp_path / "ws", "--embeddings").returncode == 0
    assert written.is_file()
    assert run("audit", source, "-w", tmp_path / "ws").returncode == 0
    assert "embeddings = true" in settings.read_text()
    assert run("audit", source, "-w", tmp_path / "ws", "--no-embeddings").returncode == 0
    assert not written.exists()
    np.save(tmp_path / "own.npy", np.ones((4, 3)))
    relative = run("audit", source, "-w", tmp_path / "ws", "--embeddings-from", "own.npy", cwd=tmp_path)
    assert relative.returncode == 0, relative.stderr
    assert f'embeddings = "{tmp_path / "own.npy"}"' in settings.read_text()
    both = run("audit", source, "-w", tmp_path / "ws", "--embeddings-from", tmp_path / "own.npy", "--no-embeddings")
    assert (both.returncode, both.stderr.count("\n")) == (2, 1)


def test_a_name_that_is_no_text_is_printed_all_the_same(tmp_path: Path) -> None:
    done = run("audit", tmp_path / "caf\udce9", "-w", tmp_path / "ws")
    assert (done.returncode, done.stdout) == (2, "")
    assert r"caf\xe9: the name of the source is not valid UTF-8; rename it" in done.stderr


def test_decisions_about_new_classes_and_moved_sources_are_options(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    assert run("audit", source, "-w", tmp_path / "ws").returncode == 0
    relabel = ["decide", tmp_path / "ws", "--path", "cats/000.jpg", "--action", "relabel", "--to", "owls"]
    assert "--new-class" in run(*relabel).stderr
    assert run(*relabel, "--new-class").returncode == 0
    run("manifest", tmp_path / "ws", "-o", tmp_path / "m.csv")
    source.rename(tmp_path / "now")
    done = run("export", tmp_path / "m.csv", tmp_path / "out", "--source", tmp_path / "now")
    assert "note: a class that the dataset did not have, 'owls': 1 of the images" in done.stderr
    assert (tmp_path / "out" / "owls" / "000.jpg").is_file()
    (tmp_path / "r.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    done = run(
        "build", tmp_path / "r.toml", tmp_path / "set", "--manifest", tmp_path / "m.csv", "--source", tmp_path / "now"
    )
    assert "class 'cats' has 1 distinct image" in done.stderr
