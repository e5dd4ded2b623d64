"""Thresholds: what is on either side of one, and judging again by another."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import curate
from curate import config
from curate.auditing import thresholds
from curate.cli import app
from curate.errors import ConfigError, WorkspaceError
from curate.schema import Action
from tests.conftest import Audited


def cut(audited: Audited, setting: str) -> thresholds.Cut:
    (found,) = [one for one in thresholds.cuts(audited.workspace) if one.threshold.setting == setting]
    return found


def test_every_threshold_agrees_with_the_judgement(audited: Audited) -> None:
    """What a threshold suspects by its measurement alone contains all that its scanner flagged for it."""
    findings = audited.workspace.read_findings()
    for one in thresholds.cuts(audited.workspace):
        values = thresholds.measurements(audited.workspace, one)
        assert len(values) == 16, "every image that decodes"
        suspected = set(values[thresholds.flagged(values, one, one.value)].index)
        named = [other for other in thresholds.cuts(audited.workspace) if other.threshold.kind is one.threshold.kind]
        if len(named) == 1 and one.threshold.kind.name != "odd_size":
            assert set(findings.loc[findings["kind"] == one.threshold.kind.name, "path"]) <= suspected, one


def test_the_nearest_lie_on_either_side_the_closest_first(audited: Audited) -> None:
    one = cut(audited, "blurry")
    values = pd.Series([0.1, 0.5, 0.54, 0.55, 0.7, 0.9], index=list("abcdef"))
    near, far = thresholds.nearest(values, one, 0.55, 2)
    assert list(near.index) == ["d", "e"]
    assert list(far.index) == ["c", "b"]
    bars = thresholds.histogram(values, one)
    assert bars["images"].sum() == 6
    assert bars["start"].iloc[0] == pytest.approx(0.1)


def test_a_saved_threshold_judges_again_and_is_in_the_file(audited: Audited) -> None:
    before = len(audited.workspace.read_findings())
    thresholds.save(audited.workspace, {("quality", "dark"): 1.0})
    after = audited.workspace.read_findings()
    assert (after["kind"] == "dark").sum() > 1 or len(after) < before, "all dark is a property of the dataset"
    assert config.read(audited.workspace.config).scan["quality"]["dark"] == 1.0
    assert curate.status(audited.workspace.root).progress.items > 0


def test_a_refused_threshold_leaves_the_file_as_it_was(audited: Audited) -> None:
    before = audited.workspace.config.read_bytes()
    with pytest.raises(ConfigError, match="blurry"):
        thresholds.save(audited.workspace, {("quality", "blurry"): 7.0})
    assert audited.workspace.config.read_bytes() == before


def test_a_threshold_that_cannot_be_judged_is_taken_back(audited: Audited) -> None:
    before = audited.workspace.config.read_bytes()
    for part in audited.workspace.features.glob("*.parquet"):
        part.unlink()
    with pytest.raises((ConfigError, WorkspaceError)):
        thresholds.save(audited.workspace, {("quality", "blurry"): 0.4})
    assert audited.workspace.config.read_bytes() == before


def test_a_judgement_that_is_interrupted_is_taken_back(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    before = audited.workspace.config.read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("curate.auditing.pipeline.judge", interrupted)
    with pytest.raises(KeyboardInterrupt):
        thresholds.save(audited.workspace, {("quality", "blurry"): 0.4})
    assert audited.workspace.config.read_bytes() == before


def test_what_somebody_dropped_and_nothing_flags_any_more_is_told_wherever_the_state_is(
    audited: Audited, caplog: pytest.LogCaptureFixture
) -> None:
    root = audited.workspace.root
    curate.decide(root, curate.Selection(paths=("dogs/night.jpg",)), Action.DROP, reviewer="ana")
    thresholds.save(audited.workspace, {("quality", name): 0.0 for name in ("dark", "low_contrast")})
    for asked in (["status", str(root), "--lang", "en"], ["manifest", str(root), "--pending", "keep"]):
        said = " ".join(CliRunner().invoke(app, asked, env={"LANG": "C", "LC_ALL": "C"}).output.split())
        assert "1 image that was dropped or given another class is no longer flagged" in said
        assert "(dogs/night.jpg)" in said
    assert curate.status(root).to_json()["spared"] == ["dogs/night.jpg"]
    assert not caplog.records  # the command line says it once
    curate.manifest(root, pending="keep")
    assert [(record.levelname, "(dogs/night.jpg)" in record.getMessage()) for record in caplog.records] == [
        ("WARNING", True)
    ]
    thresholds.save(audited.workspace, {("quality", "dark"): 0.25})
    assert curate.status(root).spared == []
    curate.manifest(root, pending="keep")
    assert len(caplog.records) == 1
