"""Damage as disks, networks and careless scripts do it: planted in the bytes of a file, seeded."""

from collections.abc import Callable
from random import Random

Damage = Callable[[bytes, Random], bytes]


def cut(share: float) -> Damage:
    """Keep only the first part."""
    return lambda data, _: data[: max(1, round(len(data) * share))]


def without_the_end(data: bytes, _: Random) -> bytes:
    """The last two bytes are missing."""
    return data[:-2]


def overwritten(data: bytes, at: int, patch: bytes) -> bytes:
    """The same length, with other bytes in one place."""
    return (data[:at] + patch + data[at + len(patch) :])[: len(data)]


def zeroed(data: bytes, rng: Random) -> bytes:
    """512 zero bytes, a lost sector, somewhere behind the header."""
    at = somewhere(data, 512, rng)
    return overwritten(data, at, bytes(min(512, len(data) - at)))


def removed(data: bytes, rng: Random) -> bytes:
    """300 bytes are missing from the middle."""
    at = somewhere(data, 300, rng)
    return data[:at] + data[at + 300 :]


def flipped(data: bytes, rng: Random) -> bytes:
    """Five single bits have changed behind the header."""
    changed = bytearray(data)
    for _ in range(5):
        changed[somewhere(data, 1, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def garbage(data: bytes, rng: Random) -> bytes:
    """4 KB of random bytes somewhere behind the header."""
    at = somewhere(data, 4096, rng)
    return overwritten(data, at, rng.randbytes(min(4096, len(data) - at)))


def header(data: bytes, rng: Random) -> bytes:
    """Random bytes behind the signature."""
    return overwritten(data, 12, rng.randbytes(24))


def somewhere(data: bytes, length: int, rng: Random) -> int:
    """An offset behind the header, with room for `length` bytes where the file is large enough."""
    first = min(640, len(data) // 4)
    return rng.randrange(first, max(first + 1, len(data) - length - 2))


KINDS: dict[str, Damage] = {
    "cut to 1 %": cut(0.01),
    "cut to 50 %": cut(0.5),
    "cut to 99 %": cut(0.99),
    "last 2 bytes missing": without_the_end,
    "512 bytes zeroed": zeroed,
    "300 bytes removed": removed,
    "5 bits flipped": flipped,
    "4 KB of garbage": garbage,
    "header damaged": header,
}
