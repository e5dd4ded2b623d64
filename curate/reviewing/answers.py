"""What people have answered in Label Studio, as rows to decide by."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from curate.errors import SourceError
from curate.schema import LABEL_CONFLICT, Action, Category
from curate.sources import label_studio


def rows(export: Path, images: pd.DataFrame, findings: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    """Read answers as rows of `path`, `action`, `new_label`, `finding_id`, each with the number of its task.

    `images` and the queued `findings` are those of the audit. Raises `SourceError` where it is no JSON export of tasks
    of ours, or an image has changed since.
    """
    doubts = findings[(findings["category"] == Category.LABEL) | (findings["kind"] == LABEL_CONFLICT)]
    doubts_of = {str(path): list(part) for path, part in doubts.groupby("path")["finding_id"]}
    facts_of = {path: (sha, label) for path, sha, label in zip(*(images[c] for c in _COLUMNS), strict=True)}
    tasks = _read(export)
    question = label_studio.question_of(tasks, str(export))
    found = []
    for number, task in enumerate(tasks, start=1):
        where = f"{export}, task {number}"
        data = task["data"]
        path = str(data["path"])
        if path not in facts_of:
            raise SourceError(f"{where}: {path!r} is no image of this audit")
        sha256, label = facts_of[path]
        if data["sha256"] != sha256:
            raise SourceError(f"{where}: {path!r} is another image by now; export it again, and ask anew")
        chosen = set(label_studio.answers(task, question))
        if len(chosen) == 1:
            found += [(number, row) for row in _decided(path, label, chosen.pop(), doubts_of.get(path, []))]
    return found


_COLUMNS = ("path", "sha256", "label")


def _decided(path: str, label: str | None, chosen: str, doubts: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what an answer decides: of the findings that doubt the label where there are any, else of the image."""
    if chosen == label:
        for finding_id in doubts:
            yield {"path": path, "action": str(Action.KEEP), "finding_id": finding_id}
        return
    for finding_id in doubts or [""]:
        yield {"path": path, "action": str(Action.RELABEL), "new_label": chosen, "finding_id": finding_id}


def _read(export: Path) -> list[dict[str, Any]]:
    try:
        tasks = json.loads(export.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(
            f"{export} cannot be read as JSON ({error}); export the answers from Label Studio as JSON"
        ) from error
    are_ours = isinstance(tasks, list) and all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) and {"path", "sha256"} <= set(task["data"])
        for task in tasks
    )
    if not are_ours:
        raise SourceError(
            f"{export} is no JSON export of tasks that curate wrote; their data have path and sha256: export them with "
            "curate export --as label-studio, and the answers from Label Studio as JSON"
        )
    return list(tasks)
