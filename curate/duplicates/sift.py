"""Copies that no hash of the whole can find: crops, frames, heavy edits.

An image is described by its strongest SIFT features (Lowe, IJCV 2004). Features that are near each other in
two images vote for the pair; a pair with enough votes is aligned by a similarity transform, or an affine one if it
was stretched or sheared (RANSAC), one image is laid on the other, and where they overlap the pixels decide, block by
block, as for any other copy.
Two photos of one person or place share features, but not their pixels. What the features of a mirror image would be
follows from those of the image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from curate.duplicates import search
from curate.duplicates.tiles import FRAME_STEP, products
from curate.images.image import Pixels

VIEW_PX = 256
FEATURES = 150
MIN_SIDE_PX = 64
"""Smaller images have no features worth the name."""
NEIGHBOURS = 8
MIN_VOTES = 6
MAX_DISTANCE = 260.0
"""Euclidean distance of two SIFT descriptors (of length 512) that may be the same place."""
RATIO = 0.85
MIN_INLIERS, MIN_INLIERS_STRETCHED = 7, 10
"""Features that a similarity, and an affine transform, have to bring together."""
MAX_STRETCH = 2.0
"""How much longer one way may have become than the other: 16:9 made square 1.8, sheared both ways by 15 degrees 1.7."""
REPROJECTION_PX = 3.0
BLOCK_PX = 12
MIN_BLOCKS = 12
TEXTURE = 5.0
ALIKE = 0.9
MIN_ALIKE = 0.75
"""Share of the textured blocks in the overlap that must correlate by `ALIKE`: of two photos of one person taken
one after the other hardly any pair reaches 0.7, of crops 99 in 100 do."""
ALIKE_ON_PLAIN_GROUND = 0.9
"""The same where all beyond the overlap is the plain ground on which it lies: two things in one studio."""
MIN_COVERED = 0.5
"""Share of one of the two that the other must show: two views that share a corner are no copies."""
FLAT = 6.0
"""Standard deviation of grey levels up to which what one image has beyond the other is a frame."""
MARGIN_SLACK = 0.2
"""By how much of the wider one the opposite margins of a frame may differ."""
_EXACT_SEARCH = 20_000

Pair = tuple[int, int]
Points = npt.NDArray[np.float32]
Descriptors = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Described:
    """One image: its grey view, and where in it (x, y) its features lie."""

    view: Pixels
    points: Points
    descriptors: Descriptors

    def pack(self) -> dict[str, bytes]:
        """Pack features into columns of bytes."""
        view = cv2.imencode(".jpg", self.view, (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()
        return {"view": view, "points": self.points.tobytes(), "descriptors": self.descriptors.tobytes()}


def unpack(view: bytes, points: bytes, descriptors: bytes) -> Described:
    """Restore features from columns of bytes."""
    return Described(
        np.asarray(cv2.imdecode(np.frombuffer(view, np.uint8), cv2.IMREAD_GRAYSCALE), dtype=np.uint8),
        np.frombuffer(points, np.float32).reshape(-1, 2),
        np.frombuffer(descriptors, np.uint8).reshape(-1, 128),
    )


@dataclass(frozen=True, slots=True)
class Alignment:
    """How image j lies on image i: inlying features, share of overlapping blocks that agree, and the areas.

    `covered_i` and `covered_j` are the shares of either image that the other shows; `framed` says that the
    rest is flat and as wide on the left as on the right, at the top as at the bottom.
    """

    inliers: int
    alike: float
    covered_i: float
    covered_j: float
    framed: bool


def describe(view: Pixels) -> Described:
    """Find the strongest features of a grey view; none where it is too small."""
    found: Sequence[cv2.KeyPoint] = ()
    values = None
    if min(view.shape) >= MIN_SIDE_PX:
        found, values = cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=0.02).detectAndCompute(view, None)
    if values is None:
        return Described(view, np.empty((0, 2), np.float32), np.empty((0, 128), np.uint8))
    return Described(view, np.array([point.pt for point in found], np.float32), values.astype(np.uint8))


def mirrored(described: Described) -> Described:
    """Approximate `describe` of the mirror image from the features of the image, without detecting them again."""
    points = described.points.copy()
    points[:, 0] = described.view.shape[1] - 1 - points[:, 0]
    return Described(np.ascontiguousarray(described.view[:, ::-1]), points, _mirrored(described.descriptors))


def _mirrored(descriptors: Descriptors) -> Descriptors:
    """Mirror (n, 128) descriptors, 4 x 4 cells of 8 directions each: rows change places, directions their sign."""
    cells = descriptors.reshape(-1, 4, 4, 8)[:, ::-1]
    return np.ascontiguousarray(cells[..., -np.arange(8) % 8]).reshape(-1, 128)


def candidates(images: Sequence[Descriptors]) -> tuple[list[Pair], list[Pair]]:
    """Find pairs (i < j) of images with at least `MIN_VOTES` features near each other, upright and mirrored, sorted."""
    owner = np.repeat(np.arange(len(images)), [len(part) for part in images])
    if not len(owner):
        return [], []
    descriptors = np.concatenate(images)
    index = _index(descriptors.astype(np.float32))
    upright = _voted(index, descriptors.astype(np.float32), owner)
    return upright, _voted(index, _mirrored(descriptors).astype(np.float32), owner)


def _index(vectors: npt.NDArray[np.float32]) -> Any:
    import faiss

    index: Any = faiss.IndexFlatL2(vectors.shape[1])
    if len(vectors) > _EXACT_SEARCH:
        lists = int(2 * np.sqrt(len(vectors)))
        index = faiss.IndexIVFFlat(index, vectors.shape[1], lists)
        index.cp.niter = 10
        sample = np.random.default_rng(0).choice(len(vectors), min(len(vectors), 39 * lists), replace=False)
        search.train(index, vectors[np.sort(sample)])
        index.nprobe = 8
    index.add(vectors)
    return index


def _voted(index: Any, vectors: npt.NDArray[np.float32], owner: npt.NDArray[np.intp]) -> list[Pair]:
    """Let each of these features vote for the pairs of images between which it has a near one."""
    images = int(owner[-1]) + 1
    squared, nearest = search.nearest(index, vectors, NEIGHBOURS + 1)
    query = np.repeat(np.arange(len(vectors)), NEIGHBOURS + 1)
    near = (squared.ravel() <= MAX_DISTANCE**2) & (nearest.ravel() >= 0)
    left, right = owner[query[near]], owner[nearest.ravel()[near]]
    codes = np.minimum(left, right) * images + np.maximum(left, right)
    # A feature has one vote for a pair, however many of its neighbours lie there.
    votes = np.unique(np.stack([query[near], codes])[:, left != right], axis=1)[1]
    pairs, counts = np.unique(votes, return_counts=True)
    return [(int(code) // images, int(code) % images) for code in pairs[counts >= MIN_VOTES]]


def aligned(
    images: Sequence[Described], pairs: Sequence[Pair], *, is_mirrored: bool = False
) -> Iterator[tuple[int, int, Alignment | None]]:
    """Align pairs of images on all cores, the first of each mirrored or not; yield (i, j, alignment) in their order."""
    seen = mirrored if is_mirrored else _as_it_is
    found = search.on_all_cores(lambda pair: align(seen(images[pair[0]]), images[pair[1]]), pairs)
    return ((i, j, alignment) for (i, j), alignment in zip(pairs, found, strict=True))


def _as_it_is(described: Described) -> Described:
    return described


def align(i: Described, j: Described) -> Alignment | None:
    """Lay `j` on `i`; None where neither a similarity nor an affine transform brings their pixels together."""
    here, there = _matches(i.descriptors, j.descriptors)
    for estimate, fewest in ((cv2.estimateAffinePartial2D, MIN_INLIERS), (cv2.estimateAffine2D, MIN_INLIERS_STRETCHED)):
        if len(here) < fewest:
            return None
        transform, inlying = estimate(
            j.points[there], i.points[here], method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION_PX, maxIters=1000
        )
        if transform is None or int(inlying.sum()) < fewest or not _is_plausible(transform):
            continue
        found = _laid(i, j, transform, int(inlying.sum()))
        if found is not None:
            return found
    return None


def _is_plausible(transform: np.ndarray) -> bool:
    """Say whether an image may have been scaled and stretched so, and not mirrored."""
    longest, shortest = np.linalg.svd(transform[:, :2], compute_uv=False)
    is_upright = np.linalg.det(transform[:, :2]) > 0
    return bool(is_upright and shortest > 0.1 and longest < 10 and longest < MAX_STRETCH * shortest)


def _laid(i: Described, j: Described, transform: np.ndarray, inliers: int) -> Alignment | None:
    """Compare where one lies on the other; the coarser sets the scale, or sharpness would tell them apart."""
    if _scale(transform) > 1:
        return _swapped(_compare(j.view, i.view, cv2.invertAffineTransform(transform), inliers))
    return _compare(i.view, j.view, transform, inliers)


def _scale(transform: np.ndarray) -> float:
    """Return by how much a transform makes an image larger, in length."""
    return float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))


def _matches(a: Descriptors, b: Descriptors) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return indices of features whose best match is clearly better than the second, in both directions."""
    if len(a) < 2 or len(b) < 2:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    a32, b32 = a.astype(np.float32), b.astype(np.float32)
    distance = (a32**2).sum(1)[:, None] + (b32**2).sum(1)[None] - 2 * products(a32, b32)
    best = distance.argmin(axis=1)
    two = np.sqrt(np.maximum(np.partition(distance, 1, axis=1)[:, :2], 0))
    clear = (two[:, 0] < RATIO * two[:, 1]) & (distance.argmin(axis=0)[best] == np.arange(len(a)))
    return np.flatnonzero(clear), best[clear]


def _compare(i: Pixels, j: Pixels, transform: np.ndarray, inliers: int) -> Alignment | None:
    rows, columns = i.shape
    scale = _scale(transform)
    softened = cv2.GaussianBlur(j, (0, 0), 0.5 / scale) if scale < 0.8 else j
    laid = np.asarray(cv2.warpAffine(softened, transform, (columns, rows), flags=cv2.INTER_LINEAR), dtype=np.uint8)
    inside = cv2.warpAffine(np.full_like(j, 255), transform, (columns, rows), flags=cv2.INTER_NEAREST) > 0
    alike, textured = _block_agreement(i, laid, inside)
    if textured < MIN_BLOCKS or alike < MIN_ALIKE:
        return None
    corners = np.array([[0, 0, 1], [j.shape[1], 0, 1], [j.shape[1], j.shape[0], 1], [0, j.shape[0], 1]], np.float64)
    area_j = abs(cv2.contourArea((corners @ transform.T).astype(np.float32)))
    overlap = float(inside.sum())
    rest_i = i[~cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)]
    flat = bool(rest_i.size) and float(rest_i.std()) <= FLAT
    edge_j = np.concatenate([j[0], j[-1], j[:, 0], j[:, -1]]).astype(np.float32)
    is_ground = flat and float(np.median(np.abs(edge_j - np.median(rest_i)))) < FRAME_STEP
    covered_j = min(1.0, overlap / max(area_j, 1.0))
    if (is_ground and alike < ALIKE_ON_PLAIN_GROUND) or max(overlap / inside.size, covered_j) < MIN_COVERED:
        return None
    return Alignment(
        inliers=inliers,
        alike=alike,
        covered_i=overlap / inside.size,
        covered_j=covered_j,
        framed=flat and _centred(inside),
    )


def _centred(inside: npt.NDArray[np.bool_]) -> bool:
    """Say whether the overlap leaves margins like those of a frame: equal on opposite sides, up to two pixels."""
    for used in (inside.any(axis=0), inside.any(axis=1)):
        before, after = int(np.argmax(used)), int(np.argmax(np.flip(used)))
        if abs(before - after) > max(2, MARGIN_SLACK * max(before, after)):
            return False
    return True


def _swapped(found: Alignment | None) -> Alignment | None:
    if found is None:
        return None
    return Alignment(found.inliers, found.alike, found.covered_j, found.covered_i, found.framed)


def _block_agreement(a: Pixels, b: Pixels, inside: npt.NDArray[np.bool_]) -> tuple[float, int]:
    """Return share of the textured blocks in the overlap that correlate, and their number."""
    rows, columns = a.shape[0] // BLOCK_PX, a.shape[1] // BLOCK_PX
    left, right = (
        _blocks(cv2.GaussianBlur(a, (0, 0), 1.2), rows, columns),
        _blocks(cv2.GaussianBlur(b, (0, 0), 1.2), rows, columns),
    )
    within = _blocks(inside.astype(np.float32), rows, columns).min(axis=1) > 0
    left, right = left - left.mean(axis=1, keepdims=True), right - right.mean(axis=1, keepdims=True)
    spread_a, spread_b = left.std(axis=1), right.std(axis=1)
    textured = within & (np.maximum(spread_a, spread_b) > TEXTURE)
    if not textured.any():
        return 0.0, 0
    agreement = (left * right).mean(axis=1) / np.maximum(spread_a * spread_b, 1e-3)
    return float((agreement[textured] > ALIKE).mean()), int(textured.sum())


def _blocks(pixels: np.ndarray, rows: int, columns: int) -> npt.NDArray[np.float32]:
    cut = pixels[: rows * BLOCK_PX, : columns * BLOCK_PX].reshape(rows, BLOCK_PX, columns, BLOCK_PX)
    return np.asarray(cut.transpose(0, 2, 1, 3).reshape(rows * columns, -1), dtype=np.float32)
