"""FiftyOne's exports: a classification dataset (`labels.json` beside `data/`), and a whole dataset (`samples.json`)."""

from typing import Any

from curate.errors import SourceError
from curate.sources.annotated import Annotations, ClassCounts, Labelled
from curate.sources.columns import LABEL_COLUMNS, SPLIT_COLUMNS, column_called, split_column, split_name, text
from curate.sources.records import split_called

_FIELDS = ("ground_truth", *LABEL_COLUMNS)
"""What the field with the class of a sample is usually called."""


def read(document: Any, where: str) -> Annotations | None:
    """Read the class of each image; None where it is neither of the two forms.

    Raises `SourceError` where it holds objects rather than classes, or several fields could be meant.
    """
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("labels"), dict):
        return _classification(document, where)
    samples = document.get("samples")
    if isinstance(samples, list) and all(isinstance(item, dict) and "filepath" in item for item in samples):
        return _samples(samples, where)
    return None


def _classification(document: dict[str, Any], where: str) -> Annotations | None:
    classes = document.get("classes")
    counts = ClassCounts(tuple(map(str, classes)) if isinstance(classes, list) else None)
    images = []
    for name, value in document["labels"].items():
        if _is_object(value) or (isinstance(value, list) and any(map(_is_object, value))):
            raise _objects(where)
        values = [_label(item) for item in value] if isinstance(value, list) else _label(value)
        images.append(Labelled(name, counts.class_of(values)))
    return Annotations("FiftyOne", images, counts.notes(where))


def _label(value: Any) -> Any:
    """Return the class of a value that may say how sure it is besides."""
    return value.get("label") if isinstance(value, dict) else value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and "bounding_box" in value


def _samples(samples: list[dict[str, Any]], where: str) -> Annotations:
    found = {name: value["_cls"] for item in samples for name, value in item.items() if _has_class(value)}
    fields = [name for name, kind in found.items() if kind in ("Classification", "Classifications")]
    if not fields and found:
        raise _objects(where)
    if any(_FIELDS[0] in item for item in samples):
        fields = [_FIELDS[0]]  # whatever else there is: where it is empty throughout, no image has a class
    field = fields[0] if len(fields) == 1 else column_called(fields, _FIELDS)
    if field is None and fields:
        raise SourceError(
            f"{where} has several fields of classes ({', '.join(fields)}); rename the one that is meant to "
            "ground_truth and export it again"
        )
    counts = ClassCounts(None)
    images = []
    names = dict.fromkeys(name for item in samples for name in item)
    of_splits = split_column(list(names), lambda name: (text(item, name) for item in samples))
    for item in samples:
        value = item.get(field) if field else None
        several = value.get("classifications") if isinstance(value, dict) else None
        label = counts.class_of([_label(one) for one in several] if isinstance(several, list) else _label(value))
        tags = [split_called(tag) for tag in item.get("tags") or () if isinstance(tag, str)]
        split = split_name(text(item, of_splits)) or next(filter(None, tags), None)
        images.append(Labelled(str(item["filepath"]), label, split, SPLIT_COLUMNS[0] in item))
    return Annotations("FiftyOne", images, counts.notes(where))


def _has_class(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("_cls"), str) and "Metadata" not in value["_cls"]


def _objects(where: str) -> SourceError:
    return SourceError(
        f"{where} is a FiftyOne dataset of objects in images, of which one class an image is read: export patches with "
        "to_patches(), or give a list (.csv) with path and label"
    )
