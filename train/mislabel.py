"""Which labels a network does not believe: every image predicted by one that has not seen it.

The dataset is cut into folds, duplicates kept together and classes in proportion; each fold is predicted by a network
trained on the others. cleanlab's confident learning (Northcutt, Jiang and Chuang, JAIR 2021) says from these
predictions how well each label fits.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.errors import ConfigError, MissingExtraError, SourceError
from curate.schema import DecodeStatus
from curate.storage.atomic import refuse_unwritable
from curate.storage.workspace import Workspace, write_arrow
from curate.train import loop, parts, weights
from curate.train.contents import with_prevalent_copies
from curate.train.data import Sample
from curate.train.fitting import prepare
from curate.train.listing import from_audit
from curate.train.loop import TrainConfig
from curate.train.watching import Progress, Say, silent, unsaid

FOLDS = 5
CONFIG = TrainConfig(name="mislabel", epochs=4)
"""A frozen trunk and few epochs: a network that has learned its training images by heart believes every label."""


def mislabel(
    workspace: Path,
    config: TrainConfig = CONFIG,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    progress: Progress = silent,
    say: Say = unsaid,
) -> Path:
    """Write `predictions.parquet` to the workspace of an audit; `curate judge` then flags the suspected labels.

    One row per readable image with a label: `path`, `sha256`, `label`, `predicted` (the likeliest class),
    `confidence` (its probability), `given_confidence` (that of the label), `label_quality` (0..1), `issue`
    (whether cleanlab's defaults call it a label issue) and `probabilities`. An image without others of its class, but
    for copies of it, has none: a network that was trained without a class never sees it. Raises `ConfigError` for fewer
    than two classes, `SourceError` where no image is left to ask about, or one cannot be read any more or has changed
    since the audit.
    """
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise MissingExtraError('label checks need one more package: pip install "imagecurate[train]"') from error
    if config.weights not in weights.NAMES:
        say(
            f"note: where {config.weights} was trained on images of this dataset, it believes their labels; lite0 and "
            "imagenet have seen none of them"
        )
    ws = Workspace(workspace)
    images = ws.read_images()
    refuse_unwritable(ws.root)
    images = images[images["status"] != DecodeStatus.ERROR]
    samples = with_prevalent_copies(from_audit(images, ws.read_findings(), ws.read_audit()["root"]), ws)
    classes = sorted({sample.label for sample in samples})
    if len(classes) < 2:
        raise ConfigError("labels can only be doubted where there are at least two classes")
    fold_of = parts.folds(samples, folds, seed)
    asked = _trained_on(samples, fold_of)
    if not asked.any():
        raise SourceError("all images of each class are copies of one, too few to doubt their labels")
    probabilities = _out_of_fold(samples, classes, fold_of, config, seed=seed, progress=progress)
    if not asked.all():
        say(
            f"{int((~asked).sum()):,} images are not asked about: only copies of one another have their class, so no "
            "network that has not seen them knows it"
        )
    given = np.array([classes.index(sample.label) for sample in samples])
    likeliest = probabilities.argmax(axis=1)
    rows = np.arange(len(samples))
    table = pa.table(
        {
            "path": [sample.path for sample in samples],
            "sha256": [sample.sha256 for sample in samples],
            "label": [sample.label for sample in samples],
            "predicted": [classes[index] for index in likeliest],
            "confidence": probabilities[rows, likeliest].astype(np.float32),
            "given_confidence": probabilities[rows, given].astype(np.float32),
            "label_quality": get_label_quality_scores(given, probabilities).astype(np.float32),
            "issue": find_label_issues(given, probabilities),
            "probabilities": pa.array(list(probabilities.astype(np.float32)), pa.list_(pa.float32())),
        },
        metadata={"classes": "\n".join(classes), "weights": config.weights, "folds": str(folds), "seed": str(seed)},
    )
    write_arrow(table.filter(pa.array(asked)), ws.root / "predictions.parquet")
    return ws.root / "predictions.parquet"


def _trained_on(samples: Sequence[Sample], fold_of: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say of n images whether their class has any outside their own fold."""
    folds_of: dict[str, set[int]] = defaultdict(set)
    for sample, fold in zip(samples, fold_of, strict=True):
        folds_of[sample.label].add(int(fold))
    return np.array([len(folds_of[sample.label]) > 1 for sample in samples])


def _out_of_fold(
    samples: Sequence[Sample],
    classes: list[str],
    fold_of: npt.NDArray[np.int64],
    config: TrainConfig,
    *,
    seed: int,
    progress: Progress,
) -> npt.NDArray[np.float64]:
    """Predict (n, classes) probabilities, each by a network that has not seen the image, nor a duplicate of it."""
    folds = int(fold_of.max()) + 1
    examples = prepare(loop.fresh(config.weights, classes, seed), samples, config, progress)
    probabilities = np.zeros((len(samples), len(classes)))
    for fold in range(folds):
        progress("training on the other folds", fold, folds)
        held_out, others = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        if not len(held_out):
            continue
        fitted = loop.fresh(config.weights, classes, seed + fold)
        test = examples.take(held_out.tolist())
        for _ in loop.fit(fitted, examples.take(others.tolist()), test, config, seed=seed + fold):
            pass
        probabilities[held_out] = fitted.test_probabilities
    progress("training on the other folds", folds, folds)
    return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))
