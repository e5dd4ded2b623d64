"""Two images laid over one another."""

import numpy as np
import simplejpeg

from curate.reviewing import overlay
from tests import sample_images


def jpeg(pixels: np.ndarray) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=95, colorspace="RGB"))


def test_equal_images_differ_nowhere_and_a_mark_shows_where_it_is() -> None:
    plain = sample_images.photo(5)
    marked = plain.copy()
    marked[40:60, 40:80] = 255
    assert overlay.difference(jpeg(plain), jpeg(plain))[1] == 0
    shown, levels = overlay.difference(jpeg(plain), jpeg(marked))
    apart = simplejpeg.decode_jpeg(shown, colorspace="GRAY")[:, :, 0]
    assert levels > 1
    assert apart[42:58, 44:76].mean() > 10 * max(1.0, apart[80:, 100:].mean())


def test_a_smaller_copy_is_laid_over_the_larger_one() -> None:
    large = sample_images.photo(5)
    one, other = overlay.overlaid(jpeg(large), jpeg(large[::2, ::2]))
    assert simplejpeg.decode_jpeg(one).shape == simplejpeg.decode_jpeg(other).shape == (120, 160, 3)
