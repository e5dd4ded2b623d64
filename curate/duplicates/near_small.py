"""Small images that were cut or scaled a little differently: too few pixels for features, and for blocks to meet.

Part of the thorough audit. Each image is paired with the few nearest to it, upright and mirrored; a pair is laid on one
another by an affine transform (ECC: Evangelidis and Psarakis, IEEE Transactions on Pattern Analysis and Machine
Intelligence 2008), from three scales, and the blocks of what they share decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import hamming, kinds, portraits, search
from curate.duplicates.groups import Match
from curate.duplicates.hamming import Hashes
from curate.duplicates.portraits import Region
from curate.duplicates.tiles import TILE_PX, Floats
from curate.storage import blobs

SIDE, COARSE = TILE_PX // 2, TILE_PX // 4
"""Pixels at which pairs are aligned, and at which the nearest are looked for."""
NEAREST, LEAST_NEAR = 3, 0.5
"""How many of the nearest are aligned, and the correlation that makes it worth while."""
SCALES = (1.0, 0.88, 1.14)
"""Scales that aligning starts from, until one of them fits for sure."""
SURE, LEAST_CORRELATION = 0.97, 0.8
MOST_SLANT, SMALLEST, LARGEST = 0.15, 0.7, 1.4
BLOCK_PX, BLOCK_ALIKE, LEAST_TEXTURE, LEAST_BLOCKS = 4, 0.9, 4.0, 12
LEAST_ALIKE = 0.5
"""Share of the textured blocks that must agree, fixed on the pairs that people judged for ciFAIR (both halves)."""
MOST_SHARE = 0.97
"""Share of an image that the other shows from which on it is no part of it."""
Indices = npt.NDArray[np.intp]


class Shared(NamedTuple):
    """The share of textured blocks that agree where two images overlap, and the share of the first that overlaps."""

    alike: float
    share: float


NOTHING = Shared(0.0, 0.0)


def matches(
    tile: Any, rows: Indices, phashes: Hashes, faces: Callable[[int], Sequence[Region]]
) -> Iterator[tuple[int, int, Match, Match]]:
    """Yield (row, other, what the other is to the row, and the other way round) for copies among small images.

    `tile` is the column of tiles, `phashes` (n,) are those of the rows; `faces` says where a row shows any.
    """
    pixels = blobs.matrix(tile, rows).reshape(-1, TILE_PX, TILE_PX)
    resized = [cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for each in pixels]
    small = np.asarray(resized, dtype=np.uint8)

    def shared(pair: tuple[int, int, bool]) -> Shared:
        a, b, is_mirrored = pair
        return compared(_soft(small[a]), _soft(small[b][:, ::-1] if is_mirrored else small[b]), faces(int(rows[a])))

    pairs = _pairs(small)
    for (a, b, is_mirrored), found in zip(pairs, search.on_all_cores(shared, pairs), strict=True):
        if found.alike >= LEAST_ALIKE:
            whole = kinds.MIRRORED if is_mirrored else kinds.RE_ENCODED
            match = Match(
                kind=whole if is_mirrored or found.share > MOST_SHARE else kinds.CROPPED,
                agreement=found.alike,
                distance=int(hamming.popcount(phashes[[a]] ^ phashes[[b]])[0]),
                transform="mirrored" if is_mirrored else None,
                share=found.share,
            )
            yield int(rows[a]), int(rows[b]), match, match


def compared(ours: Floats, theirs: Floats, faces: Sequence[Region] = ()) -> Shared:
    """Lay `theirs` on `ours` (side, side), which shows `faces`, and compare the blocks of what they share."""
    move = _aligned(ours, theirs)
    if move is None:
        return NOTHING
    size, flags = (SIDE, SIDE), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = np.asarray(cv2.warpAffine(theirs, move, size, flags=flags), np.float32)
    inside = cv2.warpAffine(np.ones(size, np.float32), move, size, flags=flags) > 0.99
    if faces and not portraits.agree(_as_tile(ours), _as_tile(laid), faces):
        return NOTHING
    a, b, within = (_blocks(image) for image in (ours, laid, inside.astype(np.float32)))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = np.stack([a.std(axis=1), b.std(axis=1)])
    textured = (spread.max(axis=0) > LEAST_TEXTURE) & (within.min(axis=1) > 0)
    if np.count_nonzero(textured) < LEAST_BLOCKS:
        return NOTHING
    alike = (a * b).mean(axis=1) / np.maximum(spread.prod(axis=0), 1e-3) > BLOCK_ALIKE
    return Shared(float(alike[textured].mean()), float(inside.mean()))


def _pairs(small: npt.NDArray[np.uint8]) -> list[tuple[int, int, bool]]:
    """Pair each image with its nearest, (row, row, whether the other is mirrored), sorted: once, by the nearer form."""
    import faiss

    coarse = np.stack([cv2.resize(each, (COARSE, COARSE), interpolation=cv2.INTER_AREA) for each in small])
    upright, mirrored = (_unit(views.astype(np.float32)) for views in (coarse, coarse[:, :, ::-1]))
    index = faiss.IndexFlatIP(COARSE**2)
    index.add(upright)
    best: dict[tuple[int, int], tuple[float, bool]] = {}
    for is_mirrored, views in ((False, upright), (True, mirrored)):
        near, others = search.nearest(index, views, min(NEAREST + 1, len(small)))
        rows = np.repeat(np.arange(len(small)), near.shape[1])
        for row, other, alike in zip(rows.tolist(), others.ravel().tolist(), near.ravel().tolist(), strict=True):
            pair = (min(row, other), max(row, other))
            if row != other and alike >= LEAST_NEAR:
                best[pair] = max(best.get(pair, (0.0, False)), (alike, is_mirrored))
    return [(a, b, is_mirrored) for (a, b), (_, is_mirrored) in sorted(best.items())]


def _aligned(ours: Floats, theirs: Floats) -> Floats | None:
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
    everywhere = np.ones((SIDE, SIDE), np.uint8)
    best, found = LEAST_CORRELATION, None
    for scale in SCALES:
        start = np.array([[scale, 0, SIDE / 2 * (1 - scale)], [0, scale, SIDE / 2 * (1 - scale)]], dtype=np.float32)
        try:
            alike, move = cv2.findTransformECC(ours, theirs, start, cv2.MOTION_AFFINE, stop, everywhere, 3)
        except cv2.error:  # it does not converge
            continue
        matrix = np.asarray(move, dtype=np.float32)
        slant, sides = np.abs(matrix[[0, 1], [1, 0]]).max(), matrix[[0, 1], [0, 1]]
        if alike > best and slant <= MOST_SLANT and sides.min() >= SMALLEST and sides.max() <= LARGEST:
            best, found = float(alike), matrix
            if best >= SURE:
                break
    return found


def _as_tile(image: Floats) -> Floats:
    return np.asarray(cv2.resize(image, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _soft(image: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.6), dtype=np.float32)


def _unit(views: Floats) -> Floats:
    flat = views.reshape(len(views), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(lengths, 1e-6), dtype=np.float32)


def _blocks(image: Floats) -> Floats:
    count = SIDE // BLOCK_PX
    cut = image.reshape(count, BLOCK_PX, count, BLOCK_PX).transpose(0, 2, 1, 3)
    return np.asarray(cut.reshape(count**2, BLOCK_PX**2), dtype=np.float32)
