"""What a network sees in an image: pooled features of EfficientNet-Lite0, measured where the audit is asked for them.

The network is a file of half-precision weights (`models/lite0.onnx`, made by tests/benchmarks/make_lite0.py), computed
in single precision by onnxruntime where that is installed, else by OpenCV, which takes twice as long and says the same
to six digits. It reports nothing itself: `topic`, `drawing` and `duplicates` judge by what it sees.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from curate.config import Config
from curate.findings import Finding, KindSpec
from curate.images.image import DecodedImage, Pixels
from curate.scanners import Scanner

if TYPE_CHECKING:
    import pandas as pd

MODEL = Path(__file__).parent / "models" / "lite0.onnx"
NAME = "lite0"
"""The weights, as `curate train embed --weights` and the column `model` of the embeddings call them."""
SIDE_PX, FEATURES = 224, 1280
MEAN, SCALE = 127.0, 128.0
"""Pixels 0..255 go in as (pixels - mean) / scale."""
REDUCING_GAP = 3.0
"""How much larger than its size an image may be when the filter proper begins; averaged until then (Pillow)."""
_STORED = np.float16
Floats = npt.NDArray[np.float32]
Forward = Callable[[Floats], Floats]


class Lite0(Scanner):
    """The embedding of every image."""

    name: ClassVar[str] = NAME
    version: ClassVar[int] = 1
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = ()
    columns: ClassVar[Mapping[str, pa.DataType]] = {"embedding": pa.binary(FEATURES * np.dtype(_STORED).itemsize)}

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.embeddings is True

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return {"embedding": embedding(image).astype(_STORED).tobytes()}

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        del features
        yield from ()


def measured(column: pd.Series, rows: npt.NDArray[np.intp]) -> Floats:
    """Read (rows, 1280) float32 of the measured column, at rows where it is not missing."""
    from curate.storage import blobs

    return blobs.matrix(column, rows).view(_STORED).astype(np.float32)


def embedding(image: DecodedImage) -> Floats:
    """Return the pooled features, (1280,) float32, of an image, computed once for all scanners."""
    found: Floats = image.once(NAME, lambda: embed(squared(image.rgb)))
    return found


def squared(rgb: Pixels) -> Pixels:
    """Stretch (rows, columns, 3) to (224, 224, 3), as training shows an image to its network."""
    image = Image.fromarray(rgb).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP)
    return np.asarray(image, dtype=np.uint8)


def embed(rgb: Pixels) -> Floats:
    """Compute the pooled features, (1280,) float32, of an image of (224, 224, 3)."""
    pixels = cv2.dnn.blobFromImage(rgb, 1 / SCALE, (SIDE_PX, SIDE_PX), (MEAN, MEAN, MEAN))
    return _network()(np.asarray(pixels, dtype=np.float32)).reshape(FEATURES)


@functools.cache
def _network() -> Forward:
    return by_onnxruntime() if find_spec("onnxruntime") is not None else by_opencv()


def by_opencv(model: Path = MODEL) -> Forward:
    """Make the network, or its first layers, in OpenCV: (1, 3, 224, 224) float32, or smaller squares, to (1, 1280)."""
    network = cv2.dnn.readNetFromONNX(str(model))

    def forward(pixels: Floats) -> Floats:
        network.setInput(pixels)
        return np.asarray(network.forward(), dtype=np.float32)

    return forward


def by_onnxruntime() -> Forward:
    """Make the network in onnxruntime, on one thread: (1, 3, 224, 224) float32 to (1, 1280)."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])

    def forward(pixels: Floats) -> Floats:
        (embedding,) = session.run(None, {"pixels": pixels})
        return np.asarray(embedding, dtype=np.float32)

    return forward
