"""Copies: the same bytes, the same pixels, or the same image saved, resized, recoloured, turned or edited.

Candidates come from equal digests and from two perceptual hashes of ImageHash within a Hamming distance, one of
them also for every way to mirror and turn an image. Equal hashes are not equal images, so every near
pair is verified on pixels. Groups are stars: each copy matches its keeper itself, so nothing drifts in by
way of a third image. Near-blank images, whose hashes mean nothing, only ever match exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Settings
from curate.duplicates import hamming, sift
from curate.duplicates.groups import Match, by_preference, columns_of, findings, inverse, twins
from curate.duplicates.hamming import Hashes, Pairs
from curate.duplicates.tiles import TILE_PX, Floats
from curate.images.image import DecodedImage, Pixels, luma
from curate.scanners import Finding, Scanner, embeddings
from curate.schema import Kind

if TYPE_CHECKING:
    import pandas as pd

GREY_PX = 256
SPECTRUM_PX = 32
_DHASH_PX = (9, 8)


class DuplicatesSettings(Settings):
    """How alike two images must be."""

    thorough: bool = Field(False, description="also look for crops, frames and heavy edits, by local features")
    hash_distance: int = Field(10, ge=0, le=24, description="hash bits (of 64) that may differ in a candidate pair")
    turned_distance: int = Field(8, ge=0, le=24, description="the same for mirrored and turned candidates")
    alike: float = Field(0.49, ge=0, le=1, description="share of the textured blocks that must agree")
    close: float = Field(0.45, ge=0, le=1, description="share that is enough where these blocks agree to the pixel")
    closeness: float = Field(0.985, ge=0, le=1, description="median correlation of blocks that agree to the pixel")
    small_px: int = Field(80, ge=0, description="images with a shorter side are judged by the next setting")
    small_close: float = Field(0.4, ge=0, le=1, description="share of blocks that must roughly agree in small images")
    min_blocks: int = Field(4, ge=1, description="textured blocks without which only the whole can tell")
    correlation: float = Field(0.985, ge=0, le=1, description="correlation of the whole that proves it without them")
    residual: float = Field(14.0, ge=0, description="largest local difference, in grey levels, that is not an edit")
    blank_contrast: float = Field(
        8.0, ge=0, description="standard deviation of grey levels below which hashes mean nothing"
    )
    gain: float = Field(0.10, ge=0, description="change of contrast that counts as recoloured")
    offset: float = Field(10.0, ge=0, description="change of brightness, in grey levels, that counts as recoloured")


class Duplicates(Scanner):
    """Groups of copies, each with a suggested keeper; groups that span classes or splits say so."""

    name: ClassVar[str] = "duplicates"
    version: ClassVar[int] = 5
    settings_model: ClassVar[type[Settings]] = DuplicatesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "phash": pa.binary(8),
        "dhash": pa.binary(8),
        "spectrum": pa.binary(2 * 64),
        "tile": pa.binary(TILE_PX * TILE_PX),
        "contrast": pa.float32(),
        "chroma": pa.float32(),
        "sharpness": pa.float32(),
        "view": pa.binary(),
        "points": pa.binary(),
        "descriptors": pa.binary(),
    }
    measured_with: ClassVar[tuple[str, ...]] = ("thorough",)

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        import imagehash
        from PIL import Image

        tile = image.tile(TILE_PX)
        grey = luma(tile)
        # Shrunk to what the hashes look at by plain averages: ImageHash's own filter takes as long as all else here.
        # Its pHash takes the same transform that the turned forms need later, so once is enough.
        frequencies = low_frequencies(_averaged(grey, (SPECTRUM_PX, SPECTRUM_PX)))
        return {
            **self._local_features(image),
            "phash": np.packbits(frequencies > _median(frequencies)).tobytes(),
            "dhash": np.packbits(imagehash.dhash(Image.fromarray(_averaged(grey, _DHASH_PX))).hash).tobytes(),
            "spectrum": stored(frequencies).tobytes(),
            "tile": grey.tobytes(),
            "contrast": float(cv2.meanStdDev(grey)[1][0, 0]),
            "chroma": _chroma(tile),
            "sharpness": _sharpness(image.grey(GREY_PX)),
        }

    def _local_features(self, image: DecodedImage) -> Mapping[str, bytes | None]:
        if not self.settings.thorough:
            return dict.fromkeys(("view", "points", "descriptors"))
        return sift.describe(image.grey(sift.VIEW_PX)).pack()

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        unread = ["format", "mode", "frames", "error", "problems"]
        if not self.settings.thorough:
            unread += ["view", "points", "descriptors"]
        wanted = [name for name in features if name not in unread]  # the table is copied when it is put in order
        seen = by_preference(features.loc[features["digest"].notna() & features["tile"].notna(), wanted])
        columns = columns_of(seen)
        for keeper, copies in self._groups(seen):
            yield from findings(columns, keeper, copies)

    def _groups(self, seen: pd.DataFrame) -> Iterator[tuple[int, dict[int, Match]]]:
        """Stars in order of preference: the best image left takes all its free matches as copies."""
        mates = defaultdict(list)
        for row, digest in enumerate(seen["digest"]):
            mates[digest].append(row)
        near = self._near(seen, [rows[0] for rows in mates.values()])
        digests, hashes = seen["digest"].tolist(), seen["sha256"].tolist()
        taken: set[int] = set()
        for keeper in range(len(seen)):
            if keeper in taken:
                continue
            same = [row for row in mates[digests[keeper]] if row != keeper and row not in taken]
            copies = twins(keeper, same, hashes)
            for other, match in near.get(mates[digests[keeper]][0], {}).items():
                alike = [row for row in mates[digests[other]] if row not in taken]
                if alike:
                    copies |= {alike[0]: match, **twins(alike[0], alike[1:], hashes)}
            if copies:
                taken |= {keeper, *copies}
                yield keeper, copies

    def _near(self, seen: pd.DataFrame, rows: Sequence[int]) -> dict[int, dict[int, Match]]:
        """Verified matches among images whose pixels differ: for each row, what its copies are to it."""
        contrast = seen["contrast"].to_numpy(float)
        usable = np.array([row for row in rows if contrast[row] > self.settings.blank_contrast], dtype=np.int64)
        near: dict[int, dict[int, Match]] = {}
        if len(usable) < 2:
            return near
        from curate.duplicates.verify import Verifier  # a worker has no use for it

        verifier = Verifier(seen, self.settings)
        for turn, (left, right, bits) in self._candidates(seen, usable):
            if turn is not None:  # an image is told as a copy once; upright pairs come first, and each of them once
                pairs = zip(left.tolist(), right.tolist(), strict=True)
                fresh = np.array([b not in near.get(a, ()) for a, b in pairs], dtype=bool)
                left, right, bits = left[fresh], right[fresh], bits[fresh]  # noqa: PLW2901
            for a, b, match in verifier.copies((left, right, bits), turn):
                near.setdefault(a, {})[b] = match
                near.setdefault(b, {})[a] = inverse(match)
        if self.settings.thorough:
            self._add_partial(seen, usable, near)
        return near

    def _add_partial(self, seen: pd.DataFrame, usable: np.ndarray, near: dict[int, dict[int, Match]]) -> None:
        """Pairs that share only a part of their pixels, found by local features."""
        columns = [seen[name].iloc[usable] for name in ("view", "points", "descriptors")]
        images = [sift.unpack(*row) for row in zip(*columns, strict=True)]
        pairs = set(sift.candidates([image.descriptors for image in images]))
        pairs |= _alike_to_a_network(seen.iloc[usable])
        for first, second in sorted(pairs):
            i, j = int(usable[first]), int(usable[second])
            if j in near.get(i, ()):
                continue
            found = sift.align(images[first], images[second])
            if found is not None:
                kind = Kind.EDITED if found.framed or min(found.covered_i, found.covered_j) > _WHOLE else Kind.CROPPED
                near.setdefault(i, {})[j] = Match(
                    kind=kind, alike=found.alike, inliers=found.inliers, share=found.covered_i
                )
                near.setdefault(j, {})[i] = Match(
                    kind=kind, alike=found.alike, inliers=found.inliers, share=found.covered_j
                )

    def _candidates(self, seen: pd.DataFrame, usable: np.ndarray) -> Iterator[tuple[str | None, Pairs]]:
        """Pairs of rows that may be copies: how the second lies, and (row, row, bits)."""
        from curate.duplicates import candidates
        from curate.storage import blobs

        phashes, dhashes = (hashes_of(seen[name].iloc[usable]) for name in ("phash", "dhash"))
        spectra = blobs.matrix(seen["spectrum"], usable).view(np.int16).reshape(-1, 8, 8)
        left, right, bits = candidates.upright(phashes, dhashes, self.settings.hash_distance)
        with ThreadPoolExecutor(1) as aside:  # while the upright pairs, nearly all there are, are verified
            turned = aside.submit(list, candidates.turned(phashes, spectra, self.settings.turned_distance))
            yield None, (usable[left], usable[right], bits)
            for turn, (left, right, bits) in turned.result():
                yield turn, (usable[left], usable[right], bits)


_DCT = 2 * np.cos(np.pi * np.outer(np.arange(8), np.arange(0.5, SPECTRUM_PX)) / SPECTRUM_PX).astype(np.float32)
"""The first 8 rows of the unnormalised DCT-II of 32 samples."""
_NEAREST = 5
"""How many of the nearest embeddings are worth a closer look."""
_WHOLE = 0.97
"""Share of both images from which on neither is a crop of the other."""


def _averaged(grey: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _sharpness(grey: Pixels) -> float:
    """The root mean square of the steps between neighbours, downwards and across, in grey levels (gradient energy)."""
    energy = sum(
        cv2.norm(later, earlier, cv2.NORM_L2SQR)
        for later, earlier in ((grey[1:], grey[:-1]), (grey[:, 1:], grey[:, :-1]))
        if later.size
    )
    return float(np.sqrt(energy / grey.size))


def _chroma(tile: Pixels) -> float:
    """The mean difference between the strongest and the weakest colour of each pixel."""
    if tile.ndim == 2:
        return 0.0
    red, green, blue = cv2.split(tile)
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return float(cv2.mean(spread)[0])


def _median(values: Floats) -> np.float32:
    """Of an even number of values, at a fifth of the time of `np.median` for so few."""
    ranked = np.sort(values, axis=None)
    return np.float32((ranked[ranked.size // 2 - 1] + ranked[ranked.size // 2]) / 2)


def low_frequencies(small: npt.NDArray[np.uint8]) -> Floats:
    """The 8 x 8 lowest frequencies of a 32 x 32 grey image; which of them exceed their median is the pHash.

    Scaled as the unnormalised DCT-II that ImageHash takes, whose `phash` has the same bits.
    """
    return np.asarray(_DCT @ small @ _DCT.T, dtype=np.float32)


def stored(frequencies: Floats) -> npt.NDArray[np.int16]:
    """Divided by 64; so the largest, four times the sum of all pixels, fits 16 bits."""
    return np.rint(frequencies / 64).astype(np.int16)


def _alike_to_a_network(seen: pd.DataFrame) -> set[tuple[int, int]]:
    """Pairs (i < j) of rows whose embeddings, where there are any, are each other's nearest."""
    rows, vectors = embeddings.unit_vectors(seen)
    if len(rows) < 2:
        return set()
    _, nearest = embeddings.nearest(vectors, _NEAREST)
    first, second = np.repeat(rows, nearest.shape[1]), rows[nearest.ravel()]
    return set(zip(np.minimum(first, second).tolist(), np.maximum(first, second).tolist(), strict=True))


def hashes_of(column: pd.Series) -> Hashes:
    """A column of 8-byte hashes as integers."""
    return hamming.unpack(np.frombuffer(b"".join(column), np.uint8).reshape(-1, 8))
