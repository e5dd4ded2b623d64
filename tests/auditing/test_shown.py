"""An audit in a notebook: short, escaped, with previews; and settings as plain arguments."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

import curate
from curate import config
from curate.auditing import progress
from curate.auditing.steps import AuditProgress
from curate.config import Config
from curate.errors import ConfigError
from tests import sample_images
from tests.conftest import Audited


@pytest.fixture
def audit(audited: Audited) -> curate.Audit:
    """The audit of a workspace of this test's own: previews are kept in it."""
    return replace(audited.audit, workspace=audited.workspace.root)


def test_an_audit_and_a_status_say_in_one_line_what_they_are(audit: curate.Audit) -> None:
    assert repr(audit) == (
        "<Audit of 17 images in 2 classes: 5 flagged (2 corrupted, 2 duplicate, 1 unsuitable); workspace ws>"
    )
    assert repr(curate.status(audit.workspace)) == "<WorkspaceStatus: 0 of 5 flagged images decided>"


def test_a_notebook_shows_tables(audit: curate.Audit) -> None:
    page = audit._repr_html_()
    assert re.search(r"<td>truncated</td>\s*<td>1</td>", page)
    assert "<td>17</td>" in curate.status(audit.workspace)._repr_html_()


def test_a_gallery_shows_the_worst_of_a_kind_with_previews(audit: curate.Audit) -> None:
    shown = audit.show("dark")
    assert repr(shown) == "<Gallery: dark: dogs/night.jpg>"
    page = shown._repr_html_()
    assert page.count('<img src="data:image/jpeg;base64,') == 1
    assert "dogs/night.jpg" in page
    assert "Very dark" in page


def test_a_gallery_without_a_kind_shows_the_worst_of_all_errors_first(audit: curate.Audit) -> None:
    assert audit.show(n=2).paths == ["cats/cut.jpg", "cats/empty.png"]
    assert "no image is left in it" in audit.show("empty")._repr_html_()


def test_a_kind_that_nothing_has_is_an_empty_gallery_and_one_that_there_is_not_is_refused(audit: curate.Audit) -> None:
    assert repr(audit.show("bright")) == "<Gallery: bright: no image is flagged>"
    assert "no image is flagged" in audit.show("bright")._repr_html_()
    with pytest.raises(ConfigError, match="'blury' is no kind of finding; did you mean 'blurry'"):
        audit.show("blury")


def test_groups_stand_with_their_keeper_the_largest_first(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=3)
    for number in range(5):
        (source / "dogs" / f"z{number}.jpg").write_bytes((source / "dogs" / "001.jpg").read_bytes())
    (source / "cats" / "again.jpg").write_bytes((source / "cats" / "001.jpg").read_bytes())
    audit = curate.audit(source, tmp_path / "ws", engine="serial")
    shown = audit.show_groups()
    assert [len(group.members) + group.more for group in shown.groups] == [5, 1]
    assert shown.paths == [
        "dogs/001.jpg",
        "dogs/z0.jpg",
        "dogs/z1.jpg",
        "dogs/z2.jpg",
        "cats/001.jpg",
        "cats/again.jpg",
    ]
    assert "and 2 more" in shown._repr_html_()
    assert len(audit.show_groups(n=1).groups) == 1


def test_names_from_data_are_text_and_no_markup(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2, classes=("<b>x", "y"))
    (source / "<b>x" / "<script>.jpg").write_bytes(b"")
    audit = curate.audit(source, tmp_path / "<ws>", engine="serial")
    pages = [audit._repr_html_(), audit.show()._repr_html_(), curate.status(tmp_path / "<ws>")._repr_html_()]
    for page in pages:
        assert not {"<script>", "<b>x", "<ws>"} & {mark for mark in ("<script>", "<b>x", "<ws>") if mark in page}
    assert "&lt;script&gt;.jpg" in pages[1]
    assert "&lt;b&gt;x" in pages[2]


def test_settings_are_plain_arguments_and_stay_in_the_workspace(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=2)
    options = {"thorough": True, "exclude": ["000.jpg"]}
    assert len(curate.audit(source, tmp_path / "ws", engine="serial", **options).images) == 2
    standing = config.read(tmp_path / "ws" / "curate.toml")
    assert (standing.exclude, standing.scan["duplicates"]["thorough"]) == (["000.jpg"], True)
    assert len(curate.audit(source, tmp_path / "ws", engine="serial").images) == 2
    assert len(curate.audit(source, tmp_path / "ws", engine="serial", exclude=[], thorough=False).images) == 4
    assert config.read(tmp_path / "ws" / "curate.toml").scan["duplicates"]["thorough"] is False


@pytest.mark.parametrize(
    ("configuration", "options", "message"),
    [
        (Config(exclude=["a"]), {"exclude": ["b"]}, "exclude is given by itself and in configuration"),
        (config.override(Config(), "duplicates", thorough=True), {"thorough": True}, "thorough is given by itself"),
        (Config(embeddings=True), {"embeddings": False}, "embeddings is given by itself"),
        (None, {"profile": "face"}, "profile Input should be 'general' or 'faces'"),
        (None, {"exclude": "*.png"}, "exclude Input should be a valid list"),
    ],
)
def test_a_setting_twice_or_of_no_such_value_is_refused(
    tmp_path: Path, configuration: Config | None, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        curate.audit(tmp_path, tmp_path / "ws", configuration=configuration, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "ws").exists()


def test_a_configuration_and_other_settings_go_together(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "src", each=1)
    curate.audit(source, tmp_path / "ws", configuration=Config(exclude=["a"]), thorough=True, engine="serial")
    standing = config.read(tmp_path / "ws" / "curate.toml")
    assert (standing.exclude, standing.scan["duplicates"]["thorough"]) == (["a"], True)


def test_progress_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    step = AuditProgress(done=1, total=1, problems=0)
    told: list[AuditProgress] = []
    with progress.wanted(told.append) as report:
        assert report is not None
        report(step)
    assert told == [step]
    for silent in (None, False):
        with progress.wanted(silent) as report:
            assert report is None
    with progress.wanted(True) as report:
        assert report is not None
        report(step)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("has_widgets", [True, False])
def test_a_notebook_gets_a_bar_where_it_can_draw_one(monkeypatch: pytest.MonkeyPatch, has_widgets: bool) -> None:
    shown: list[object] = []
    notebook = SimpleNamespace(display=lambda *what, **_: shown.extend(what))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=notebook))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    monkeypatch.setitem(sys.modules, "ipywidgets", SimpleNamespace(Output=MagicMock) if has_widgets else None)
    monkeypatch.setattr(progress, "find_spec", lambda _: has_widgets)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    with progress.wanted(None) as report:
        assert report is not None
        report(AuditProgress(done=1, total=2, problems=0))
    assert any(isinstance(what, MagicMock) for what in shown) is has_widgets
    with progress.wanted(False) as report:
        assert report is None
