"""What caching the frozen trunk saves: `pytest tests/benchmarks/test_training.py -s`."""

import time
from dataclasses import replace

import numpy as np
import pytest

from tests import sample_images

pytest.importorskip("torch")

from curate.train import loop

COUNT, EPOCHS, MEASURED = 720, 20, 2


def test_training_on_cached_activations_beside_training_through_the_network() -> None:
    images = np.stack([sample_images.photo(seed, 224, 224) for seed in range(COUNT)])
    targets = [seed % 3 for seed in range(COUNT)]
    seconds: dict[bool, float] = {}
    last: dict[bool, float] = {}
    for cached in (True, False):
        fitted = loop.fresh("lite0", ["a", "b", "c"], 0)
        recipe = replace(loop.REFERENCE, epochs=EPOCHS if cached else MEASURED)
        started = time.perf_counter()
        part = loop.labelled(fitted.pretrained, images, targets, cached=cached)
        forward = time.perf_counter() - started
        for _ in loop.fit(fitted, part, part.take(range(32)), recipe):
            pass
        seconds[cached] = time.perf_counter() - started
        last[cached] = fitted.epochs[MEASURED - 1].train_loss
        if cached:
            print(
                f"\none forward pass of {COUNT}: {forward:.1f} s; {EPOCHS} cached epochs: {seconds[True]:.1f} s in all"
            )
    through = seconds[False] / MEASURED * EPOCHS
    print(
        f"through the network: {seconds[False] / MEASURED:.1f} s an epoch, {through:.0f} s for {EPOCHS} "
        f"(from {MEASURED} measured); cached is {through / seconds[True]:.1f} times as fast; "
        f"losses differ by {abs(last[True] - last[False]):.1e}"
    )
    assert abs(last[True] - last[False]) < 1e-5
