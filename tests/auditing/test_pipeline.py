"""The way of the data: what is measured again and what is not, and what bad input leaves behind."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate import config
from curate.config import Config, EngineSettings
from curate.errors import ConfigError, CurateError, SourceError, WorkspaceError
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.conftest import SHARED, Audited

ONE = Config(engine=EngineSettings(workers=1))


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Content and time of every file."""
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_file_has_a_row_and_every_defect_a_reason(audited: Audited) -> None:
    images, findings = audited.audit.images, audited.audit.findings
    assert len(images) == 17
    assert images["path"].is_monotonic_increasing
    kinds = findings.groupby("path")["kind"].agg(sorted).to_dict()
    assert kinds["cats/cut.jpg"] == ["truncated"]
    assert kinds["cats/empty.png"] == ["empty"]
    assert kinds["dogs/again.jpg"] == ["same_bytes"]
    assert kinds["dogs/small.jpg"] == ["label_conflict", "resized"]
    assert kinds["dogs/night.jpg"] == ["dark"]
    assert set(kinds) - {"cats/cut.jpg", "cats/empty.png", "dogs/again.jpg", "dogs/small.jpg", "dogs/night.jpg"} == {
        "dogs/000.jpg",
        "cats/001.jpg",
    }, "only the keepers besides"
    assert findings["reason"].str.endswith(".").all()


def test_an_audit_holds_the_tables_that_it_wrote_whatever_comes_after_it(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "source")
    first = curate.audit(source, tmp_path / "ws", configuration=ONE)
    images, findings = (pd.read_parquet(tmp_path / "ws" / f"{name}.parquet") for name in ("images", "findings"))
    shutil.copy(source / "dogs" / "000.jpg", source / "dogs" / "again.jpg")
    second = curate.audit(source, tmp_path / "ws", configuration=ONE)
    shutil.rmtree(tmp_path / "ws")
    assert first.images["path"].tolist() == images["path"].tolist()
    assert first.findings["finding_id"].tolist() == findings["finding_id"].tolist()
    assert set(second.images["path"]) == {*images["path"], "dogs/again.jpg"}
    assert second.findings["kind"].tolist() == ["same_bytes"] * 2
    assert first.images is first.images, "what a person adds to a table stays in it"


def test_table_1_counts_every_image_once_and_no_keeper(audited: Audited) -> None:
    table = curate.status(audited.workspace.root).class_summary
    flagged = table[[f"{name}_flagged" for name in ("corrupted", "duplicate", "unsuitable")]]
    assert flagged.loc["cats"].tolist() == [2, 0, 0]
    assert flagged.loc["dogs"].tolist() == [0, 2, 1]
    assert flagged.loc["Total"].tolist() == [2, 2, 1]
    assert table["images"].tolist() == [8, 9, 17]


def test_the_source_is_left_alone_and_a_second_audit_measures_nothing(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    before = snapshot(source)
    first = curate.audit(source, tmp_path / "ws", configuration=ONE)
    stored = snapshot(tmp_path / "ws" / "features")
    again = curate.audit(source, tmp_path / "ws")
    assert (first.measured, again.measured) == (6, 0)
    assert snapshot(source) == before
    assert snapshot(tmp_path / "ws" / "features") == stored
    pd.testing.assert_frame_equal(first.findings, again.findings)


def test_only_what_changed_is_measured_again(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    curate.audit(source, tmp_path / "ws", configuration=ONE)
    sample_images.save(sample_images.photo(77), source / "cats" / "000.jpg")
    sample_images.save(sample_images.photo(78), source / "cats" / "new.jpg")
    (source / "dogs" / "001.jpg").unlink()
    again = curate.audit(source, tmp_path / "ws")
    assert again.measured == 2
    assert len(again.images) == 6
    fresh = curate.audit(source, tmp_path / "fresh", configuration=ONE)
    pd.testing.assert_frame_equal(again.images, fresh.images)


def test_results_do_not_depend_on_workers_or_shards(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=12)
    (source / "cats" / "bad.jpg").write_bytes(sample_images.encode(sample_images.photo(5))[:-300])
    for name, settings in {
        "a": EngineSettings(workers=1, shard_size=100),
        "b": EngineSettings(workers=2, shard_size=8),
    }.items():
        curate.audit(source, tmp_path / name, configuration=Config(engine=settings))
    for file in ("images.parquet", "findings.parquet"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_killed_audit_goes_on_where_it_was(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=100)
    workspace = tmp_path / "ws"
    script = (
        "import curate, sys\nfrom curate.config import Config, EngineSettings\n"
        "if __name__ == '__main__':\n"
        "    settings = Config(engine=EngineSettings(workers=1, shard_size=10))\n"
        "    curate.audit(sys.argv[1], sys.argv[2], configuration=settings)\n"
    )
    (tmp_path / "run.py").write_text(script)
    running = subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py"), str(source), str(workspace)], start_new_session=True
    )
    while running.poll() is None and len(list(workspace.glob("features/part-*.parquet"))) < 3:
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    finished = len(list(workspace.glob("features/part-*.parquet")))
    assert 3 <= finished < 20
    resumed = curate.audit(source, workspace)
    assert resumed.measured == 200 - 10 * finished
    assert len(resumed.images) == 200


def test_judging_again_reads_no_image(audited: Audited, tmp_path: Path) -> None:
    text = audited.workspace.config.read_text()
    audited.workspace.config.write_text(text.replace("dark = 0.25", "dark = 0.01"))
    facts = json.loads(audited.workspace.audit.read_text())
    audited.workspace.audit.write_text(json.dumps({**facts, "root": str(tmp_path / "gone")}))
    steps: list[str] = []
    findings = curate.judge(audited.workspace.root, report=lambda at: steps.append(at.step), engine="serial")
    assert {"reading what was measured", "filling the review queue"} <= set(steps)
    assert "dark" not in set(findings["kind"])
    assert {"truncated", "same_bytes", "resized"} <= set(findings["kind"])


def test_judging_on_what_is_no_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no engine"):
        curate.judge(tmp_path, engine="spark")


def test_decisions_survive_a_new_audit(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    sample_images.save(sample_images.photo(9) // 8, source / "cats" / "dark.jpg")
    curate.audit(source, tmp_path / "ws", configuration=ONE)
    curate.decide(tmp_path / "ws", curate.Selection(), None, reviewer="ana")
    sample_images.save(sample_images.photo(78), source / "cats" / "new.jpg")
    curate.audit(source, tmp_path / "ws")
    assert curate.status(tmp_path / "ws").verdicts["drop"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[decode]\nmax_pixel = 5", "decode.max_pixel is not a setting", id="misspelt key"),
        pytest.param("[scan.quality]\nblury = 0.4", "blury is not a setting", id="misspelt threshold"),
        pytest.param("[decode]\ntimeout_s = true", "decode.timeout_s is true; a number is wanted", id="no number"),
        pytest.param('[scan.quality]\ndark = "0.4"', 'dark is "0.4"; a number is wanted', id="a threshold as text"),
        pytest.param("[scan.duplicates]\nthorough = 1", "thorough is 1; true or false is", id="a number for a switch"),
        pytest.param("[scan.quality]\nblurry = 4", "less than or equal to 1", id="out of range"),
        pytest.param("[engine\n", "not valid TOML", id="not TOML"),
    ],
)
def test_a_broken_configuration_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    source = sample_images.dataset(tmp_path / "src", each=1)
    with pytest.raises(ConfigError) as caught:
        curate.audit(source, tmp_path / "ws", configuration=config.read(tmp_path / "c.toml"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ws").exists()


def test_a_missing_or_empty_source_leaves_no_workspace_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(SourceError):
            curate.audit(source, tmp_path / "ws")
        assert not (tmp_path / "ws").exists()


def test_a_workspace_of_a_newer_version_is_refused(audited: Audited) -> None:
    facts = json.loads(audited.workspace.audit.read_text())
    audited.workspace.audit.write_text(json.dumps({**facts, "version": 99}))
    for act in (
        lambda: curate.status(audited.workspace.root),
        lambda: curate.audit(audited.source, audited.workspace.root),
    ):
        with pytest.raises(WorkspaceError, match="newer curate"):
            act()


def test_decisions_of_a_workspace_of_an_earlier_version_are_brought_over_as_it_says(
    audited: Audited, tmp_path: Path
) -> None:
    old, new = audited.workspace, Workspace(tmp_path / "new")
    assert curate.decide(old.root, curate.Selection(kinds=("same_bytes",)), "drop", reviewer="ana")
    before = curate.manifest(old.root, tmp_path / "before.csv", pending="keep")
    old.audit.write_text(json.dumps({**json.loads(old.audit.read_text()), "version": 1}))
    with pytest.raises(WorkspaceError, match=rf"copy {re.escape(str(old.review))}.* run: curate judge NEW"):
        curate.status(old.root)
    curate.audit(audited.source, new.root)
    shutil.copy(old.review, new.review)
    curate.judge(new.root)
    pd.testing.assert_frame_equal(curate.manifest(new.root, tmp_path / "after.csv", pending="keep"), before)


def test_a_folder_that_is_something_else_is_not_made_a_workspace(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=1)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("...")
    with pytest.raises(WorkspaceError, match="neither empty nor a curate workspace"):
        curate.audit(source, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter1.txt"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs to mount a small file system")
def test_a_full_disk_is_one_clear_line_and_the_next_run_goes_on(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=40)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], check=False, capture_output=True
    ).returncode:
        pytest.skip("may not mount here")
    try:
        with pytest.raises(CurateError, match="disk is full"):
            curate.audit(source, disk / "ws", configuration=ONE)
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        assert len(curate.audit(source, disk / "ws", configuration=ONE).images) == 80
        assert not list((disk / "ws").rglob(".tmp-*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.shared
@pytest.mark.slow
def test_no_web_image_is_called_unreadable_and_all_exact_copies_are_found(shared_data: Path, tmp_path: Path) -> None:
    curate.audit(shared_data / "web-emotions", tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    findings = workspace.read_findings()
    assert not ((findings["category"] == "corrupted") & (findings["severity"] != "info")).any()
    truth = pd.read_csv(SHARED / "web-emotions-duplicates.csv")
    copies = findings[findings["group_id"].notna()]
    groups = dict(zip(copies["path"], copies["group_id"], strict=True))
    exact = truth[truth["relation"] == "exact_bytes"]
    found = [
        groups.get(a) is not None and groups.get(a) == groups.get(b)
        for a, b in zip(exact["path_a"], exact["path_b"], strict=True)
    ]
    assert len(found) == 54
    assert all(found)


def test_a_class_that_its_format_gives_away_is_noted(tmp_path: Path) -> None:
    for index in range(25):
        sample_images.save(sample_images.photo(index, 60, 50), tmp_path / "set" / "cats" / f"{index}.png")
        sample_images.save(sample_images.photo(100 + index, 60, 50), tmp_path / "set" / "dogs" / f"{index}.jpg")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert next(guess for guess in audit.spurious if guess.trait == "format").accuracy == 1.0
    assert curate.status(tmp_path / "ws").spurious == audit.spurious
    assert curate.audit(tmp_path / "set", tmp_path / "ws").spurious == audit.spurious


@pytest.mark.parametrize("form", ["list.csv", "list.jsonl", "list.parquet", "set/metadata.csv"])
def test_a_class_that_a_column_of_its_list_gives_away_is_noted(tmp_path: Path, form: str) -> None:
    rows = []
    for index in range(50):
        label = ("cats", "dogs")[index % 2]
        sample_images.save(sample_images.photo(index, 60, 50), tmp_path / "set" / f"{index}.png")
        row = {"camera": ("Canon", "Nikon")[index % 2], "year": 2000 + index // 5, "file_name": f"set/{index}.png"}
        rows.append({**row, "label": label, "Label_ID": index % 2, "split": ("train", "test")[index // 25]})
    table = pd.DataFrame(rows)
    if form == "set/metadata.csv":
        table["file_name"] = table["file_name"].str.removeprefix("set/")
    if form.endswith("csv"):
        table.to_csv(tmp_path / form, index=False)
    elif form.endswith("jsonl"):
        table.to_json(tmp_path / form, orient="records", lines=True)
    else:
        table.to_parquet(tmp_path / form)
    source = tmp_path / form if form.startswith("list") else tmp_path / "set"
    audit = curate.audit(source, tmp_path / "ws")
    of_list = {guess.trait: guess for guess in audit.spurious if guess.trait.startswith("list.")}
    assert set(of_list) == {"list.camera", "list.year"}
    assert of_list["list.camera"].accuracy == 1.0
    assert of_list["list.camera"].is_telling
    assert not of_list["list.year"].is_telling
    assert curate.status(tmp_path / "ws").spurious == audit.spurious
    curate.judge(tmp_path / "ws")
    assert curate.status(tmp_path / "ws").spurious == audit.spurious, "judging reads no list"


def test_another_column_is_noticed_by_the_next_audit_and_none_at_all_as_well(tmp_path: Path) -> None:
    for index in range(50):
        sample_images.save(sample_images.photo(index, 60, 50), tmp_path / f"{index}.png")
    table = pd.DataFrame({"path": [f"{index}.png" for index in range(50)], "label": ["cats", "dogs"] * 25})

    def columns_of(table: pd.DataFrame) -> set[str]:
        table.to_csv(tmp_path / "list.csv", index=False)
        audit = curate.audit(tmp_path / "list.csv", tmp_path / "ws")
        return {guess.trait for guess in audit.spurious if guess.trait.startswith("list.")}

    assert columns_of(table) == set()
    assert columns_of(table.assign(site=["north", "south"] * 25)) == {"list.site"}
    assert columns_of(table.assign(site=["north"] * 25 + ["south"] * 25)) == {"list.site"}
    assert not next(guess for guess in curate.status(tmp_path / "ws").spurious if guess.trait == "list.site").is_telling
    assert columns_of(table) == set()


def test_images_without_a_class_beside_those_with_one_are_told_apart(tmp_path: Path) -> None:
    for index in range(3):
        sample_images.save(sample_images.photo(index), tmp_path / "set" / "cats" / f"{index}.png")
        sample_images.save(sample_images.photo(index), tmp_path / "set" / f"{index}.png")
    audit = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert audit.images.set_index("path")["label"].to_dict() == {
        **{f"{index}.png": None for index in range(3)},
        **{f"cats/{index}.png": "cats" for index in range(3)},
    }
    assert set(audit.findings["kind"]) == {"same_bytes"}  # no class is no other class
    assert curate.status(tmp_path / "ws").class_summary.loc["Total", "duplicate_flagged"] == 3


@pytest.mark.parametrize("left", ["half of it", "nothing"])
def test_a_part_that_cannot_be_read_is_measured_again(tmp_path: Path, left: str) -> None:
    for index in range(6):
        sample_images.save(sample_images.photo(index), tmp_path / "set" / f"{index}.png")
    whole = curate.audit(tmp_path / "set", tmp_path / "ws")
    (part,) = (tmp_path / "ws" / "features").glob("part-*.parquet")
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2] if left == "half of it" else b"")
    again = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert again.measured == 6
    pd.testing.assert_frame_equal(again.images, whole.images)
    pd.testing.assert_frame_equal(again.findings, whole.findings)


def test_a_part_with_damaged_pages_is_one_clear_line_and_the_next_audit_goes_on(tmp_path: Path) -> None:
    for index in range(6):
        sample_images.save(sample_images.photo(index), tmp_path / "set" / f"{index}.png")
    whole = curate.audit(tmp_path / "set", tmp_path / "ws")
    (part,) = (tmp_path / "ws" / "features").glob("part-*.parquet")
    data = part.read_bytes()
    half = len(data) // 2
    part.write_bytes(data[:4] + bytes(half) + data[4 + half :])
    for step in (lambda: curate.audit(tmp_path / "set", tmp_path / "ws"), lambda: curate.judge(tmp_path / "ws")):
        with pytest.raises(WorkspaceError, match=r"part-0000001\.parquet is damaged .* delete it and run the audit"):
            step()
    part.unlink()
    again = curate.audit(tmp_path / "set", tmp_path / "ws")
    assert again.measured == 6
    pd.testing.assert_frame_equal(again.findings, whole.findings)


@pytest.mark.parametrize("is_known", [False, True], ids=["new", "one image more"])
def test_measuring_begins_before_judging_and_decoders_are_imported(tmp_path: Path, is_known: bool) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    if is_known:
        curate.audit(source, tmp_path / "ws")
        sample_images.save(sample_images.photo(9), source / "cats" / "more.jpg")
    later = {"pandas", "curate.auditing.results", "curate.images.decode", "curate.measuring.work", "simplejpeg"}
    program = (
        "import sys, curate\n"
        f"seen = []\ntold = lambda progress: seen.append((progress.total, sorted(set(sys.modules) & {later})))\n"
        f"curate.audit({str(source)!r}, {str(tmp_path / 'ws')!r}, report=told)\n"
        "print(*seen[0], 'pandas' in seen[-1][1])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{1 if is_known else 4} [] True\n"


def test_an_argument_of_another_kind_is_a_mistake_that_says_what_to_give(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src")
    with pytest.raises(ConfigError, match=r"configuration is a curate\.config\.Config"):
        curate.audit(source, tmp_path / "ws", configuration={"profile": "faces"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="3 is no engine; give serial, local:N"):
        curate.audit(source, tmp_path / "ws", engine=3)  # type: ignore[arg-type]
    assert not (tmp_path / "ws").exists()
