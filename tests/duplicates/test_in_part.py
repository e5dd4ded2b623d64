"""One image shows a part of another, as it lies or mirrored; each pair is named once, with what either shows."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from curate.duplicates import in_part, kinds, sift
from curate.duplicates.groups import Match
from curate.images.image import Pixels
from tests.scanners.test_thorough import scene

ROWS = np.array([7, 3])


def view(change: Callable[[Pixels], Pixels]) -> sift.Described:
    grey = cv2.cvtColor(scene(3), cv2.COLOR_RGB2GRAY)[:256, :256]
    return sift.describe(np.ascontiguousarray(change(grey)))


def found(
    change: Callable[[Pixels], Pixels], known: dict[int, dict[int, Match]] | None = None
) -> tuple[list[tuple[int, int, Match, Match]], list[tuple[str, int, int]]]:
    said: list[tuple[str, int, int]] = []
    images = [view(lambda grey: grey), view(change)]
    pairs = in_part.matches(images, ROWS, {(0, 1)}, known or {}, lambda *args: said.append(args))
    return list(pairs), said


@pytest.mark.parametrize(
    ("change", "kind", "transform", "share"),
    [
        pytest.param(lambda grey: grey[:, 64:], kinds.CROPPED, None, 0.75, id="a part"),
        pytest.param(lambda grey: grey[:, 64:][:, ::-1], kinds.CROPPED, "mirrored", 0.75, id="a part, mirrored"),
        pytest.param(lambda grey: cv2.resize(grey, (256, 180)), kinds.EDITED, None, 1.0, id="stretched"),
        pytest.param(lambda grey: grey[:, ::-1], kinds.MIRRORED, "mirrored", 1.0, id="mirrored"),
    ],
)
def test_a_pair_is_named_once_with_what_either_shows(
    change: Callable[[Pixels], Pixels], kind: object, transform: str | None, share: float
) -> None:
    ((first, second, match, other),), said = found(change)
    assert (first, second) == (7, 3)
    assert (match.kind, match.transform, other.kind, other.transform) == (kind, transform, kind, transform)
    assert match.share == pytest.approx(share, abs=0.02)
    assert other.share == pytest.approx(1.0, abs=0.02)
    assert match.inliers == other.inliers > sift.MIN_INLIERS
    assert match.agreement > 0.9
    assert said == [("comparing pairs of images by their parts", 1, 1)] * (1 if transform is None else 2)


def test_what_is_known_to_be_a_copy_is_not_looked_at_again() -> None:
    pairs, said = found(lambda grey: grey[:, 64:], {7: {3: Match(kind=kinds.RESIZED)}})
    assert (pairs, said) == ([], [])


def test_another_image_is_no_part() -> None:
    assert found(lambda grey: cv2.cvtColor(scene(5), cv2.COLOR_RGB2GRAY)[:256, :256])[0] == []
