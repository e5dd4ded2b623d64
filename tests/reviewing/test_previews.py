"""Previews are kept where they can be, and otherwise made again."""

import shutil

import pytest

from curate.reviewing.previews import preview
from curate.sources import source_at
from tests.conftest import Audited


def test_a_folder_that_cannot_be_written_costs_one_line_and_no_preview(
    audited: Audited, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = audited.workspace
    shutil.rmtree(workspace.thumbs)
    workspace.thumbs.write_text("in the way")
    images = workspace.read_images(["path", "sha256"]).dropna().head(4)
    source = source_at(str(audited.source))
    shown = [preview(workspace, source, path, sha256) for path, sha256 in zip(*map(images.get, images), strict=True)]
    assert len([jpeg for jpeg in shown if jpeg]) > 1
    (line,) = [record.getMessage() for record in caplog.records if "previews" in record.getMessage()]
    assert line.startswith(f"previews are not kept in {workspace.thumbs} (")
