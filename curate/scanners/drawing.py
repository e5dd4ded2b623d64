"""Drawings: cartoons, clip art, emoji, renders, cards of text rather than photographs. Part of the profile `faces`.

What tells ink from light is how an image is made, not what it shows: strokes, flat fills, grain. The first layers of
EfficientNet-Lite0 see that in 64 pixels; the mean and the spread of each of their channels, which are known to carry
style (Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", ICCV 2017), go
through one linear classifier. A face of which the scanner of faces is sure speaks against a drawing. Where the whole
network has looked (`audit --embeddings`), a linear classifier on what it sees answers in its place: it is right more
often. Both were fitted on labelled web images (tests/benchmarks/fit_drawing.py), of which the weights are all that is
left.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.findings import Finding, KindSpec
from curate.i18n import N_, Message, msg
from curate.images.image import DecodedImage, Pixels
from curate.scanners import Scanner, lite0
from curate.scanners.embeddings import EMBEDDED_BY, EMBEDDING
from curate.schema import Category

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parent / "models" / "drawing.json"
FIRST_LAYERS = MODEL.with_name("lite0_first_layers.onnx")
CHANNELS = 240
"""Channels of their last layer, at an eighth of the side: the fewest layers that tell as well as many more do."""
SHARED_PX, SIDE_PX = 256, 64
"""The size that other scanners have made already, and the side of the square that the first layers are shown."""
SURE, AGAINST = 0.8, 1.0
"""How sure a face must be to speak against a drawing, and how much it takes from the log odds."""
UNSURE = (-0.5, 3.0)
"""Log odds of the style between which the whole network is asked: near misses, and all but what is plainly drawn, since
what it calls drawn is flagged."""
LEAST_SPREAD = 0.03
"""What is added to a spread before its logarithm is taken: some channels are the same everywhere."""
LEAST_PX = 100
"""Longer side below which nothing can be told: shrunk photographs have the few tones and hard edges of drawings."""
Floats = npt.NDArray[np.float64]


DRAWING = KindSpec(
    name="drawing",
    category=Category.UNSUITABLE,
    title=N_("Drawing"),
    meaning=N_("A drawing or graphic rather than a photograph."),
    message=N_(
        "Looks drawn or rendered rather than photographed: {score:.2f} by {judged_by} (threshold {threshold:g})."
    ),
)


class DrawingSettings(Settings):
    """How sure it must be."""

    min_score: float = Field(0.5, ge=0, le=1, description=N_("score from which on an image counts as drawn"))


class Drawing(Scanner):
    """Images that were drawn or rendered, not photographed."""

    name: ClassVar[str] = "drawing"
    version: ClassVar[int] = 7
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = (DRAWING,)
    settings_model: ClassVar[type[Settings]] = DrawingSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {"style": pa.float32(), "seen": pa.float32()}
    borrows: ClassVar[Mapping[str, str]] = {"boxes": "faces.boxes"}
    required_kinds: ClassVar[frozenset[KindSpec]] = frozenset(kinds)

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.profile == "faces"

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        if max(image.width, image.height) < LEAST_PX:
            return {"style": None, "seen": None}
        by_style = style_log_odds(image.fit(SHARED_PX))
        is_unsure = UNSURE[0] < by_style < UNSURE[1]
        return {"style": by_style, "seen": seen_log_odds(lite0.embedding(image)) if is_unsure else None}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        measured = features[features["style"].notna()]
        for path, (score, judged_by) in zip(measured["path"], drawing_scores(measured), strict=True):
            if score >= self.settings.min_score:
                yield Finding(
                    kind=DRAWING,
                    path=path,
                    score=float(score),
                    message=DRAWING.says(score=float(score), judged_by=judged_by, threshold=self.settings.min_score),
                    evidence={"drawn": round(float(score), 4), "by": str(judged_by)},
                )


def drawing_scores(measured: pd.DataFrame) -> list[tuple[float, Message]]:
    """Return for each row with a `style` how much it looks drawn, 0..1 with 0.5 the boundary, and what says so.

    `seen`, where it is known, goes before the style, and an embedding before both. `boxes`, where it is there, holds
    what the scanner of faces has found.
    """
    log_odds = measured["style"].to_numpy(np.float64)
    if "boxes" in measured:
        log_odds = lowered_by_faces(log_odds, np.array([surest_face(boxes) for boxes in measured["boxes"]]))
    unknown = [None] * len(measured)
    embeddings, models = (measured.get(name, unknown) for name in (EMBEDDING, EMBEDDED_BY))
    seen = measured["seen"].to_numpy(np.float64) if "seen" in measured else np.full(len(measured), np.nan)
    by_network, by_style = msg("what a network sees"), msg("its colours and edges")
    found = []
    for style, at_second_look, embedding, model in zip(log_odds, seen, embeddings, models, strict=True):
        # The classifier was fitted on the features of this network only.
        by_all = seen_log_odds(np.asarray(embedding)) if model == lite0.NAME else at_second_look
        is_seen = not np.isnan(by_all)
        found.append((float(_probability(by_all if is_seen else style)), by_network if is_seen else by_style))
    return found


def lowered_by_faces(log_odds: Floats, surest: Floats) -> Floats:
    """Lower the log odds (n,) of images with a sure face; `surest` (n,) is how sure of one the scanner is, 0..1."""
    return np.asarray(log_odds - AGAINST * (surest >= SURE))


def surest_face(boxes: object) -> float:
    """Return how sure the scanner of faces was of its surest face, by the JSON that it stored; 0 without one."""
    return max((float(box["score"]) for box in json.loads(boxes)), default=0.0) if isinstance(boxes, str) else 0.0


def style_log_odds(rgb: Pixels) -> float:
    """Return the log odds that an image (rows, columns, 3) was drawn, by its style and without its faces."""
    return _log_odds("style", style(rgb))


def style(rgb: Pixels) -> Floats:
    """Compute (480,) of each channel that the first layers make of an image the mean, and then the log of the spread.

    The spread is the standard deviation. What tells is how many times as large it is, not by how much it is larger.

    It is stretched to a square by way of twice the side: averaging areas of broken sizes takes three times as long. By
    OpenCV, whatever else is installed, so that a measurement does not depend on that.
    """
    twice = cv2.resize(rgb, (2 * SIDE_PX, 2 * SIDE_PX), interpolation=cv2.INTER_LINEAR)
    square = cv2.resize(twice, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    seen = cv2.dnn.blobFromImage(square, 1 / lite0.SCALE, mean=(lite0.MEAN,) * 3)
    channels = _first_layers()(np.asarray(seen, dtype=np.float32))[0].reshape(CHANNELS, -1).astype(np.float64)
    return np.concatenate([channels.mean(axis=1), np.log(channels.std(axis=1) + LEAST_SPREAD)])


def seen_log_odds(embedding: npt.NDArray[np.floating[Any]]) -> float:
    """Return the log odds that an image was drawn, by its embedding (1280,) of EfficientNet-Lite0.

    To three digits, since what computes embeddings differs in the sixth.
    """
    return round(_log_odds("embedding", embedding.astype(np.float64)), 3)


def _log_odds(classifier: str, features: Floats) -> float:
    model = _model()[classifier]
    return float(features @ model["weights"] + model["bias"] - model["boundary"])


def _probability(log_odds: Any) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))


@functools.cache
def _first_layers() -> lite0.Forward:
    return lite0.by_opencv(FIRST_LAYERS)


@functools.cache
def _model() -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = json.loads(MODEL.read_text(encoding="utf-8"))
    return {name: {**part, "weights": np.array(part["weights"])} for name, part in found.items()}
