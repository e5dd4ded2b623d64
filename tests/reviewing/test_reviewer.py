"""Who reviews is remembered, and forgetting it costs a question only."""

from pathlib import Path

import pytest

from curate.reviewing import reviewer
from curate.reviewing.reviewer import Person


def test_a_person_is_remembered_and_a_broken_file_only_costs_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert reviewer.recall() == Person()
    reviewer.remember(Person(name="Ana", lang="pt-BR"))
    assert reviewer.recall() == Person(name="Ana", lang="pt-BR")
    reviewer.settings_file().write_text("[1")
    assert reviewer.recall() == Person()


def test_a_settings_folder_that_cannot_be_written_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    reviewer.remember(Person(name="Ana"))
    assert reviewer.recall() == Person()
