"""Copies: the same bytes, the same pixels, or the same image saved, resized, recoloured, turned or edited.

Candidates come from equal digests and from two perceptual hashes of ImageHash within a Hamming distance, one of
them also for every way to mirror and turn an image. Equal hashes are not equal images, so every near
pair is verified on pixels. Groups are stars: each copy matches its keeper itself, so nothing drifts in by
way of a third image. Near-blank images, whose hashes mean nothing, only ever match exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from curate.config import Config, Settings
from curate.duplicates import colours, hamming, kinds, sift, strangers
from curate.duplicates.groups import (
    NEEDED,
    EqualPixels,
    Match,
    by_preference,
    columns_of,
    exact_copies,
    findings,
    scenes,
    stars,
)
from curate.duplicates.hamming import Hashes, Pairs
from curate.duplicates.hashing import SPECTRUM_PX, averaged, dhashes, low_frequencies, phashes, stored
from curate.duplicates.tiles import TILE_PX
from curate.findings import Finding, KindSpec
from curate.i18n import N_
from curate.images.image import DecodedImage, Pixels, luma
from curate.scanners import Scanner, embeddings
from curate.storage import memory

if TYPE_CHECKING:
    import pandas as pd

    from curate.duplicates.neighbours import Neighbours
    from curate.duplicates.sequences import Group
    from curate.duplicates.strangers import Strangers

GREY_PX = 256
Rows = npt.NDArray[np.int64]


class DuplicatesSettings(Settings):
    """How alike two images must be."""

    thorough: bool = Field(False, description=N_("also look for crops, frames and heavy edits, by local features"))
    hash_distance: int = Field(10, ge=0, le=24, description=N_("hash bits (of 64) that may differ in a candidate pair"))
    turned_distance: int = Field(8, ge=0, le=24, description=N_("the same for mirrored and turned candidates"))
    min_matching_blocks: float = Field(0.49, ge=0, le=1, description=N_("share of the textured blocks that must agree"))
    min_loose_matching_blocks: float = Field(
        0.45, ge=0, le=1, description=N_("share that is enough where these blocks agree to the pixel")
    )
    min_block_correlation: float = Field(
        0.985, ge=0, le=1, description=N_("median correlation of blocks that agree to the pixel")
    )
    small_px: int = Field(80, ge=0, description=N_("images with a shorter side are judged by the next setting"))
    min_loose_matching_blocks_small: float = Field(
        0.4, ge=0, le=1, description=N_("share of blocks that must roughly agree in small images")
    )
    min_blocks: int = Field(4, ge=1, description=N_("textured blocks without which only the whole can tell"))
    correlation: float = Field(
        0.985, ge=0, le=1, description=N_("correlation of the whole that proves it without them")
    )
    residual: float = Field(14.0, ge=0, description=N_("largest local difference, in grey levels, that is not an edit"))
    blank_contrast: float = Field(
        8.0, ge=0, description=N_("standard deviation of grey levels below which hashes mean nothing")
    )
    gain: float = Field(0.10, ge=0, description=N_("change of contrast that counts as recoloured"))
    offset: float = Field(10.0, ge=0, description=N_("change of brightness, in grey levels, that counts as recoloured"))


class Duplicates(Scanner):
    """Groups of copies, each with a suggested keeper; groups that span classes or splits say so."""

    name: ClassVar[str] = "duplicates"
    version: ClassVar[int] = 9
    reads_sha256: ClassVar[bool] = False
    kinds: ClassVar[tuple[KindSpec, ...]] = kinds.ALL
    settings_model: ClassVar[type[Settings]] = DuplicatesSettings
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "phash": pa.binary(8),
        "dhash": pa.binary(8),
        "spectrum": pa.binary(2 * 64),
        "tile": pa.binary(TILE_PX * TILE_PX),
        "contrast": pa.float32(),
        "chroma": pa.float32(),
        "colours": pa.binary(colours.BYTES),
        "sharpness": pa.float32(),
        "view": pa.binary(),
        "points": pa.binary(),
        "descriptors": pa.binary(),
    }
    measured_with: ClassVar[tuple[str, ...]] = ("thorough",)
    borrows: ClassVar[Mapping[str, str]] = {"boxes": "faces.boxes"}

    @classmethod
    def is_wanted(cls, configuration: Config) -> bool:
        return configuration.duplicates == "hash"

    def measure(self, image: DecodedImage) -> Mapping[str, Any]:
        return self.measure_batch([image])[0]

    def measure_batch(self, images: Sequence[DecodedImage]) -> list[Mapping[str, Any]]:
        tiles = [image.tile(TILE_PX) for image in images]
        greys = np.stack([luma(tile) for tile in tiles])
        # Shrunk to what the hashes look at by plain averages: ImageHash's own filter takes as long as all else here.
        small = averaged(greys, (SPECTRUM_PX, SPECTRUM_PX))
        # Its pHash takes the same cosine transform that the turned forms need later, so once is enough.
        frequencies = low_frequencies(small)
        signs = zip(phashes(frequencies), dhashes(small), stored(frequencies), greys, strict=True)
        return [
            {
                **self._local_features(image),
                "phash": phash.tobytes(),
                "dhash": dhash.tobytes(),
                "spectrum": spectrum.tobytes(),
                "tile": grey.tobytes(),
                "contrast": float(cv2.meanStdDev(grey)[1][0, 0]),
                "chroma": _chroma(tile),
                "colours": colours.measured(tile),
                "sharpness": _sharpness(image.grey(GREY_PX)),
            }
            for image, tile, (phash, dhash, spectrum, grey) in zip(images, tiles, signs, strict=True)
        ]

    def _local_features(self, image: DecodedImage) -> Mapping[str, bytes | None]:
        if not self.settings.thorough:
            return dict.fromkeys(("view", "points", "descriptors"))
        return sift.describe(image.grey(sift.VIEW_PX)).pack()

    def judge(self, features: pd.DataFrame) -> Iterator[Finding]:
        from curate.storage import blobs  # a worker has no use for it, nor for pandas

        read = {*NEEDED, "tile", "spectrum", "phash", "dhash", "contrast", "chroma", "colours", "boxes", "digest"}
        if self.settings.thorough:
            read |= {"view", "points", "descriptors", embeddings.EMBEDDING}
        rows = np.flatnonzero(features["digest"].notna() & features["tile"].notna())
        ranked = by_preference(features, rows, [name for name in features if name in read])
        columns = columns_of(ranked)
        same_pixels = EqualPixels(blobs.matrix(ranked.pop("digest"), np.arange(len(ranked))))
        near = self._near(ranked, same_pixels.firsts)
        group_of: dict[int, int] = {}
        for keeper, copies in self._named(self._groups(ranked, same_pixels, near), ranked, near):
            group_of |= dict.fromkeys((keeper, *copies), keeper)
            yield from findings(columns, keeper, copies)
        apart = [(i, j) for i, j in near.verifier.same_scene if group_of.get(i, i) != group_of.get(j, j)]
        yield from scenes(columns, apart)

    def _groups(self, ranked: pd.DataFrame, same_pixels: EqualPixels, near: Neighbours) -> Iterator[Group]:
        """Group rows into stars; rows of equal pixels stand together, each class by its first row in `near`."""
        hashes = ranked["sha256"].array

        def copies_of(keeper: int, taken: Set[int]) -> dict[int, Match]:
            equal = same_pixels.of(keeper)
            copies = exact_copies(keeper, [row for row in equal if row != keeper and row not in taken], hashes)
            for other, match in near.of(equal[0], taken).items():
                free = [row for row in same_pixels.of(other) if row not in taken]
                if free:
                    copies |= {free[0]: match, **exact_copies(free[0], free[1:], hashes)}
            return copies

        return stars(len(ranked), copies_of)

    def _named(self, groups: Iterator[Group], ranked: pd.DataFrame, near: Neighbours) -> Iterator[Group]:
        """Tell frames of a sequence from copies, but in a crowd of small images, any two of which may be as near."""
        from curate.duplicates import sequences

        if near.upright is None:
            return groups
        sides = np.sort(ranked[["width", "height"]].to_numpy(np.int64), axis=1)
        candidates = sequences.Candidates(near.upright, ranked["tile"], near.near, sides, self.settings.small_px)
        return sequences.told_apart(groups, candidates)

    def _near(self, ranked: pd.DataFrame, rows: Rows) -> Neighbours:
        """Find candidates among images whose pixels differ, and verify them or put it off."""
        from curate.duplicates.neighbours import Neighbours  # a worker has no use for it
        from curate.duplicates.verify import Verifier

        usable = rows[ranked["contrast"].to_numpy(float)[rows] > self.settings.blank_contrast]
        if len(usable) < 2:
            return Neighbours(Verifier(ranked, self.settings))
        with ThreadPoolExecutor(2) as aside:  # while the upright pairs, nearly all there are, are verified
            upright, transformed = self._candidates(ranked, usable, aside)
            memory.give_back()  # what joining took
            is_dense = strangers.are_wanted(len(upright[0]), len(usable))
            crowd = self._crowd(ranked, usable) if is_dense else None
            parts = None if crowd else aside.submit(self._parts, ranked, usable)
            memory.give_back()
            told = partial(self.report, _PREPARING)
            verifier = Verifier(
                ranked, self.settings, crowd, usable, are_few=not is_dense, spread=self.spread, report=told
            )
            neighbours = verifier.neighbours(usable)
            upright = upright if neighbours is None else _with_bits(neighbours, ranked)
            near = Neighbours(
                verifier, partial(self.report, _COMPARING), None if crowd and crowd.are_small else upright
            )
            if is_dense and not self.settings.thorough:
                near.put_off([(None, upright), *transformed.result()])
            else:
                near.verify(upright, None)
                for transform, pairs in transformed.result():
                    near.verify(pairs, transform)
            near.add(parts.result() if parts else [])
        if self.settings.thorough:
            near.add(self._partial(ranked, usable, near.near))
            near.add([] if crowd else self._small(ranked, usable))
        return near

    def _small(self, ranked: pd.DataFrame, usable: Rows) -> Iterator[tuple[int, int, Match, Match]]:
        """Find copies among images too small for local features, cut or scaled a little differently."""
        from curate.duplicates import near_small
        from curate.duplicates.portraits import Portraits
        from curate.duplicates.verify import OTHER_COLOURS

        sides = np.minimum(ranked["width"].to_numpy(np.int64)[usable], ranked["height"].to_numpy(np.int64)[usable])
        small = usable[sides < sift.MIN_SIDE_PX]
        if len(small) < 2:
            return
        phashes = hashes_of(ranked["phash"], small)
        colours_of = colours.Colours(ranked)
        for match in near_small.matches(ranked["tile"], small, phashes, Portraits(ranked).of):
            if colours_of.apart(match[0], match[1], match[2].transform, 1.0) <= OTHER_COLOURS:
                yield match

    def _parts(self, ranked: pd.DataFrame, usable: Rows) -> list[tuple[int, int, Match, Match]]:
        """Find pairs of which one is nine tenths of the other, or stands in a border."""
        from curate.duplicates import windows
        from curate.duplicates.portraits import Portraits

        sides = np.minimum(ranked["width"].to_numpy(np.int64)[usable], ranked["height"].to_numpy(np.int64)[usable])
        large = usable[sides >= self.settings.small_px]
        if len(large) < 2:
            return []
        phashes = hashes_of(ranked["phash"], large)
        return list(windows.matches(ranked["tile"], large, phashes, Portraits(ranked).of))

    def _crowd(self, ranked: pd.DataFrame, usable: Rows) -> Strangers | None:
        """Look at strangers; return what they share where it is as much as makes a copy elsewhere."""
        from curate.duplicates import own_scale  # a worker has no use for it, nor for pandas
        from curate.storage import blobs

        rows = usable[strangers.sampled(len(usable))]
        sample = blobs.matrix(ranked["tile"], rows).reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
        found = strangers.by_blocks(sample, len(usable))
        s = self.settings
        loosest = min(s.min_loose_matching_blocks, s.min_loose_matching_blocks_small)
        if found.alike <= s.min_matching_blocks and found.close <= loosest:
            return None
        sides = np.minimum(ranked["width"].to_numpy(np.int64)[usable], ranked["height"].to_numpy(np.int64)[usable])
        are_small = bool(np.median(sides) <= own_scale.SMALL_PX)
        return replace(found, wholes=strangers.as_wholes(sample, len(usable)), sample=rows, are_small=are_small)

    def _partial(
        self, ranked: pd.DataFrame, usable: np.ndarray, near: Mapping[int, Mapping[int, Match]]
    ) -> Iterator[tuple[int, int, Match, Match]]:
        """Find pairs that share only a part of their pixels, by local features."""
        from curate.duplicates import in_part

        columns = [ranked[name].iloc[usable] for name in ("view", "points", "descriptors")]
        images = [sift.unpack(*row) for row in zip(*columns, strict=True)]
        return in_part.matches(images, usable, _alike_to_a_network(ranked.iloc[usable]), near, self.report)

    def _candidates(
        self, ranked: pd.DataFrame, usable: Rows, aside: ThreadPoolExecutor
    ) -> tuple[Pairs, Future[list[tuple[str, Pairs]]]]:
        """Return pairs of rows that may be copies, (row, row, bits): upright ones, and per transform of the second."""
        from curate.duplicates import candidates
        from curate.storage import blobs

        compact = usable.astype(np.int32)  # a table in memory has no more rows than that

        def of_rows(pairs: Pairs) -> Pairs:
            for side in pairs[:2]:  # in place: there may be ten times as many pairs as rows
                for start in range(0, len(side), _SPECTRA):
                    side[start : start + _SPECTRA] = compact[side[start : start + _SPECTRA]]
            return pairs

        phashes, dhashes = (hashes_of(ranked[name], usable) for name in ("phash", "dhash"))
        parts = (usable[at : at + _SPECTRA] for at in range(0, len(usable), _SPECTRA))
        spectra = (blobs.matrix(ranked["spectrum"], part).view(np.int16).reshape(-1, 8, 8) for part in parts)
        spread = self.spread if len(usable) >= WORTH_SPREADING else None

        def transformed() -> list[tuple[str, Pairs]]:
            found = []
            for transform, pairs in candidates.transformed(phashes, spectra, self.settings.turned_distance, spread):
                found.append((transform, of_rows(pairs)))
                memory.give_back()
                if spread:
                    self.report(_JOINING, 1 + len(found), 1 + len(candidates.SEARCHED))
            return found

        self.report(_JOINING, 0, 1 + len(candidates.SEARCHED))
        upright = candidates.upright(phashes, dhashes, self.settings.hash_distance, spread)
        memory.give_back()
        later = aside.submit(transformed)
        if spread:  # all cores are at it anyway
            wait([later])
        return of_rows(upright), later


WORTH_SPREADING = 50_000
"""Images from which on it takes longer to join their hashes than to start processes that help."""
_SPECTRA = 1 << 14
"""Spectra in hand at a time: with what is worked out of them 16 MiB."""
_JOINING = N_("finding images of similar hashes")
_PREPARING = N_("preparing images to be compared")
_COMPARING = N_("comparing pairs of images")
"""Steps that take long."""
_NEAREST = 5
"""How many of the nearest embeddings are worth a closer look."""


def _sharpness(grey: Pixels) -> float:
    """Return the root mean square of the steps between neighbours, down and across, (gradient energy)."""
    energy = sum(
        cv2.norm(later, earlier, cv2.NORM_L2SQR)
        for later, earlier in ((grey[1:], grey[:-1]), (grey[:, 1:], grey[:, :-1]))
        if later.size
    )
    return float(np.sqrt(energy / grey.size))


def _chroma(tile: Pixels) -> float:
    """Return the mean difference between the strongest and the weakest colour of each pixel."""
    if tile.ndim == 2:
        return 0.0
    red, green, blue = cv2.split(tile)
    spread = cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)
    return float(cv2.mean(spread)[0])


def _with_bits(pairs: tuple[Rows, Rows], ranked: pd.DataFrame) -> Pairs:
    """Add to pairs of rows the bits between their hashes."""
    left, right = pairs
    hashes = [hashes_of(ranked[name], np.arange(len(ranked))) for name in ("phash", "dhash")]
    return left, right, np.minimum(*(hamming.distances(values, left, values, right) for values in hashes))


def _alike_to_a_network(ranked: pd.DataFrame) -> set[tuple[int, int]]:
    """Return pairs (i < j) of rows whose embeddings, where there are any, are each other's nearest."""
    rows, vectors = embeddings.unit_vectors(ranked)
    if len(rows) < 2:
        return set()
    _, nearest = embeddings.nearest(vectors, _NEAREST)
    first, second = np.repeat(rows, nearest.shape[1]), rows[nearest.ravel()]
    return set(zip(np.minimum(first, second).tolist(), np.maximum(first, second).tolist(), strict=True))


def hashes_of(column: pd.Series, rows: Rows) -> Hashes:
    """Read the 8-byte hashes in these rows as integers."""
    from curate.storage import blobs

    return hamming.unpack(blobs.matrix(column, rows))
