"""Forms of dataset that are known by their look and not read: each is refused by name, with the way out.

Read as folders they would become one class called `images`, or a folder full of files that are no images.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from itertools import chain, islice
from typing import NamedTuple

from curate.errors import SourceError
from curate.i18n import Message, msg
from curate.images import formats
from curate.shell import typed
from curate.sources import objects
from curate.sources.address import join
from curate.sources.records import split_called

_WAY_OUT = "give a folder of images per class, or a list (.csv) with path and label"
_PARTNERS = 0.5
"""Share of the images with a file of annotations of their own from which on these are what the dataset is about."""
_HEAD_BYTES = 2048
_LOOKED_INTO = 100
"""Files that say something of which one has to be of a form; empty ones, of images without objects, say nothing."""
_BOX = re.compile(rb"\s*\d+(?:\s+-?\d*\.?\d+(?:e-?\d+)?){4,}\s*(?:\n|\r|$)")

_LIST_AND_NUMBER = re.compile(r"([ _-]?(list|split|images|files))?[ _-]?\d*$")
"""What follows the name of a split in that of a list, as in `train_list.txt` or `test1.txt`."""
_FIRST_FIELD = re.compile(r"[\s,;]+")
_LISTS = 3
"""Lists of splits that a note names."""


class _Packed(NamedTuple):
    """A form that is known by the names of its files: all that a folder holds."""

    name: str
    pattern: re.Pattern[str]
    way_out: str


_PACKED = (
    _Packed(
        "TFRecord", re.compile(r"\.tfrecords?(-\d+-of-\d+)?(\.gz)?$"), "write its images out with tensorflow_datasets"
    ),
    _Packed(
        "Arrow, as datasets.save_to_disk writes it",
        re.compile(r"\.arrow$"),
        "datasets.load_from_disk(FOLDER).to_parquet('train.parquet'), and give that",
    ),
    _Packed("LMDB", re.compile(r"(^|/)data\.mdb$"), "write its images out"),
    _Packed("MXNet RecordIO", re.compile(r"\.rec$"), "unpack it with im2rec"),
    _Packed("HDF5", re.compile(r"\.(h5|hdf5)$"), "write its images out"),
    _Packed("FFCV", re.compile(r"\.beton$"), "give the images that it was made of"),
    _Packed("NumPy arrays", re.compile(r"\.np[yz]$"), "write its images out"),
    _Packed("IDX, as MNIST has it", re.compile(r"-idx[13]-ubyte(\.gz)?$"), "write its images out"),
    _Packed("CIFAR batches", re.compile(r"(^|/)(data_batch_\d|test_batch)(\.bin)?$"), "write its images out"),
)


class _Boxes(NamedTuple):
    """A form that has a file of objects for each image with some; `lists` are names of files that list its classes."""

    name: str
    suffix: str
    looks_like: Callable[[bytes], bool]
    lists: frozenset[str] = frozenset()
    may_be_empty: bool = False
    """Whether an empty file is one of an image without objects."""


_VOC = _Boxes("Pascal VOC", ".xml", lambda head: b"<annotation" in head)
_YOLO = _Boxes(
    "YOLO detection",
    ".txt",
    lambda head: _BOX.match(head) is not None,
    frozenset({"classes.txt", "obj.names", "data.yaml", "data.yml", "dataset.yaml"}),
    may_be_empty=True,
)
_IMAGES_BESIDE = {"labels": ("images", "Images"), "annotations": ("JPEGImages", "images", "Images")}
"""The folders whose images the files in a folder of that name are about, path by path."""


def refuse(root: str, images: Sequence[str], others: Collection[str]) -> list[Message]:
    """Raise `SourceError` where images and other files lie as in a form that is not read; note what only may be one.

    `images` and `others` are paths below `root`; of the others a few are looked into.
    """
    if not any(map(_has_image_name, images)):
        _refuse_packed(root, [*others, *images])
    for path in others:
        if posixpath.basename(path).lower() == "annotations.xml" and b"<annotations" in _head(root, path):
            raise SourceError(
                f"{join(root, path)} is CVAT for images, which is not read; export it from CVAT as COCO, or {_WAY_OUT}"
            )
    return [*_partners(root, images, others, _VOC), *_partners(root, images, others, _YOLO)]


def _refuse_packed(root: str, paths: Sequence[str]) -> None:
    for form in _PACKED:
        packed = next((path for path in paths if form.pattern.search(path.lower())), None)
        if packed is not None:
            raise SourceError(f"{join(root, packed)} is {form.name}, which is not read; {form.way_out}")


def _partners(root: str, images: Sequence[str], others: Collection[str], form: _Boxes) -> list[Message]:
    """Look for files of objects that are called as images are, beside them or elsewhere.

    Raises `SourceError` where most images have one, or where it lies as the form has it: an image without one shows no
    object there, and nor does one whose file is empty, even if all are. Returns a note where a few lie beside images,
    which may be of any dataset.
    """
    files = [path for path in others if path.lower().endswith(form.suffix)]
    if not files:
        return []
    stems = {posixpath.splitext(path)[0] for path in images}
    names = {posixpath.basename(stem) for stem in stems}
    partners = [path for path in files if posixpath.splitext(posixpath.basename(path))[0] in names]
    mirrored = [path for path in partners if _mirrors(posixpath.splitext(path)[0], stems)]
    is_said = any(posixpath.basename(path).lower() in form.lists for path in others)
    are_many = len(partners) >= _PARTNERS * len(images)
    is_form = bool(mirrored) or is_said or are_many
    heads = ((path, _head(root, path)) for path in mirrored or partners)
    telling = islice(((path, head) for path, head in heads if head.strip()), _LOOKED_INTO)
    first = next(telling, None)
    if first is None and form.may_be_empty and (mirrored or (is_said and are_many)):
        raise _refused(root, (mirrored or partners)[0], form)
    known = next((path for path, head in chain(filter(None, [first]), telling) if form.looks_like(head)), None)
    if known is None:
        return []
    if not is_form:
        return [
            msg(
                "{file} looks like {form}, objects in images, which is not read; few images have such a file, so "
                "folders count as classes.",
                file=known,
                form=form.name,
            )
        ]
    raise _refused(root, known, form)


def _refused(root: str, file: str, form: _Boxes) -> SourceError:
    without = typed("--exclude", f"*{posixpath.splitext(file)[1]}")
    return SourceError(
        f"{join(root, file)} is {form.name}: objects in images, of which one class an image is read; cut the objects "
        f"out, or {_WAY_OUT} (with {without} folders count as classes)"
    )


def lists_of_splits(root: str, images: Sequence[str], others: Collection[str]) -> list[Message]:
    """Note files such as `train.txt` that name images, whose splits nobody reads; none where an image has a split."""
    called_so = sorted(filter(_is_called_as_list_of_split, others))
    names = {_bare(path) for path in images} if called_so else set()
    files = [path for path in called_so if _names_images(root, path, names)]
    if not files:
        return []
    return [
        msg(
            "Splits seem to be listed in {files}; such files are not read, and no image has a split. Give a list "
            "(.csv) with path, label and split, or a folder per split.",
            files=files[:_LISTS],
        )
    ]


def _is_called_as_list_of_split(path: str) -> bool:
    stem, suffix = posixpath.splitext(posixpath.basename(path).lower())
    return suffix in (".txt", ".lst", ".csv") and split_called(_LIST_AND_NUMBER.sub("", stem)) is not None


def _names_images(root: str, path: str, names: Collection[str]) -> bool:
    """Say whether most lines at the beginning of a file begin with an image, with or without extension or folder."""
    head = _head(root, path)
    lines = head.decode("utf-8", "replace").splitlines()[: -1 if len(head) == _HEAD_BYTES else None]
    written = [line.strip().replace("\\", "/") for line in lines if line.strip()]
    known = [any(_bare(text) in names for text in (line, *_FIRST_FIELD.split(line, 1)[:1])) for line in written]
    return sum(known) > len(known) / 2


def _bare(path: str) -> str:
    """Return the name of an image without the extension that lists leave out."""
    name = posixpath.basename(path.strip("\"'"))
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in formats.FORMAT_OF_EXTENSION else name


def _mirrors(stem: str, images: Collection[str]) -> bool:
    """Say whether a file lies below a folder of labels as an image of its name does below one of images."""
    parts = stem.split("/")
    return any(
        "/".join([*parts[:depth], folder, *parts[depth + 1 :]]) in images
        for depth, part in enumerate(parts[:-1])
        for folder in _IMAGES_BESIDE.get(part.lower(), ())
    )


def _has_image_name(path: str) -> bool:
    return posixpath.splitext(path.lower())[1] in formats.FORMAT_OF_EXTENSION


def _head(root: str, path: str) -> bytes:
    try:
        return objects.head(join(root, path), _HEAD_BYTES)
    except OSError:
        return b""
