"""Label Studio's exports: JSON (tasks with their annotations) and JSON-MIN (an answer a row)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from curate.errors import SourceError
from curate.images import formats
from curate.sources.address import url
from curate.sources.annotated import Annotations, ClassCounts, Labelled
from curate.sources.columns import (
    LABEL_COLUMNS,
    PATH_COLUMNS,
    SPLIT_COLUMNS,
    column_called,
    split_column,
    split_name,
    text,
)

_ANSWERS = ("annotations", "completions", "predictions")
_OF_ANSWERS = frozenset({"annotation_id", "annotator", "lead_time"})
_IMAGE_KEYS = ("image", "img", "url", *PATH_COLUMNS)
_CHOICE_KEYS = ("choice", "choices", *LABEL_COLUMNS)


def read(document: Any, where: str) -> Annotations | None:
    """Read the class that was chosen for each image; None where it is no export of Label Studio.

    A task that nobody has answered has the class that its own data say, if any. Raises `SourceError` where it holds
    no images, no choices, or several questions.
    """
    if not isinstance(document, list) or not document or not all(isinstance(item, dict) for item in document):
        return None
    counts = ClassCounts(None)
    if all(isinstance(item.get("data"), dict) and any(name in item for name in _ANSWERS) for item in document):
        question, of_splits = _question(document, where), _of_splits([item["data"] for item in document])
        images = [_task(item, question, of_splits, counts, where) for item in document]
    elif all(_OF_ANSWERS & set(item) for item in document):
        of_splits = _of_splits(document)
        images = [_row(item, of_splits, counts, where) for item in document]
    else:
        return None
    return Annotations("Label Studio", images, counts.notes(where))


def _of_splits(data: list[dict[str, Any]]) -> str | None:
    """Find the name under which the data of tasks say splits."""
    names = dict.fromkeys(name for one in data for name in one)
    return split_column(list(names), lambda name: (text(one, name) for one in data))


def answers(task: dict[str, Any], question: str | None) -> list[str]:
    """List the choices that people made in a task; skipped answers count for nothing."""
    return [choice for name, choices in _results(task) for choice in choices if name == question]


def _results(task: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the question and the choices of every result of a task that chooses."""
    for answer in task.get("annotations") or task.get("completions") or ():
        if not isinstance(answer, dict) or answer.get("was_cancelled"):
            continue
        for result in answer.get("result") or ():
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict) and isinstance(value.get("choices"), list):
                yield str(result.get("from_name")), [str(choice) for choice in value["choices"]]


def _question(tasks: list[dict[str, Any]], where: str) -> str | None:
    """Return the question that asks for the class; None where nothing is answered."""
    names = sorted({name for task in tasks for name, _ in _results(task)})
    if not names and any(_kinds(task) for task in tasks):
        kinds = ", ".join(sorted(set().union(*map(_kinds, tasks))))
        raise SourceError(
            f"{where} is a Label Studio export of {kinds}, and of no choices; one class is read of each image: give a "
            "list (.csv) with path and label"
        )
    return _chosen(names, where)


def question_of(tasks: list[dict[str, Any]], where: str) -> str | None:
    """Return the question of Label Studio tasks that asks for the class; None where nothing is answered.

    Raises `SourceError` where there are several questions, none of which is called as a class is.
    """
    return _question(tasks, where)


def _chosen(names: list[str], where: str) -> str | None:
    if len(names) < 2:
        return names[0] if names else None
    name = column_called(names, _CHOICE_KEYS)
    if name is None:
        raise SourceError(
            f"{where} answers several questions ({', '.join(names)}); call the one that asks for the class 'choice' in "
            "the labelling configuration, and export it again"
        )
    return name


def _kinds(task: dict[str, Any]) -> set[str]:
    """Return what sorts of results a task has."""
    found = set()
    for answer in task.get("annotations") or task.get("completions") or ():
        for result in (answer.get("result") or ()) if isinstance(answer, dict) else ():
            if isinstance(result, dict) and result.get("type"):
                found.add(str(result["type"]))
    return found


def _task(
    task: dict[str, Any], question: str | None, of_splits: str | None, counts: ClassCounts, where: str
) -> Labelled:
    data = task["data"]
    chosen = counts.class_of(frozenset(answers(task, question)))
    if chosen is None and not answers(task, question):
        chosen = text(data, column_called(list(data), LABEL_COLUMNS))
    return Labelled(_image_of(data, where), chosen, split_name(text(data, of_splits)), SPLIT_COLUMNS[0] in data)


def _row(row: dict[str, Any], of_splits: str | None, counts: ClassCounts, where: str) -> Labelled:
    choice = row.get(column_called(list(row), _CHOICE_KEYS) or "")
    chosen = choice.get("choices") if isinstance(choice, dict) else choice
    return Labelled(
        _image_of(row, where), counts.class_of(chosen), split_name(text(row, of_splits)), SPLIT_COLUMNS[0] in row
    )


def _image_of(data: dict[str, Any], where: str) -> str:
    """Return what the data of a task say of where its image lies."""
    key = column_called([name for name, value in data.items() if isinstance(value, str)], _IMAGE_KEYS)
    if key is None:
        key = next((name for name, value in data.items() if isinstance(value, str) and _is_image(value)), None)
    if key is None:
        raise SourceError(f"{where} is a Label Studio export of tasks without an image, which alone can be read")
    return file_of(data[key])


def file_of(address: str) -> str:
    """Return the path that an address of Label Studio's own server stands for; any other stays as it is.

    `/data/local-files/?d=PATH` is below the folder that it serves, `/data/upload/PROJECT/NAME` below that of uploads.
    """
    if url(address) is not None:
        return address
    parts = urlsplit(address)
    if parts.path.rstrip("/").endswith("/data/local-files"):
        return (parse_qs(parts.query).get("d") or [""])[0].lstrip("/")
    if parts.path.startswith("/data/upload/"):
        return unquote(parts.path).removeprefix("/data/")
    return address


def _is_image(value: str) -> bool:
    return f".{value.rpartition('.')[2].lower()}" in formats.FORMAT_OF_EXTENSION
