"""The images of a run's test part that its network is surest about, and wrong, with a small picture of each."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from curate.sources import source_at
from curate.train import data
from curate.train.data import Sample, Unreadable
from curate.train.loop import Floats

LIMIT = 24
SIDE_PX = 160
_QUALITY = 80


def surest(samples: Sequence[Sample], classes: Sequence[str], probabilities: Floats) -> list[dict[str, Any]]:
    """Return up to `LIMIT` wrong predictions of samples, (n, classes), the surest first, as JSON has them.

    `preview` is a JPEG in base64, its longer side `SIDE_PX` at most; None where the file cannot be read any more.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = [row for row, sample in enumerate(samples) if classes[predicted[row]] != sample.label]
    chosen = sorted(wrong, key=lambda row: (-float(confidence[row]), samples[row].address))[:LIMIT]
    return [
        {
            "path": samples[row].path,
            "label": samples[row].label,
            "predicted": classes[predicted[row]],
            "confidence": round(float(confidence[row]), 6),
            "preview": _preview(samples[row]),
        }
        for row in chosen
    ]


def _preview(sample: Sample) -> str | None:
    image = data.read(source_at(sample.source), sample)
    if isinstance(image, Unreadable):
        return None
    picture = Image.fromarray(np.ascontiguousarray(image.rgb))
    picture.thumbnail((SIDE_PX, SIDE_PX))
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=_QUALITY)
    return base64.b64encode(made.getvalue()).decode()
