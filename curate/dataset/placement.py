"""Where each image of an export lies: SPLIT/CLASS/name, so that its place says what it is. Pure.

Invariant: `sources.layout.classes_of`, which reads folders for an audit, gives back the class and split that the
manifest says, or `Placement.tables` asks for a table of them beside the images. No two images share a place, on systems
that take `A` and `a` for one name neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from curate.errors import SourceError
from curate.images import formats
from curate.sources import clutter
from curate.sources.classes import alike, folder_name, same_file, shortened
from curate.sources.layout import LabelAndSplit, classes_of
from curate.sources.records import split_called


class Kept(NamedTuple):
    """One image to be placed: its path, class and split in the source, its class now, and its content."""

    path: str
    label: str | None
    split: str | None
    final_label: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The path of each image in the export, in the order they were given.

    `by_split`: the first folder of each is its split. `tables`: folders alone do not say it all. `notes`: what a
    person should know of that, a line each.
    """

    paths: list[str]
    by_split: bool
    tables: bool
    notes: list[str]


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """Name the folder of each class; raises `SourceError` where two classes would share one."""
    label_of: dict[str, str] = {}
    for label in sorted(set(labels)):
        name = folder_name(label)
        other = label_of.setdefault(name, label)
        if other != label:
            raise SourceError(
                f"the classes {other!r} and {label!r} would share the folder {name!r}; relabel the images of one of "
                "them and write the manifest again"
            )
    return {label: name for name, label in label_of.items()}


def place(images: Sequence[Kept]) -> Placement:
    """Place images by split, where each has one, and by class; names that would meet are told apart by content."""
    by_split = bool(images) and all(image.split is not None for image in images)
    taken = _Names()
    paths = [taken.free(_place(image, by_split=by_split), image.sha256) for image in images]
    wanted = [LabelAndSplit(image.final_label, image.split) for image in images]
    untold = [got != want for got, want in zip(classes_of(paths), wanted, strict=True)]
    unseen = [not _is_listed(path) for path in paths]
    spellings = alike(image.final_label for image in images if image.final_label is not None)
    notes = []
    if any(untold):
        notes.append(
            f"folders cannot say class and split of every image ({sum(untold):,} not); metadata.csv beside them does"
        )
    if not by_split and any(image.split is not None for image in images):
        count = sum(image.split is None for image in images)
        notes.append(
            f"there are no folders of splits, since not every image has one (without: {count:,}); metadata.csv has them"
        )
    notes += [
        f"the classes {', '.join(map(repr, labels))} look like spellings of one; they stay apart here, but on other "
        "systems such folders become one. If they are one class, relabel the images of the others"
        for labels in spellings
    ]
    return Placement(paths, by_split, any(untold) or any(unseen) or bool(spellings), notes)


def _place(image: Kept, *, by_split: bool) -> PurePosixPath:
    """Return SPLIT/CLASS/name of an image, with the folders that it lies in below that of its class."""
    folders = [folder_name(image.split)] if by_split and image.split is not None else []
    *below, name = _below_class(image)
    if image.final_label is not None:
        folders += [folder_name(image.final_label), *map(folder_name, below)]
    return PurePosixPath(*folders, _file_name(name))


def _below_class(image: Kept) -> list[str]:
    """Return what of a path lies below the folder of the class; the name alone where no folder is called so."""
    *folders, name = image.path.split("/")
    start = next((at + 1 for at, folder in enumerate(folders) if _is_split(folder, image.split)), 0)
    for first in (start, 0):  # a class may be called as its split is, and lie in no folder of that
        if image.label in folders[first:]:
            return [*folders[folders.index(image.label, first) + 1 :], name]
    return [name]


def _is_split(folder: str, split: str | None) -> bool:
    return split is not None and (folder == split or split_called(folder) == split)


def _file_name(name: str) -> str:
    """Return the name of a file as every way of listing takes it for one of the dataset."""
    bare = PurePosixPath(name.replace("\\", "_").replace("\0", "_").lstrip("."))
    if bare.name in ("", "."):
        return "_"
    if clutter.of_file(bare.name):
        return f"_{bare.name}"
    suffix = bare.suffix if len(bare.suffix.encode()) <= _LONGEST_SUFFIX_BYTES else ""
    return shortened(bare.name.removesuffix(suffix)) + suffix


_LONGEST_SUFFIX_BYTES = 16


def _is_listed(path: str) -> bool:
    """Say whether the name of a file is enough for an audit to take it for an image."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in formats.FORMAT_OF_EXTENSION and not clutter.is_clutter(path)


class _Names:
    """The places that are taken, as file systems compare them; a file is in the way of a folder of its name too."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def free(self, target: PurePosixPath, sha256: str) -> str:
        """Take a place: the target, or one told apart from what is there by content, and then by number."""
        target = self._folder(target.parts[:-1]) / target.name
        if self._is_taken(target):
            target = target.with_name(f"{target.stem}-{sha256[:8]}{target.suffix}")
        while self._is_taken(target):
            target = target.with_name(f"{target.stem}_{target.suffix}")
        self._files.add(same_file(str(target)))
        self._folders.update(same_file(str(folder)) for folder in target.parents)
        return str(target)

    def _folder(self, parts: Sequence[str]) -> PurePosixPath:
        """Return the folder of these parts, another one where a file is in the way."""
        folder = PurePosixPath()
        for part in parts:
            folder /= part
            while same_file(str(folder)) in self._files:
                folder = folder.with_name(f"{folder.name}_")
        return folder

    def _is_taken(self, target: PurePosixPath) -> bool:
        name = same_file(str(target))
        return name in self._files or name in self._folders
