"""What tools of continuous integration read, and the recipes that run them: on a failing and on a passing dataset."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import curate
from curate import config, failing, reporting
from curate.config import Config
from curate.scanners import kinds, settings_schema
from curate.schema import Action
from tests import sample_images
from tests.conftest import Audited
from tests.test_cli import run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset `data/photos`, in which one file is empty and one image dark."""
    root = tmp_path_factory.mktemp("bad")
    photos = sample_images.dataset(root / "data" / "photos", each=2)
    (photos / "cats" / "a b%#.png").write_bytes(b"")
    sample_images.save(sample_images.photo(60) // 8, photos / "dogs" / "night.jpg")
    return root


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clean dataset `data/photos`."""
    root = tmp_path_factory.mktemp("good")
    sample_images.dataset(root / "data" / "photos", each=2)
    return root


def test_junit_fails_what_is_named_and_tells_the_rest(audited: Audited, tmp_path: Path) -> None:
    reporting.write_junit(audited.audit, ["empty", "unsuitable", "bright"], tmp_path / "junit.xml")
    (suite,) = ET.parse(tmp_path / "junit.xml").getroot()
    cases = {case.attrib["name"]: case for case in suite}
    assert set(cases) == set(kinds())
    assert (suite.attrib["tests"], suite.attrib["failures"]) == (str(len(kinds())), "2")
    failed = {name: case.find("failure") for name, case in cases.items() if case.find("failure") is not None}
    assert set(failed) == {"empty", "dark"}
    assert failed["empty"] is not None
    assert failed["empty"].attrib == {"type": "empty", "message": "Empty file: 1"}
    assert failed["empty"].text == "cats/empty.png: The file is empty (0 bytes)."
    assert cases["empty"].attrib["classname"] == "curate.corrupted"
    told = cases["truncated"].find("system-out")
    assert told is not None
    assert str(told.text).startswith("cats/cut.jpg: ")
    assert list(cases["bright"]) == []


def sarif(audit: curate.Audit, names: list[str], folder: Path) -> dict[str, Any]:
    reporting.write_sarif(audit, names, folder / "curate.sarif")
    report = json.loads((folder / "curate.sarif").read_text())
    assert report["version"] == "2.1.0"
    (only,) = report["runs"]
    return dict(only)


def test_sarif_has_a_rule_for_every_kind_and_a_result_for_every_finding(audited: Audited, tmp_path: Path) -> None:
    found = sarif(audited.audit, ["corrupted"], tmp_path)
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(kinds())
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["findingId/v1"]
    levels = {result["ruleId"]: result["level"] for result in found["results"]}
    assert (levels["empty"], levels["truncated"], levels["dark"]) == ("error", "error", "warning")
    located = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in found["results"]]
    assert {"uri": "cats/empty.png", "uriBaseId": "SOURCE"} in located
    assert found["originalUriBaseIds"] == {"SOURCE": {"uri": f"{audited.source.as_uri()}/"}}
    flagged = [item for item in failing.left(audited.audit) if item.path]
    assert len(found["results"]) == len(flagged) == 6


def test_sarif_names_images_below_the_working_directory_from_there(
    bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bad)
    audit = curate.audit("data/photos", tmp_path / "ws", engine="serial")
    found = sarif(audit, [], tmp_path)
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in found["results"]}
    assert uris == {"data/photos/cats/a%20b%25%23.png", "data/photos/dogs/night.jpg"}
    assert "originalUriBaseIds" not in found


def test_what_somebody_decided_is_not_left(bad: Path, tmp_path: Path) -> None:
    source, ws = Path(shutil.copytree(bad / "data" / "photos", tmp_path / "photos")), tmp_path / "ws"
    audit = curate.audit(source, ws, engine="serial")
    assert failing.hits(audit, ["dark"])
    curate.decide(ws, curate.Selection(kinds=("dark",)), Action.KEEP, reviewer="ana")
    audit = curate.audit(source, ws, engine="serial")
    assert not failing.hits(audit, ["dark"])
    assert {item.kind for item in failing.left(audit)} == set(audit.findings["kind"]) - {"dark"}
    assert "dark" not in {result["ruleId"] for result in sarif(audit, ["dark"], tmp_path)["results"]}
    sample_images.save(sample_images.photo(77) // 12, source / "dogs" / "night.jpg")
    assert failing.hits(curate.audit(source, ws, engine="serial"), ["dark"]), "another image, that nobody has seen"


def test_a_property_of_the_dataset_fails_too(tmp_path: Path) -> None:
    for index in range(24):
        sample_images.save(sample_images.photo(index) // 12, tmp_path / "src" / "a" / f"{index}.jpg")
    audit = curate.audit(tmp_path / "src", tmp_path / "ws")
    assert failing.hits(audit, ["dark"])
    assert not failing.hits(audit, ["bright"])
    assert not failing.hits(audit, [])
    reporting.write_junit(audit, ["dark"], tmp_path / "junit.xml")
    failure = ET.parse(tmp_path / "junit.xml").getroot().find(".//failure")
    assert failure is not None
    assert "That is a property of this dataset" in str(failure.text)
    assert any(result["ruleId"] == "dark" for result in sarif(audit, [], tmp_path)["results"])


@pytest.mark.parametrize(
    ("option", "message"), [("--junit", "lies inside the source"), ("--sarif", "lies inside the source")]
)
def test_a_report_inside_the_source_or_nowhere_is_refused_before_the_audit(
    good: Path, tmp_path: Path, option: str, message: str
) -> None:
    photos = good / "data" / "photos"
    inside = run("audit", photos, "-w", tmp_path / "ws", option, photos / "report.xml")
    assert (inside.returncode, inside.stderr.count("\n")) == (2, 1)
    assert message in inside.stderr
    nowhere = run("audit", photos, "-w", tmp_path / "ws", option, tmp_path / "none" / "report.xml")
    assert nowhere.returncode == 2
    assert "name a file in a folder that exists" in nowhere.stderr
    assert not (tmp_path / "ws").exists()


@pytest.fixture(scope="module")
def path_with_curate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose `curate` is the one under test."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "curate").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m curate "$@"\n')
    (folder / "curate").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LANG": "C.UTF-8", "LANGUAGE": "en"}


def bash(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("which", "fail_on", "code"), [("bad", "dark\ncorrupted", 1), ("bad", "", 0), ("good", "corrupted", 0)]
)
def test_the_action_audits_reports_and_fails_on_what_it_is_told(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    path_with_curate: dict[str, str],
    which: str,
    fail_on: str,
    code: int,
) -> None:
    given = {
        "CURATE_SOURCE": "data/photos",
        "CURATE_WORKSPACE": str(tmp_path / "ws"),
        "CURATE_FAIL_ON": fail_on,
        "CURATE_OPTIONS": "--exclude\n*.never mind",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    done = bash(f"{ROOT / 'action.sh'} audit", request.getfixturevalue(which), path_with_curate | given)
    assert done.returncode == code, done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    suite = ET.parse(outputs["junit"]).getroot()
    assert suite.attrib["failures"] == ("2" if code else "0")
    assert json.loads(Path(outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert "Table 1" in (tmp_path / "summary").read_text()
    assert config.read(tmp_path / "ws" / "curate.toml").exclude == ["*.never mind"]


def test_the_action_tells_a_mistake_from_a_finding(
    good: Path, tmp_path: Path, path_with_curate: dict[str, str]
) -> None:
    given = {"CURATE_SOURCE": "nowhere; touch pwned", "RUNNER_TEMP": str(tmp_path)}
    given["GITHUB_OUTPUT"] = str(tmp_path / "output")
    done = bash(f"{ROOT / 'action.sh'} audit", good, path_with_curate | given)
    assert done.returncode == 2
    assert "nowhere; touch pwned does not exist" in done.stderr
    assert not (tmp_path / "output").exists()
    assert not (good / "pwned").exists()
    assert bash(f"{ROOT / 'action.sh'} adit", good, path_with_curate).returncode == 2


def test_the_action_hands_its_inputs_on_by_the_environment_alone() -> None:
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    script = (ROOT / "action.sh").read_text()
    steps = [step for step in action["runs"]["steps"] if "run" in step]
    assert [step["run"].split()[-1] for step in steps] == ["install", "audit"]
    used = set()
    for step in steps:
        assert "${{" not in step["run"]
        for name, value in step["env"].items():
            assert f"${{{name}" in script or f"${name}" in script
            used.add(re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)[1])  # type: ignore[index]
    assert used == set(action["inputs"]) - {"python-version", "upload", "upload-sarif"}


@pytest.mark.parametrize(("which", "code"), [("bad", 1), ("good", 0)])
def test_the_hook_of_pre_commit_runs_with_the_arguments_of_the_manual(
    request: pytest.FixtureRequest, path_with_curate: dict[str, str], which: str, code: int
) -> None:
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (used,) = yaml.safe_load(block("pre-commit", "yaml"))["repos"][0]["hooks"]
    assert (hook["id"], hook["pass_filenames"], hook["language"]) == (used["id"], False, "python")
    command = " ".join([hook["entry"], *used["args"]])
    folder = request.getfixturevalue(which)
    assert bash(f"cd {folder} && {command}", folder, path_with_curate).returncode == code


def block(heading: str, language: str) -> str:
    """The code under a heading of the manual."""
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(code)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["DVC", "Snakemake"])
def test_the_recipes_run_from_images_to_the_cleaned_dataset(
    tmp_path: Path, path_with_curate: dict[str, str], tool: str
) -> None:
    sample_images.dataset(tmp_path / "data" / "photos", each=2)
    if tool == "DVC":
        yaml = pytest.importorskip("yaml")
        commands = [stage["cmd"] for stage in yaml.safe_load(block(tool, "yaml"))["stages"].values()]
    else:
        rule = r'input: "(.*?)"\n +output: (?:touch\()?"(.*?)"\)?\n(?: +params: .*\n)? +shell: "(.*?)"'
        commands = [
            shell.format(input=source, output=target)
            for source, target, shell in re.findall(rule, block(tool, "python"))
        ]
    assert len(commands) == 3
    for command in commands:
        done = bash(command, tmp_path, path_with_curate)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "cleaned" / "sha256sums.txt").is_file()


def test_the_schema_of_the_settings_lies_beside_them_and_knows_them_all(audited: Audited) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    written = audited.workspace.config.read_text()
    assert written.startswith("#:schema ./curate.schema.json\n")
    schema = json.loads((audited.workspace.root / "curate.schema.json").read_text())
    assert schema == settings_schema()
    assert schema == json.loads(run("schema").stdout)
    checker = jsonschema.Draft202012Validator(schema)
    checker.check_schema(schema)
    settings = config.read(audited.workspace.config).model_dump(mode="json")
    checker.validate(settings)
    for wrong in (
        {"profil": "faces"},
        {"profile": "face"},
        {"decode": {"max_pixel": 1}},
        {"decode": {"max_pixels": 0}},
        {"scan": {"qualty": {}}},
        {"scan": {"quality": {"blury": 0.4}}},
    ):
        assert not checker.is_valid(wrong), wrong
    assert checker.is_valid(Config().model_dump(mode="json"))
