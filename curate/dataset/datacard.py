"""What lies beside a dataset for whoever finds it: a data card with front matter, and Croissant metadata. Pure.

The same images give the same text, wherever it lies: neither has a date or the name of a folder in it.
"""

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from curate._version import __version__
from curate.dataset.parquet_layout import series_of
from curate.i18n import counted
from curate.images import formats
from curate.options import Layout
from curate.storage.markdown import escape_signs
from curate.storage.names import printable

CARD, CROISSANT = "README.md", "croissant.json"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_FORMS: Mapping[str, str] = {
    "folder": "One folder a class, below one a split where every image has one.",
    "imagefolder": "`datasets.load_dataset('imagefolder', data_dir=FOLDER)` reads it.",
    "webdataset": "Tar shards for `webdataset`: an image, its `.cls` and its `.json` are one sample.",
    "parquet": "`datasets.load_dataset(FOLDER)` reads it, with the images and the names of the classes.",
    "fiftyone": "`fiftyone.Dataset.from_dir(FOLDER, dataset_type=fiftyone.types.FiftyOneDataset)` reads it: the class "
    "is `ground_truth`, and each kind of finding is a field of its own.",
    "label-studio": "Make a project with `config.xml` and import `tasks.json`; Label Studio has to run with "
    "`LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true` and `LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=FOLDER`, and the "
    "project needs a local storage that begins at `FOLDER/images`. Doubtful labels are asked, the others answered. "
    "`curate decide WS --from-label-studio FILE` takes the answers, exported as JSON.",
}
_PACKED: Mapping[str, tuple[Any, Any]] = {
    "parquet": ("application/x-parquet", "data/*.parquet"),
    "webdataset": ("application/x-tar", "*.tar"),
}
_OWN = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OWN},
}
"""The context that Croissant 1.0 prescribes."""


def documents(images: pd.DataFrame, layout: Layout) -> dict[str, str]:
    """Write the documents of an export by name; `images` are its rows, with `final_label`, `split`, `exported_path`."""
    said = f"{counted(len(images), 'image')} of an approved manifest, written by imagecurate {__version__}."
    sums = "`sha256sums.txt` holds the sum of every file: `curate verify FOLDER` or `sha256sum -c sha256sums.txt`."
    configs = _configs(images) if layout == "parquet" else []
    return {
        CARD: _card(images, "Cleaned images", [f"{said} {_FORMS[layout]}"], [sums], configs),
        CROISSANT: _croissant(images, layout, "cleaned-images", said),
    }


def documents_of_set(images: pd.DataFrame) -> dict[str, str]:
    """Write the documents of a built training set by name; the same columns."""
    said = f"{counted(len(images), 'image')}, built by imagecurate {__version__} from an approved manifest."
    how = "One folder a split, below it one a class. `manifest.csv` names the origin of every image, `CARD.md` the how."
    return {
        CARD: _card(images, "Training set", [f"{said} {how}"]),
        CROISSANT: _croissant(images, "folder", "training-set", said),
    }


def _card(
    images: pd.DataFrame, title: str, text: Sequence[str], below: Sequence[str] = (), configs: Sequence[str] = ()
) -> str:
    """Write Markdown with the front matter that the Hugging Face Hub reads."""
    size = next((text for limit, text in _SIZES if len(images) < limit), "n>1M")
    front = [f"pretty_name: {title}", "task_categories:", "- image-classification"]
    front += ["size_categories:", f"- {size}", *configs]
    parts = ["---", *front, "---", "", f"# {title}", "", *text, "", *_table(images), ""]
    return "\n".join([*parts, *(line for sentence in below for line in (sentence, ""))])


def _croissant(images: pd.DataFrame, layout: Layout, name: str, description: str) -> str:
    """Write Croissant 1.0 metadata (mlcommons.org/croissant): the files, and what a record is.

    A record of Parquet has an image and the number of its class; one of images that lie
    open has the image and its path, and the class where every image lies in the folder of its class.
    """
    media, pattern = _PACKED.get(layout) or _media_and_patterns(images)
    files = {"@type": "cr:FileSet", "@id": "files", "name": "files", "encodingFormat": media, "includes": pattern}
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [files],
        "recordSet": _records(images, layout),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _media_and_patterns(images: pd.DataFrame) -> tuple[list[str], list[str]]:
    """List the media types of images that lie open, and patterns for their names, one for each ending."""
    endings = sorted({posixpath.splitext(path)[1] for path in images["exported_path"]})
    known = [formats.FORMAT_OF_EXTENSION.get(ending.lower()) for ending in endings]
    media = {f"image/{name.lower()}" if name else "application/octet-stream" for name in known}
    return sorted(media), [f"**/*{ending}" for ending in endings]


def _records(images: pd.DataFrame, layout: Layout) -> list[dict[str, Any]]:
    if layout == "webdataset":
        return []
    if layout == "parquet":
        fields = [_field("image", "sc:ImageObject", {"column": "image"}, {"jsonPath": "bytes"})]
        if images["final_label"].notna().any():
            fields.append(_field("label", "sc:Integer", {"column": "label"}))
    else:
        fields = [
            _field("image", "sc:ImageObject", {"fileProperty": "content"}),
            _field("path", "sc:Text", {"fileProperty": "fullpath"}),
        ]
        parents = [path.split("/")[-2] if "/" in path else None for path in images["exported_path"]]
        if parents == list(images["final_label"]):
            fields.append(
                _field("label", "sc:Text", {"fileProperty": "fullpath"}, {"regex": "^(?:.*/)?([^/]+)/[^/]+$"})
            )
    return [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": fields}]


def _field(name: str, kind: str, extract: dict[str, str], transform: dict[str, str] | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": "files"}, "extract": extract}
    if transform:
        source["transform"] = transform
    return {"@type": "cr:Field", "@id": f"images/{name}", "name": name, "dataType": kind, "source": source}


def _configs(images: pd.DataFrame) -> list[str]:
    lines = ["configs:", "- config_name: default", "  data_files:"]
    for series in sorted({series_of(split) for split in images["split"]}):
        lines += [f"  - split: {series}", f"    path: data/{series}-*.parquet"]
    return lines


def _table(images: pd.DataFrame) -> list[str]:
    labels = images["final_label"].fillna("(no class)")
    counts = pd.crosstab(labels, images["split"].fillna("(no split)"))
    heads = [*map(cell, counts.columns), "all"]
    lines = ["| class | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for label, row in counts.iterrows():
        lines.append(f"| {cell(label)} | " + " | ".join(str(value) for value in row) + f" | {row.sum()} |")
    return lines


def cell(text: object) -> str:
    """Write a name as one cell of a table in Markdown: as it is, whatever it would be to Markdown or to the eye."""
    return printable(escape_signs(" ".join(str(text).split()))) or "(blank)"
