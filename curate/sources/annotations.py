"""Annotations in JSON that lie with images: which files they are, and which image each of their names means.

A file says where its images are in terms of whoever exported it. Of all ways to read its names (leave out leading
folders, start elsewhere) the one that finds the most images holds for the whole file; what it does not find is a row
that cannot be opened, never an image of another name.
"""

import json
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from curate.errors import SourceError
from curate.i18n import Message, msg, nmsg
from curate.images import formats
from curate.shell import typed
from curate.sources import coco, fiftyone, label_studio, objects
from curate.sources.address import is_below, join, url
from curate.sources.annotated import Annotations, Labelled
from curate.sources.columns import TwoSplits
from curate.sources.records import Record, Skipped

_FORMS = (coco.read, fiftyone.read, label_studio.read)
_NAMES = frozenset({"labels.json", "samples.json", "_annotations.coco.json"})
"""What annotations are called in whichever folder they lie."""
_FOLDERS = frozenset({"annotations", "labels"})
_SAMPLE = 500
_STARTS = ("", "images/", "data/", "media/", "../", "../images/", "../data/")
"""Where names may start, as seen from the folder of the file."""
_FAR_STARTS = ("../../", "../../../", "../../../../")
"""Where paths that begin with folders may start as well: a server of files has them below a folder of its own."""

Names = Callable[[str], Mapping[str, str]]
"""Tells what lies in a folder: names of files by name, and by name without its ending where that means one file."""


class Reading(NamedTuple):
    """One way to read the names in a file: leave out so many leading folders, and start there."""

    leave_out: int
    start: str

    def path(self, here: str, name: str) -> str:
        """Return the path that a name means, for a file that lies in the folder `here`."""
        parts = name.lstrip("/").split("/")
        kept = "/".join(parts[min(self.leave_out, len(parts) - 1) :])
        return posixpath.normpath(posixpath.join(here, self.start, kept))


@dataclass(frozen=True, slots=True)
class Described:
    """Records with the classes that annotations say, the files that were read or left out, and notes."""

    records: list[Record]
    skipped: list[Skipped]
    notes: list[Message]


def load(address: str, where: str) -> Annotations | None:
    """Read a file of annotations; None where it is none in a known form.

    Raises `SourceError` where it is no JSON, or holds what is not read.
    """
    try:
        data = objects.fetch(address) if url(address) else Path(address).read_bytes()
        document = json.loads(data or b"")
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{address} cannot be read as JSON ({error}); export it again") from error
    return understood(document, where)


def understood(document: Any, where: str) -> Annotations | None:
    """Read a JSON document in the first form that knows it; None where none does."""
    try:
        return next((found for read in _FORMS if (found := read(document, where)) is not None), None)
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # nested otherwise than its form says
        raise SourceError(f"{where} is not as its form has it ({error!r}); export it again") from error


def names_of(files: Iterable[str]) -> dict[str, str]:
    """Index the names of the files of a folder, by name and, of images, by name without its ending."""
    names = list(files)
    stems: dict[str, list[str]] = {}
    for name in names:
        stem, ending = posixpath.splitext(name)
        if ending.lower() in formats.FORMAT_OF_EXTENSION:
            stems.setdefault(stem, []).append(name)
    alone = {stem: found[0] for stem, found in stems.items() if len(found) == 1}
    return alone | {name: name for name in names}


def located(images: Sequence[Labelled], file: str, names: Names) -> tuple[list[str], int]:
    """Return the path of each image that `file` names, and how many of them are there.

    URLs stay as they are, and count as there. Names are read as Windows means them where that finds more.
    """
    found = _located(images, file, names)
    if found[1] < len(images) and any("\\" in image.name for image in images):
        posix = [image._replace(name=image.name.replace("\\", "/")) for image in images]
        return max(found, _located(posix, file, names), key=lambda reading: reading[1])
    return found


def _located(images: Sequence[Labelled], file: str, names: Names) -> tuple[list[str], int]:
    here, name = posixpath.split(file)
    word = posixpath.splitext(name)[0].rpartition("_")[2]  # of instances_train2017.json, the images of train2017/
    reading = _best_reading(images, here, names, (f"{word}/", f"../{word}/"))
    paths, count = [], 0
    for image in images:
        is_whole = url(image.name) or (image.name.startswith("/") and _found(image.name, names))
        path = image.name if is_whole else reading.path(here, image.name)
        found = path if is_whole else _found(path, names)
        paths.append(found or path)
        count += found is not None
    return paths, count


def _best_reading(images: Sequence[Labelled], here: str, names: Names, extra: Sequence[str] = ()) -> Reading:
    sample = [image.name for image in images[:: max(1, len(images) // _SAMPLE)] if not url(image.name)]
    depth = max((name.strip("/").count("/") for name in sample), default=0)
    best, most = Reading(0, ""), 0
    for leave_out in range(depth + 1):
        for start in (*_STARTS, *extra, *(() if leave_out or not depth else _FAR_STARTS)):
            reading = Reading(leave_out, start)
            found = {_found(reading.path(here, name), names) for name in sample} - {None}
            if len(found) > most:
                best, most = reading, len(found)
        if most == len(sample):
            break
    return best


def _found(path: str, names: Names) -> str | None:
    folder, name = posixpath.split(path)
    real = names(folder).get(name)
    return None if real is None else posixpath.join(folder, real)


def beside(root: str, records: Sequence[Record], others: Collection[str]) -> Described:
    """Give records of a folder the classes that annotations among its `others` say.

    An image that they do not name has no class where one that they name lies in the same folder. Raises `SourceError`
    where annotations cannot be read, or name nothing that is there.
    """
    described = Described(list(records), [], [])
    files = list(_candidates([record.path for record in records], others))
    if not files:
        return described
    by_folder: dict[str, list[str]] = {}
    for record in records:
        folder, name = posixpath.split(record.path)
        by_folder.setdefault(folder, []).append(name)
    names = cache(lambda folder: names_of(by_folder.get(folder, ())))
    told: dict[str, Record] = {}
    known = {record.path: record for record in records}
    lost: list[str] = []
    for file in files:
        annotations = _load_beside(root, file)
        if annotations is None:
            continue
        paths, count = located(annotations.images, file, names)
        if not count:
            lost += [file] if _is_certain(file, annotations) else []
            continue
        described.skipped.append(Skipped(file, msg("{form} annotations: read for its labels", form=annotations.form)))
        described.notes.extend(annotations.notes)
        against = TwoSplits()
        for path, image in zip(paths, annotations.images, strict=True):
            of_file = known.get(path)
            _tell(told, described.skipped, of_file, path, image)
            against.take(path, of_file.split if of_file else None, image.split, counted=image.split)
        described.notes.extend(against.notes(file))
    if lost and not told:
        raise SourceError(
            f"{join(root, lost[0])} names no image that lies with it; give the folder that holds both, or leave it out "
            f"with {typed('--exclude', posixpath.basename(lost[0]))}"
        )
    described.skipped.extend(Skipped(file, msg("none of the images that it names is here")) for file in lost)
    return _merged(described, told)


def _tell(told: dict[str, Record], skipped: list[Skipped], known: Record | None, path: str, image: Labelled) -> None:
    """Note what one image is said to be."""
    if url(path) or not is_below(path):
        skipped.append(Skipped(path, msg("annotations name a file outside the folder")))
        return
    of_file = known or Record(path, None, None, 0, 0)
    split = image.split if image.says_split else image.split or of_file.split
    record = replace(of_file, label=image.label, split=split)
    first = told.setdefault(path, record)
    if (first.label, first.split) != (record.label, record.split):
        skipped.append(Skipped(path, msg("annotations give it two classes; the first counts")))


def _merged(described: Described, told: Mapping[str, Record]) -> Described:
    """Put the records together: those that annotations name, and the others."""
    folders = {posixpath.dirname(path) for path in told}
    records, unnamed = dict(told), 0
    for record in described.records:
        if record.path in told:
            continue
        of_annotated = posixpath.dirname(record.path) in folders
        unnamed += of_annotated
        records[record.path] = replace(record, label=None) if of_annotated else record
    notes = list(described.notes)
    if unnamed:
        notes.append(
            nmsg(
                "{n} image is not named by the annotations beside it, and counts as having no class.",
                "{n} images are not named by the annotations beside them, and count as having no class.",
                unnamed,
            )
        )
    return replace(described, records=[records[path] for path in sorted(records)], notes=notes)


def _candidates(images: Sequence[str], others: Iterable[str]) -> Iterator[str]:
    """Select the JSON files that may be annotations of many images; one beside an image of its name is about that."""
    stems: set[str] = set()
    for path in sorted(others):
        pure = PurePosixPath(path)
        if pure.suffix.lower() != ".json":
            continue
        at_top = len(pure.parts) == 1 or pure.parent.name.lower() in _FOLDERS
        if pure.name.lower() in _NAMES:
            yield path
        elif at_top:
            stems = stems or {posixpath.splitext(image)[0] for image in images}
            if str(pure.with_suffix("")) not in stems:
                yield path


def _load_beside(root: str, file: str) -> Annotations | None:
    """Read one candidate; what is called otherwise than annotations are, and is no JSON, is none."""
    try:
        return load(join(root, file), file)
    except SourceError as error:
        if isinstance(error.__cause__, OSError | ValueError) and not _is_named(file):
            return None
        raise


def _is_named(file: str) -> bool:
    return posixpath.basename(file).lower() in _NAMES


def _is_certain(file: str, annotations: Annotations) -> bool:
    return _is_named(file) or annotations.form == "COCO"
