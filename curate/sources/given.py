"""Datasets given as objects of Python, as an address to audit: what `datasets` and torchvision have loaded.

Invariant: the same content gives the same files with the same times, so that an audit of it measures nothing twice.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from curate.errors import SourceError
from curate.sources import parquet
from curate.sources.columns import SPLIT_COLUMNS, column_called, split_name
from curate.sources.hub import split_of
from curate.sources.layout import classes_of
from curate.storage.atomic import atomic_folder, explained

_ROWS = 100
"""Rows of a group: `datasets` has as many where there are images."""


def address_of(dataset: object, folder: Path) -> str:
    """Return where the images of a dataset object lie; those that lie nowhere are written below `folder`.

    A `DatasetDict` has the splits that its keys name, a `Dataset` has none. Raises `SourceError` for any other object.
    """
    if isinstance(dataset, Mapping) and dataset and all(map(_is_dataset, dataset.values())):
        return _written({str(split): part for split, part in dataset.items()}, folder)
    if _is_dataset(dataset):
        return _written({None: dataset}, folder)
    if all(hasattr(dataset, name) for name in ("root", "classes", "samples")):
        return _of_image_folder(dataset)
    raise SourceError(
        f"a {type(dataset).__name__} is no source of images; give a path, a URL, a Dataset or DatasetDict of "
        "datasets that is not streamed, or an ImageFolder of torchvision"
    )


def _is_dataset(value: object) -> bool:
    return all(hasattr(value, name) for name in ("features", "with_format", "select_columns", "__len__"))


def _of_image_folder(dataset: Any) -> str:
    """Return the root of an `ImageFolder`; raises where its classes are not what its folders say."""
    root = Path(dataset.root).absolute()
    paths = [Path(path).absolute().relative_to(root).as_posix() for path, _ in dataset.samples]
    wanted = [dataset.classes[number] for _, number in dataset.samples]
    if [place.label for place in classes_of(paths)] != wanted:
        raise SourceError(
            f"the classes of the ImageFolder in {root} are not those of its folders as they are read here; give a list "
            "(.csv) with path and label"
        )
    return str(root)


def _written(parts: Mapping[str | None, Any], folder: Path) -> str:
    """Write one Parquet file a split, and return their folder; where the same lies there already it stays."""
    with atomic_folder(folder / "new") as partial:
        for number, (split, part) in enumerate(parts.items()):
            name = f"{split}-00000-of-00001.parquet"
            if split is not None and split_of(name) == split_name(split):
                _write(part, partial / name, None)
            else:  # a name that files cannot say
                _write(part, partial / f"data-{number:05}-of-{len(parts):05}.parquet", split)
    digest = hashlib.sha256()
    for file in sorted((folder / "new").iterdir()):
        with file.open("rb") as opened:
            digest.update(f"{file.name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    final = folder / digest.hexdigest()[:16]
    with explained(folder):
        if final.is_dir():
            shutil.rmtree(folder / "new")
        else:
            (folder / "new").replace(final)
        for other in folder.iterdir():
            if other != final:
                shutil.rmtree(other)
    return str(final)


def _write(dataset: Any, path: Path, split: str | None) -> None:
    """Write a dataset to `path`, with a column of the `split` where one is given and it has no such column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    called = repr(split or path.stem.partition("-")[0])
    columns = parquet.columns_in(dataset.features.arrow_schema, f"the dataset {called}")
    if columns is None:
        raise SourceError(f"the dataset {called} has no column of images; its columns are {list(dataset.features)}")
    image = columns.data.partition(".")[0] if columns.path else columns.data
    names = [image, *(name for name in (columns.label, columns.split, *columns.further) if name)]
    chosen = dataset.select_columns(names)
    schema = chosen.features.arrow_schema
    further = {} if split is None or column_called(names, SPLIT_COLUMNS[:1]) else {SPLIT_COLUMNS[0]: split}
    for name in further:
        schema = schema.append(pa.field(name, pa.string()))
    with pq.ParquetWriter(path, schema) as writer:
        for table in chosen.with_format("arrow").iter(batch_size=_ROWS):
            cells = pa.array(list(_with_bytes(table[image].to_pylist())), type=schema.field(image).type)
            arrays = [cells if name == image else table[name].combine_chunks() for name in chosen.features]
            arrays += [pa.array([value] * len(cells), pa.string()) for value in further.values()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _with_bytes(images: list[Any]) -> Iterator[Any]:
    """Yield images with the bytes of the files that they name; one whose file cannot be read stays without."""
    for image in images:
        if isinstance(image, dict) and image.get("bytes") is None and image.get("path"):
            try:
                yield {**image, "bytes": Path(image["path"]).read_bytes()}
                continue
            except OSError:
                pass
        yield image
