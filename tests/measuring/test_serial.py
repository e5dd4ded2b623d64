"""Everything in this process, where asked for or where no other can be started: the same bytes."""

import logging
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image

import curate
from curate.measuring import pool
from tests import sample_images


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = sample_images.dataset(tmp_path / "set", each=6)
    (source / "cats" / "cut.jpg").write_bytes((source / "cats" / "000.jpg").read_bytes()[:1500])
    return source


def findings(workspace: Path) -> tuple[bytes, bytes]:
    return (workspace / "findings.parquet").read_bytes(), (workspace / "images.parquet").read_bytes()


def test_this_process_finds_what_others_find_and_is_left_as_it_was(source: Path, tmp_path: Path) -> None:
    threads, pixels = cv2.getNumThreads(), Image.MAX_IMAGE_PIXELS
    curate.audit(source, tmp_path / "here", engine="serial")
    curate.audit(source, tmp_path / "there", engine="local:2")
    assert findings(tmp_path / "here") == findings(tmp_path / "there")
    assert (cv2.getNumThreads(), Image.MAX_IMAGE_PIXELS) == (threads, pixels)


def test_where_no_process_can_be_started_this_one_measures_and_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(pool, "_start_server", lambda: False)
    monkeypatch.setattr(subprocess, "run", refuse)
    with caplog.at_level(logging.WARNING):
        audit = curate.audit(source, tmp_path / "ws")
    assert len(audit.images) == 13
    assert "measuring in this one" in caplog.text
