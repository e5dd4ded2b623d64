"""A lost sector among the codes of a JPEG: seen wherever it lies, and whatever zeros stand in the header."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from curate.config import DecodeLimits
from curate.images import kinds
from curate.images.containers import scans, zeros
from curate.images.decode import decode
from curate.images.image import Pixels
from curate.schema import Severity
from tests.benchmarks import sound
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()
PIXELS = photo(1, 320, 240)


def padded(pixels: Pixels, padding: int, **options: object) -> bytes:
    """A JPEG whose EXIF ends in zero bytes, as cameras leave room to edit."""
    exif = Image.Exif()
    exif[0x010E] = "a photo"
    return encode(pixels, "JPEG", exif=exif.tobytes() + bytes(padding), **options)


def zeroed(data: bytes, at: int, count: int) -> bytes:
    return data[:at] + bytes(len(data[at : at + count])) + data[at + count :]


@pytest.mark.parametrize("size", [512, 4096])
@pytest.mark.parametrize("padding", [0, 30, 2000])
@pytest.mark.parametrize(
    "options", [{}, {"optimize": True}, {"progressive": True}], ids=["plain", "optimised", "progressive"]
)
def test_a_lost_sector_is_seen_whatever_zeros_stand_in_the_header(
    size: int, padding: int, options: dict[str, bool]
) -> None:
    data = padded(PIXELS, padding, quality=95, **options)
    scan = next(scans.scans(data))
    for seed in range(12):
        at = Random(seed).randrange(scan.start, len(data) - size - 2)
        problems = decode(zeroed(data, at, size), LIMITS).problems
        assert any(problem.severity is not Severity.INFO for problem in problems), at


@pytest.mark.parametrize("size", [512, 4096])
def test_sectors_on_the_grid_of_a_disk_are_seen(size: int) -> None:
    data = padded(PIXELS, 2000, quality=95)
    start = next(scans.scans(data)).start
    for at in range(start // size * size, len(data), size):
        damaged = zeroed(data, at, size)
        problems = decode(damaged, LIMITS).problems
        assert any(problem.severity is not Severity.INFO for problem in problems), at


def test_the_place_of_the_lost_part_is_among_the_codes() -> None:
    data = padded(PIXELS, 2000, quality=95)
    at = len(data) - 3000
    found = zeros.problem(zeroed(data, at, 512))
    assert found is not None
    assert found.kind is kinds.DAMAGED
    assert at - 8 <= found.where["offset"] <= at
    assert 512 <= found.where["zero_bytes"] <= 528


def test_padding_of_the_header_alone_is_nothing() -> None:
    assert decode(padded(PIXELS, 5000), LIMITS).problems == []


@pytest.mark.parametrize("seed", range(12))
def test_flat_and_even_images_are_no_lost_sectors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.linspace(255, 0, 900).astype(np.uint8)[:, None].repeat(1200, axis=1)
    for pixels in (np.full((900, 1200), int(rng.integers(256)), np.uint8), steps, steps[:, ::-1].T.copy()):
        for options in ({"optimize": True}, {"progressive": True}, {}):
            data = encode(pixels, "JPEG", quality=int(rng.integers(10, 96)), **options)
            assert zeros.problem(data) is None


def scan_of(table: tuple[int, int], *, refines: bool = False, progressive: bool = False) -> scans.Scan:
    """A grey scan with the shortest codes of mean and rest: one bit each, for these symbols."""
    mean, rest = table
    frame = scans.Frame(0xC2 if progressive else 0xC0, 8, {1: scans.Component(1, 1, 0)})
    lengths = bytes([1, *[0] * 15])
    tables = {0x00: (lengths, bytes([mean])), 0x10: (lengths, bytes([rest]))}
    spectrum = (0, 0) if progressive else (0, 63)
    return scans.Scan(frame, ((1, 0, 0),), spectrum, refines, 0, tables, {0: (16,) * 64}, 0, 0)


def test_no_change_and_end_of_block_may_go_on_for_ever() -> None:
    assert zeros.shortest_impossible(scan_of((0, 0x00))) is None


def test_a_coefficient_again_and_again_is_impossible_at_once() -> None:
    assert zeros.shortest_impossible(scan_of((0, 0x01))) == zeros.RUN


def test_a_mean_that_only_falls_is_impossible_when_no_value_is_left() -> None:
    """Of -1 a block, in steps of 16, 2048 values last for 128 blocks of three bits, and one more."""
    assert zeros.shortest_impossible(scan_of((1, 0x00))) == 49


def band(symbols: bytes, *, refines: bool = False, last: int = 63) -> scans.Scan:
    """A scan of frequencies 1 to `last` in which the first symbol has a code of one bit, and the others longer ones."""
    frame = scans.Frame(0xC2, 8, {1: scans.Component(1, 1, 0)})
    lengths = bytes([*[1] * len(symbols), *[0] * 16])[:16]
    return scans.Scan(frame, ((1, 0, 0),), (1, last), refines, 0, {0x10: (lengths, symbols)}, {0: (16,) * 64}, 0, 0)


def test_ends_of_bands_side_by_side_are_impossible_where_blocks_are_joined() -> None:
    assert zeros.shortest_impossible(band(b"\x00\x01\x10")) == zeros.RUN
    assert zeros.shortest_impossible(band(b"\x20\x01")) == zeros.RUN
    assert zeros.shortest_impossible(band(b"\x00\x01\xf0")) is None
    assert zeros.shortest_impossible(band(b"\xf0\x10")) is None


@pytest.mark.parametrize(("last", "expected"), [(31, None), (32, zeros.RUN), (63, zeros.RUN)])
def test_one_value_all_over_a_wide_band_is_impossible(last: int, expected: int | None) -> None:
    assert zeros.shortest_impossible(band(b"\x01\x00", last=last)) == expected


def test_what_refines_may_hold_zero_bits_of_correction() -> None:
    """Behind the end of one block an encoder has at most a thousand of them."""
    assert zeros.shortest_impossible(band(b"\x00\x01\x10", refines=True)) == zeros.CORRECTIONS > 1000 / 8
    assert zeros.shortest_impossible(band(b"\x01\x10", refines=True)) is None
    assert zeros.shortest_impossible(band(b"\x20\x10", refines=True)) is None


def test_a_long_run_in_what_refines_is_lost_where_it_is_the_only_one() -> None:
    data = padded(PIXELS, 0, quality=95, progressive=True)
    last = list(scans.scans(data))[-1]
    assert zeros.shortest_impossible(last) is None
    middle = (last.start + last.end) // 2
    assert zeros.problem(zeroed(data, middle, zeros.SECTOR - 20)) is None
    assert 3 * 128 <= zeros.SECTOR <= 512
    lost = zeroed(data, middle, zeros.SECTOR)
    assert zeros.problem(lost) is not None
    assert zeros.problem(zeroed(lost, last.start + 50, zeros.FEW)) is None


def test_of_bits_that_refine_nothing_is_said() -> None:
    assert zeros.shortest_impossible(scan_of((1, 0x01), refines=True)) is None


def test_a_run_of_sixteen_zeros_says_nothing() -> None:
    assert zeros.shortest_impossible(scan_of((0, 0xF0))) is None


def test_scans_lie_where_their_codes_do() -> None:
    data = encode(PIXELS, "JPEG", progressive=True)
    found = list(scans.scans(data))
    assert len(found) == data.count(b"\xff\xda") > 5
    for scan in found:
        assert data[scan.end] == 0xFF
        assert data[scan.end + 1] in (0xD9, 0xDA, 0xC4)
    assert [scan.refines for scan in found].count(True) >= 2


@pytest.mark.parametrize("domain", sound.DOMAINS)
def test_no_sound_image_has_a_lost_sector(domain: str) -> None:
    for seed in range(40, 60):
        data = sound.written(sound.drawn(domain, seed), seed)
        assert data[:2] != b"\xff\xd8" or zeros.problem(data) is None
