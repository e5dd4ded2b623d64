"""COCO annotations, read where they classify images: every image has objects of one category at most."""

import re
from typing import Any

from curate.errors import SourceError
from curate.i18n import nmsg
from curate.sources.annotated import Annotations, ClassCounts, Labelled
from curate.sources.columns import text
from curate.sources.records import split_called


def read(document: Any, where: str) -> Annotations | None:
    """Read the class of each image, which is the category of its annotations; None where it is no COCO file.

    `where` is the path of the file, whose words may name a split (`instances_train2017.json`). Raises `SourceError`
    where it holds no categories, or an image has objects of several.
    """
    if not isinstance(document, dict) or not all(_is_list(document, name) for name in ("images", "annotations")):
        return None
    # Numbers of one file as text in another part of it are the same ones.
    names = {text(item, "id"): str(item["name"]) for item in document.get("categories") or () if item.get("name")}
    if not names:
        raise SourceError(
            f"{where} is COCO without categories, such as captions, and says no class of an image; give a folder of "
            "images per class, or a list (.csv) with path and label"
        )
    counts = ClassCounts(tuple(names.values()))
    categories: dict[str | None, set[str | None]] = {}
    for item in document["annotations"]:
        categories.setdefault(text(item, "image_id"), set()).add(text(item, "category_id"))
    split = _split_of(where)
    images = []
    for item in document["images"]:
        of_image = categories.get(text(item, "id"), set())
        if len(of_image) > 1:
            shown = ", ".join(sorted(names.get(category) or str(category) for category in of_image))
            raise SourceError(
                f"{where} is COCO with objects of several categories in an image ({item.get('file_name')}: {shown}); "
                "one class is read of each image: cut the objects out, or give a list (.csv) with path and label"
            )
        category = next(iter(of_image), None)
        if category is not None and category not in names:
            counts.unknown(category)
        images.append(Labelled(str(item.get("file_name") or ""), names.get(category), split))
    lost = categories.keys() - {text(item, "id") for item in document["images"]}
    notes = counts.notes(where)
    if lost:
        notes.append(
            nmsg(
                "{file} has annotations of {n} image ({number}) that it does not list; they are left out.",
                "{file} has annotations of {n} images (such as {number}) that it does not list; they are left out.",
                len(lost),
                file=where,
                number=min(map(str, lost)),
            )
        )
    return Annotations("COCO", images, notes)


def _is_list(document: dict[str, Any], name: str) -> bool:
    return isinstance(document.get(name), list) and all(isinstance(item, dict) for item in document[name])


def _split_of(where: str) -> str | None:
    """Tell the split by the folder of the file or by a word of its name."""
    folder, _, name = where.rpartition("/")
    words = [folder.rpartition("/")[2], *re.findall(r"[A-Za-z]+", name)]
    return next(filter(None, map(split_called, words)), None)
