"""Measuring in a process that is not ours: a worker of a cluster, or the user's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from curate.config import DecodeLimits
from curate.images.decode import allow_pixels


@contextmanager
def borrowed_process(limits: DecodeLimits) -> Iterator[None]:
    """Apply a worker's settings while a shard is measured, and restore them on exit: the process is not ours."""
    import cv2
    from PIL import Image

    threads, pixels = cv2.getNumThreads(), Image.MAX_IMAGE_PIXELS
    cv2.setNumThreads(1)
    allow_pixels(limits.max_pixels)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = pixels
        cv2.setNumThreads(threads)
