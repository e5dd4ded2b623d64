"""Small sets of images that quick runs are trained on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from curate.train import fitting, loop
from curate.train.data import Preprocessing
from curate.train.recipes import Run
from tests import sample_images

QUICK = replace(loop.REFERENCE, epochs=1, batch_size=4, weights="none", preprocessing=Preprocessing(input_px=32))


def draw(root: Path, *splits: str, each: int = 4) -> Path:
    """Dark cats and bright dogs of 64 px, so many of each in every split."""
    for number, split in enumerate(splits):
        for index in range(each):
            for label, shade in (("cats", 0), ("dogs", 150)):
                seed = 1000 * number + 10 * index + shade
                image = sample_images.photo(seed, 64, 64) // 3 + shade
                sample_images.save(image.astype(np.uint8), root / split / label / f"{index}.png")
    return root


def fit(source: Path, output: Path, config: loop.TrainConfig = QUICK, **how: Any) -> list[str]:
    said: list[str] = []
    fitting.fit(Run(source=source, output=output, config=config, **how), say=said.append)
    return said
