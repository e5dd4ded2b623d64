"""Verification finds the copies that a full comparison of every candidate finds, however many are in hand at a time."""

import numpy as np
import pandas as pd
import pytest

from curate.duplicates import colours, prefilter, signing, verify
from curate.duplicates.verify import Verifier
from curate.scanners.duplicates import DuplicatesSettings
from curate.storage.blobs import Spool
from tests.duplicates.test_prefilter import family


@pytest.fixture(scope="module")
def seen() -> pd.DataFrame:
    """The columns that verification reads, of some families of images and their mirror images."""
    tiles = np.concatenate([family(seed) for seed in range(8)]).astype(np.uint8)
    tiles = np.concatenate([tiles, tiles[:20, :, ::-1]])
    return pd.DataFrame(
        {
            "tile": Spool().column([tile.tobytes() for tile in tiles]),
            "width": np.where(np.arange(len(tiles)) % 3, 200, 48),
            "height": 150,
            "chroma": 10.0,
            "colours": Spool().column([bytes(colours.BYTES)] * len(tiles)),
        }
    )


def all_pairs(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    left, right = np.triu_indices(count, 1)
    return left, right, np.full(len(left), 5)


@pytest.mark.parametrize("transform", [None, "mirrored"])
def test_every_copy_among_the_candidates_is_found_and_no_other(seen: pd.DataFrame, transform: str | None) -> None:
    verifier = Verifier(seen, DuplicatesSettings())
    left, right, bits = all_pairs(len(seen))
    all_of_them = verifier._compare(
        2 * left, 2 * right + (transform is not None), bits, transform, np.zeros(len(left), dtype=bool)
    )
    copies = verifier.copies((left, right, bits), transform)
    assert copies == sorted(all_of_them, key=lambda found: found[:2])
    assert 0 < len(copies) < len(left) / 4


@pytest.mark.parametrize("transform", [None, "turned by 90 degrees"])
def test_what_is_in_hand_at_a_time_changes_nothing(
    seen: pd.DataFrame, transform: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = all_pairs(len(seen))
    whole = Verifier(seen, DuplicatesSettings()).copies(pairs, transform)
    monkeypatch.setattr(prefilter, "IN_MEMORY", 20)
    monkeypatch.setattr(verify, "_TILES", 6)
    monkeypatch.setattr(signing, "IN_CACHE", 5)
    monkeypatch.setattr(signing, "AT_A_TIME", 7)
    assert Verifier(seen, DuplicatesSettings()).copies(pairs, transform) == whole


def test_no_candidates_are_no_special_case(seen: pd.DataFrame) -> None:
    none = np.empty(0, np.int64)
    assert Verifier(seen, DuplicatesSettings()).copies((none, none, none), None) == []
