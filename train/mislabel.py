"""Which labels a network does not believe: every image predicted by one that has not seen it.

The dataset is cut into folds, copies kept together and classes in proportion; each fold is predicted by a network
trained on the others. cleanlab's confident learning (Northcutt, Jiang and Chuang, JAIR 2021) says from these
predictions how well each label fits.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.errors import ConfigError, MissingExtraError
from curate.schema import DecodeStatus
from curate.storage.workspace import Workspace, write_arrow
from curate.train import loop
from curate.train.data import Sample
from curate.train.fitting import Progress, prepare, silent
from curate.train.loop import TrainConfig

FOLDS = 5
CONFIG = TrainConfig(name="mislabel", epochs=4)
"""A frozen trunk and few epochs: a network that has learned its training images by heart believes every label."""


def mislabel(
    workspace: Path, config: TrainConfig = CONFIG, *, folds: int = FOLDS, seed: int = 0, progress: Progress = silent
) -> Path:
    """Write `predictions.parquet` to the workspace of an audit; `curate judge` then names the suspects.

    One row per readable image with a label: `path`, `sha256`, `label`, `predicted` (the likeliest class),
    `confidence` (its probability), `given_confidence` (that of the label), `label_quality` (0..1), `issue`
    (whether cleanlab's defaults call it a label issue) and `probabilities`. Raises `ConfigError` for fewer than
    two classes.
    """
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise MissingExtraError("label checks need one more package: pip install 'imagecurate[train]'") from error
    ws = Workspace(workspace)
    samples, hashes, root = _samples(ws)
    classes = sorted({sample.label for sample in samples})
    if len(classes) < 2:
        raise ConfigError("labels can only be doubted where there are at least two classes")
    found = _out_of_fold(samples, classes, config, folds=folds, seed=seed, progress=progress)
    given = np.array([classes.index(sample.label) for sample in samples])
    best = found.argmax(axis=1)
    at = np.arange(len(samples))
    table = pa.table(
        {
            "path": [sample.path.relative_to(root).as_posix() for sample in samples],
            "sha256": hashes,
            "label": [sample.label for sample in samples],
            "predicted": [classes[index] for index in best],
            "confidence": found[at, best].astype(np.float32),
            "given_confidence": found[at, given].astype(np.float32),
            "label_quality": get_label_quality_scores(given, found).astype(np.float32),
            "issue": find_label_issues(given, found),
            "probabilities": pa.array(list(found.astype(np.float32)), pa.list_(pa.float32())),
        },
        metadata={"classes": "\n".join(classes), "weights": config.weights, "folds": str(folds), "seed": str(seed)},
    )
    write_arrow(table, ws.root / "predictions.parquet")
    return ws.root / "predictions.parquet"


def _samples(workspace: Workspace) -> tuple[list[Sample], list[str], Path]:
    images, findings = workspace.read_images(), workspace.read_findings()
    images = images[(images["status"] != DecodeStatus.ERROR) & images["label"].notna()].sort_values("path")
    members = findings[findings["group_id"].notna()]
    group_of = dict(zip(members["path"], members["group_id"], strict=True))
    root = Path(workspace.read_audit()["root"])
    samples = [
        Sample(root / path, label, group_of.get(path, path))
        for path, label in zip(images["path"], images["label"], strict=True)
    ]
    return samples, images["sha256"].tolist(), root


def _out_of_fold(
    samples: Sequence[Sample], classes: list[str], config: TrainConfig, *, folds: int, seed: int, progress: Progress
) -> np.ndarray:
    """(n, classes) probabilities, each from a network that has not seen the image, nor a copy of it."""
    fold_of = assign_folds(samples, folds, seed)
    examples = prepare(loop.fresh(config.weights, classes, seed), samples, config, progress)
    found = np.zeros((len(samples), len(classes)))
    for fold in range(folds):
        progress("training on the other folds", fold, folds)
        own, others = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        if not len(own):
            continue
        fitted = loop.fresh(config.weights, classes, seed + fold)
        test = examples.take(own.tolist())
        for _ in loop.fit(fitted, examples.take(others.tolist()), test, config, seed=seed + fold):
            pass
        found[own] = fitted.test_probabilities
    progress("training on the other folds", folds, folds)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def assign_folds(samples: Sequence[Sample], folds: int, seed: int) -> np.ndarray:
    """(n,) fold numbers: groups whole, every class spread as evenly as its groups allow."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        groups[sample.group].append(index)
    order = sorted(groups)
    random.Random(seed).shuffle(order)  # noqa: S311  # a draw, not a secret
    result = np.zeros(len(samples), dtype=np.int64)
    held: dict[tuple[int, str], int] = defaultdict(int)
    for name in sorted(order, key=lambda name: -len(groups[name])):
        labels = [samples[index].label for index in groups[name]]
        fold = min(range(folds), key=lambda fold: (sum(held[fold, label] for label in labels), fold))
        for index, label in zip(groups[name], labels, strict=True):
            result[index] = fold
            held[fold, label] += 1
    return result
