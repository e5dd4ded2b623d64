"""What is worked out of every tile before it is known what it is compared with: a part of them at a time, anywhere."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.duplicates import tiles
from curate.duplicates.prefilter import BlockSignatures
from curate.duplicates.tiles import TILE_PX
from curate.duplicates.whole import Wholes

AT_A_TIME = 256
"""Tiles in a part: 1 MiB to send, and a good one to get back, of which some wait for each process that helps."""
IN_CACHE = 64
"""Tiles in hand at a time: with what is worked out of them 4 MiB, which the processor's cache holds."""


class Unsigned(NamedTuple):
    """Tiles (n, 4096) of a part, and what is wanted of them."""

    pixels: npt.NDArray[np.uint8]
    by_blocks: bool
    as_wholes: bool


class Signed(NamedTuple):
    """What was wanted of the tiles of a part; of none where it was not."""

    signatures: BlockSignatures
    wholes: Wholes


def sign(part: Unsigned) -> Signed:
    """Work out what is wanted of the tiles of a part."""
    count = len(part.pixels)
    signed = Signed(BlockSignatures.empty(count * part.by_blocks), Wholes(count * part.as_wholes))
    for start in range(0, count, IN_CACHE):
        rows = np.arange(start, min(start + IN_CACHE, count))
        pixels = part.pixels[rows].reshape(-1, TILE_PX, TILE_PX).astype(np.float32)
        if part.by_blocks:
            signed.signatures.add(rows, tiles.prepare(pixels))
        if part.as_wholes:
            signed.wholes.add(rows, pixels)
    return signed
