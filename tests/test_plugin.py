"""A scanner that somebody else ships works everywhere, with no edit to curate: its kind is as good as ours.

`tests/plugin` is a package as pip would install it (`glare`, with entry points and a catalogue). Each step runs in a
process that has it on its path, since what is installed is looked up once a process.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curate.schema import FINDINGS, IMAGES
from curate.storage.workspace import read_table
from tests import sample_images

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "tests" / "plugin"
APP = ROOT / "ui" / "app.py"


def run(*arguments: object, plugin: Path = PLUGIN, program: tuple[str, ...] = ("-m", "curate")) -> str:
    """Run curate (or a program) with the plug-in installed; stdout and stderr together."""
    done = subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{plugin}{os.pathsep}{ROOT}", "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return f"exit {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of twelve images, of which one is burnt out."""
    root = tmp_path_factory.mktemp("plugin")
    source = sample_images.dataset(root / "set", each=6)
    burnt = sample_images.photo(77)
    burnt[: burnt.shape[0] // 2] = 255
    sample_images.save(burnt, source / "cats" / "sun.png")
    run("audit", source, "-w", root / "ws")
    return root / "ws"


def test_its_finding_is_in_table_queue_and_table_1(workspace: Path) -> None:
    findings = read_table(workspace / "findings.parquet", FINDINGS).set_index("kind")
    assert findings.loc["glare", "path"] == "cats/sun.png"
    assert findings.loc["glare", "reason"] == "50% of it is burnt out (threshold 20%)."
    state = json.loads(run("status", workspace, "--json").partition("\n")[2])
    assert {row["label"]: row["unsuitable_flagged"] for row in state["class_summary"]}["cats"] >= 1
    assert state["queue"]["images"] >= 1


def test_fail_on_and_decide_know_its_kind(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace, tmp_path / "ws")
    source = json.loads((workspace / "audit.json").read_text())["source"]
    assert run("audit", source, "-w", tmp_path / "ws", "--fail-on", "glare").startswith("exit 1")
    decided = run("decide", tmp_path / "ws", "--kind", "glare", "--action", "drop", "--reviewer", "ana")
    assert "recorded 1 decision" in decided


def test_it_is_listed_with_its_kinds_and_settings() -> None:
    listed = run("scanners")
    assert "Glare: A light burns out a part of the image." in listed
    assert "[scan.glare] min_share = 0.2" in listed
    assert "Ofuscamento: Uma luz estoura uma parte da imagem." in run("scanners", "--lang", "pt-BR")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Glare", "A light burns out a part of the image.", "50% of it is burnt out (threshold 20%)."]),
        ("pt-BR", ["Ofuscamento", "Uma luz estoura uma parte da imagem.", "50% dela está estourado (limiar 20%)."]),
    ],
)
def test_the_report_says_it_in_either_language(
    workspace: Path, tmp_path: Path, language: str, words: list[str]
) -> None:
    run("report", workspace, "-o", tmp_path / "report.html", "--lang", language)
    page = (tmp_path / "report.html").read_text()
    for text in words:
        assert text in page


PAGES = """
import json
import sys
from streamlit.testing.v1 import AppTest
sys.argv = ["app.py", sys.argv[1], "--reviewer", "ana", "--lang", "pt-BR"]
app = AppTest.from_file(APP, default_timeout=60).run()
assert not app.exception, app.exception
shown = []
for name in ("queue_page", "threshold_page"):
    script = f"from curate.ui import session, {name}\\nsession.prepare()\\n{name}.draw()"
    page = AppTest.from_string(script, default_timeout=60)
    page.session_state.filter_kind = ["glare"]
    page.run()
    assert not page.exception, page.exception
    shown += [str(element.value) for element in (*page.markdown, *page.caption, *page.subheader)]
    shown += [slider.label for slider in page.slider] + [box.label for box in page.number_input]
    shown += [option for box in page.selectbox for option in box.options]
    shown += [json.dumps(json.loads(one.proto.json), ensure_ascii=False) for one in page.get("bidi_component")]
print(shown)
"""


def test_the_reviewer_shows_it_and_its_threshold(workspace: Path) -> None:
    shown = run(workspace, program=("-c", f"APP = {str(APP)!r}\n{PAGES}"))
    assert "Ofuscamento" in shown
    assert "50% dela está estourado" in shown
    assert "fração de pixels estourados" in shown


def test_a_form_of_source_is_found_like_a_scanner(tmp_path: Path) -> None:
    for number, label in enumerate(["day", "night", "day"]):
        sample_images.save(sample_images.photo(number), tmp_path / "set" / f"{number}.jpg")
        with (tmp_path / "set" / "list.pairs").open("a") as file:
            file.write(f"{label}\t{number}.jpg\n")
    run("audit", tmp_path / "set" / "list.pairs", "-w", tmp_path / "ws")
    images = read_table(tmp_path / "ws" / "images.parquet", IMAGES)
    assert list(zip(images["path"], images["label"], strict=True)) == [
        ("0.jpg", "day"), ("1.jpg", "night"), ("2.jpg", "day"),
    ]  # fmt: skip
    run("manifest", tmp_path / "ws", "-o", tmp_path / "m.csv", "--pending", "keep")
    assert "3 images" in run("export", tmp_path / "m.csv", tmp_path / "clean")


def test_without_it_the_workspace_still_opens(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace, tmp_path / "ws")
    (tmp_path / "nothing").mkdir()
    assert "Table 1" in run("status", tmp_path / "ws", plugin=tmp_path / "nothing")
    run("report", tmp_path / "ws", "-o", tmp_path / "report.html", plugin=tmp_path / "nothing")
    assert "50% of it is burnt out (threshold 20%)." in (tmp_path / "report.html").read_text()
