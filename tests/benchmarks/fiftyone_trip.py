"""FiftyOne's own importer and exporters, run by the Python that it is installed in: `fiftyone_trip.py EXPORT OUT`.

It wants its database: `FIFTYONE_DATABASE_URI`, where the package has brought none.
"""

import json
import sys
from pathlib import Path
from typing import Any


def trip(export: Path, out: Path) -> dict[str, Any]:
    """Import what `curate export --as fiftyone` wrote, export it in three forms of FiftyOne's, and say what came in."""
    import fiftyone as fo

    name = "curate-trip"
    if name in fo.list_datasets():
        fo.delete_dataset(name)
    dataset = fo.Dataset.from_dir(str(export), dataset_type=fo.types.FiftyOneDataset, name=name)
    samples = [
        (sample.filepath, sample.sha256, sample.ground_truth.label, sample.split, sample.tags)
        for sample in dataset.iter_samples()
    ]
    fields = dataset.get_field_schema(embedded_doc_type=fo.Classification)
    kinds = {field: dataset.count(f"{field}.label") for field in fields if field != "ground_truth"}
    dataset.export(str(out / "whole"), dataset_type=fo.types.FiftyOneDataset, export_media=True)
    classes = {"label_field": "ground_truth"}
    dataset.export(str(out / "labels"), dataset_type=fo.types.FiftyOneImageClassificationDataset, **classes)
    dataset.export(str(out / "tree"), dataset_type=fo.types.ImageClassificationDirectoryTree, **classes)
    fo.delete_dataset(name)
    return {"version": fo.__version__, "samples": samples, "kinds": kinds}


if __name__ == "__main__":
    told = trip(Path(sys.argv[1]), Path(sys.argv[2]))
    (Path(sys.argv[2]) / "told.json").write_text(json.dumps(told))
