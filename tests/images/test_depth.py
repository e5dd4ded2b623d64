"""What identifies an image: every sample of every frame at its full depth; and on which scale deep ones are shown."""

import io
import struct
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from curate.config import DecodeLimits
from curate.images import bands, deep
from curate.images.decode import DecodeResult, decode
from tests.sample_images import encode, photo

LIMITS = DecodeLimits()
Array = npt.NDArray[Any]


def field(seed: int, low: float, high: float, side: int = 64) -> npt.NDArray[np.float64]:
    """A smooth field between two values."""
    coarse = np.random.default_rng(seed).random((6, 6))
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(low + (smooth - smooth.min()) / np.ptp(smooth) * (high - low))


def by_pillow(samples: Array, image_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(samples).save(buffer, image_format)
    return buffer.getvalue()


def by_opencv(samples: Array, extension: str) -> bytes:
    return cv2.imencode(extension, samples)[1].tobytes()


def many_bands(samples: Array, *, order: str = "<", planar: bool = False, no_data: str | None = None) -> bytes:
    """A TIFF of any number of bands of any type, uncompressed, in one strip (a band)."""
    rows, columns, count = samples.shape
    stored = samples.astype(samples.dtype.newbyteorder(order))
    planes = [stored[:, :, band].tobytes() for band in range(count)] if planar else [stored.tobytes()]
    body = (b"II*\x00" if order == "<" else b"MM\x00*") + bytes(4)
    offsets = []
    for plane in planes:
        offsets.append(len(body))
        body += plane
    entries = {
        256: (columns,),
        257: (rows,),
        258: (8 * samples.dtype.itemsize,) * count,
        259: (1,),
        262: (1,),
        273: tuple(offsets),
        277: (count,),
        278: (rows,),
        279: tuple(map(len, planes)),
        284: (2 if planar else 1,),
        339: ({"u": 1, "i": 2, "f": 3}[samples.dtype.kind],) * count,
    }
    fields, listed = [], bytearray(body + bytes(len(body) % 2))
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            at, packed = len(listed), struct.pack(order + "I", len(listed))
            listed += struct.pack(f"{order}{len(values)}I", *values)
            assert at % 2 == 0
        fields.append(struct.pack(order + "HHI", tag, 4, len(values)) + packed)
    if no_data is not None:
        text = no_data.encode() + b"\0"
        fields.append(struct.pack(order + "HHII", 42113, 2, len(text), len(listed)))
        listed += text + bytes(len(text) % 2)
    struct.pack_into(order + "I", listed, 4, len(listed))
    return bytes(listed) + struct.pack(order + "H", len(fields)) + b"".join(fields) + bytes(4)


def decoded(data: bytes) -> DecodeResult:
    found = decode(data, LIMITS)
    assert found.image is not None, found.problems
    return found


DEEP = {
    "PNG, 16-bit grey": lambda a: by_pillow(a[:, :, 0].astype(np.uint16), "PNG"),
    "PNG, 16-bit colour": lambda a: by_opencv(a.astype(np.uint16), ".png"),
    "PPM, 16-bit colour": lambda a: by_opencv(a.astype(np.uint16), ".ppm"),
    "PGM, 16-bit": lambda a: by_opencv(a[:, :, 0].astype(np.uint16), ".pgm"),
    "TIFF, 16-bit grey": lambda a: by_pillow(a[:, :, 0].astype(np.uint16), "TIFF"),
    "TIFF, 16-bit colour": lambda a: by_opencv(a.astype(np.uint16), ".tiff"),
    "TIFF, 32-bit grey": lambda a: by_pillow(a[:, :, 0].astype(np.int32), "TIFF"),
    "TIFF, float grey": lambda a: by_pillow(a[:, :, 0].astype(np.float32), "TIFF"),
    "TIFF, float colour": lambda a: by_opencv(a.astype(np.float32), ".tiff"),
    "TIFF, 64-bit float": lambda a: by_opencv(a[:, :, 0].astype(np.float64), ".tiff"),
    "PFM, grey": lambda a: by_opencv(a[:, :, 0].astype(np.float32), ".pfm"),
    "PFM, colour": lambda a: by_opencv(a.astype(np.float32), ".pfm"),
    "JPEG 2000, 16-bit colour": lambda a: by_opencv(a.astype(np.uint16) // 64 * 64, ".jp2"),
    "TIFF, 13 bands": lambda a: many_bands(np.tile(a, (1, 1, 5))[:, :, :13].astype(np.uint16)),
}


@pytest.mark.parametrize("name", DEEP)
def test_a_difference_below_eight_bits_makes_another_image(name: str) -> None:
    samples = np.dstack([np.rint(field(seed, 1000, 40000)) for seed in range(3)])
    other = samples.copy()
    other[10, 20, 0] += 200 if "2000" in name else 1
    whole, again, changed = (decoded(DEEP[name](item)) for item in (samples, samples.copy(), other))
    assert whole.digest == again.digest != changed.digest
    assert whole.problems == []
    assert (whole.width, whole.height) == (64, 64)


def test_the_same_samples_are_the_same_image_in_any_deep_format() -> None:
    grey = np.rint(field(1, 100, 50000)).astype(np.uint16)
    files = [by_pillow(grey, "PNG"), by_pillow(grey, "TIFF"), by_opencv(grey, ".pgm")]
    files.append(by_pillow(grey.astype(np.int32), "TIFF"))
    assert len({decoded(data).digest for data in files}) == 1


def test_equal_tones_of_another_type_are_another_image() -> None:
    grey = np.rint(field(1, 0, 255)).astype(np.uint8)
    types = (np.uint8, np.uint16, np.float32)
    assert len({decoded(by_pillow(grey.astype(kind), "TIFF")).digest for kind in types}) == 3


def test_inks_that_print_alike_are_not_the_same_image() -> None:
    black = [np.zeros((20, 20, 4), np.uint8) for _ in range(2)]
    black[0][:, :, 3] = 255
    black[1][:] = 255
    for image_format in ("TIFF", "JPEG"):
        files = []
        for inks in black:
            buffer = io.BytesIO()
            Image.fromarray(inks, "CMYK").save(buffer, image_format)
            files.append(decoded(buffer.getvalue()))
        assert files[0].digest != files[1].digest


def sequence(frames: list[Array], image_format: str) -> bytes:
    buffer = io.BytesIO()
    images = [Image.fromarray(frame) for frame in frames]
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(image_format, {})
    images[0].save(buffer, image_format, save_all=True, append_images=images[1:], **lossless)
    return buffer.getvalue()


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_sequences_that_begin_alike_are_told_apart_by_their_last_frame(image_format: str) -> None:
    cover = [np.zeros((40, 60, 3), np.uint8), photo(1, 60, 40)]
    one, other = (decoded(sequence([*cover, photo(seed, 60, 40)], image_format)) for seed in (2, 3))
    assert one.frames == other.frames == 3
    assert one.digest != other.digest
    assert one.digest == decoded(sequence([*cover, photo(2, 60, 40)], image_format)).digest


def test_the_order_and_the_number_of_frames_count() -> None:
    frames = [photo(seed, 60, 40) for seed in range(3)]
    sequences = [frames, frames[:2], frames[:1], [frames[0], frames[2], frames[1]]]
    assert len({decoded(sequence(item, "TIFF")).digest for item in sequences}) == 4


def test_an_animation_and_pages_of_the_same_frames_are_not_copies() -> None:
    frames = [photo(seed, 60, 40) for seed in range(3)]
    assert decoded(sequence(frames, "WEBP")).digest != decoded(sequence(frames, "TIFF")).digest


def test_pages_of_deep_greys_are_told_apart_below_eight_bits() -> None:
    pages = [np.rint(field(seed, 0, 60000)).astype(np.uint16) for seed in range(3)]
    changed = [*pages[:2], pages[2] ^ 1]
    assert decoded(sequence(pages, "TIFF")).digest != decoded(sequence(changed, "TIFF")).digest


# On which scale


def tones(samples: Array, **options: Any) -> npt.NDArray[np.float64]:
    return np.asarray(np.quantile(deep.shown(samples, **options), (0.01, 0.5, 0.99)))


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(field(1, 0, 200).astype(np.uint16), id="low light: eight of sixteen bits"),
        pytest.param(field(2, 0, 4095).astype(np.uint16), id="twelve of sixteen bits"),
        pytest.param(field(3, 0, 65535).astype(np.uint16), id="all sixteen bits"),
        pytest.param(field(4, 30000, 30200).astype(np.uint16), id="an offset with little on it"),
        pytest.param(field(5, -1000, 3000).astype(np.int32), id="Hounsfield units"),
        pytest.param(field(6, 1800, 2100).astype(np.float32), id="an elevation raster"),
        pytest.param(field(7, 0, 1).astype(np.float32), id="reflectance"),
        pytest.param(field(8, 0, 1e-3).astype(np.float32), id="small floats"),
    ],
)
def test_a_deep_image_is_neither_dark_nor_bright_nor_flat_on_its_own_scale(samples: Array) -> None:
    low, middle, high = tones(samples)
    assert low < 64
    assert 64 < middle < 192
    assert high > 120


def test_an_image_that_fills_its_bits_is_shown_as_its_eight_bit_version() -> None:
    eight = np.rint(field(1, 3, 250)).astype(np.uint8)
    sixteen = (eight.astype(np.uint16) << 8) | eight
    assert np.abs(deep.shown(sixteen).astype(int) - eight).max() <= 1
    assert (deep.shown(eight.astype(np.uint16)) == eight).all()
    assert np.abs(deep.shown((eight / 255).astype(np.float32)).astype(int) - eight).max() <= 1


@pytest.mark.parametrize("mark", [np.nan, np.inf, -np.inf, -9999.0, -3.4028235e38, 9.96921e36, -32768.0, 1e30])
@pytest.mark.parametrize("share", [0.001, 0.3])
def test_what_measures_nothing_has_no_say_in_the_scale(mark: float, share: float) -> None:
    samples = field(3, 200, 300).astype(np.float32)
    expected = deep.shown(samples)
    holed = samples.copy()
    rows = max(1, round(share * len(samples)))
    holed[:rows] = mark
    assert np.abs(deep.shown(holed)[rows:].astype(int) - expected[rows:]).max() <= 12


def test_what_a_raster_declares_to_be_no_data_is_left_out_and_black() -> None:
    samples = field(3, 200, 300).astype(np.float32)
    holed = samples.copy()
    holed[:20] = 250
    data = many_bands(holed[:, :, None].repeat(5, axis=2), no_data="250.0")
    found = decoded(data)
    assert found.image is not None
    assert (found.image.rgb[:20] == 0).all()
    assert np.abs(found.image.rgb[20:, :, 0].astype(int) - deep.shown(samples)[20:]).max() <= 12


def test_the_lowest_tone_of_a_mask_is_no_missing_data() -> None:
    mask = np.zeros((64, 64), np.uint16)
    mask[20:40, 20:40] = 65535
    assert set(np.unique(deep.shown(mask))) == {0, 255}


@pytest.mark.parametrize("value", [0, 1, 4095, 65535])
def test_a_constant_image_stays_constant(value: int) -> None:
    assert np.ptp(deep.shown(np.full((40, 40), value, np.uint16))) == 0
    assert np.ptp(deep.shown(np.full((40, 40), value, np.float32))) == 0


def test_nothing_but_missing_values_is_black() -> None:
    assert (deep.shown(np.full((4, 4), np.nan, np.float32)) == 0).all()


@given(hnp.arrays(st.sampled_from([np.uint16, np.int16, np.int32, np.float32, np.float64]), (7, 9)))
def test_any_samples_can_be_shown(samples: Array) -> None:
    with np.errstate(all="ignore"):
        made = deep.shown(samples)
    assert made.shape == samples.shape
    assert made.dtype == np.uint8


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(-20000, 20000))
def test_the_scale_follows_the_measurement_in_any_unit(seed: int, times: int, offset: int) -> None:
    """Metres or feet, from whatever zero: what does not fill its bits is shown alike."""
    samples = np.rint(field(seed, 5000, 5100, 24)).astype(np.int64)
    expected = deep.shown(samples).astype(int)
    moved = samples * times + 30000 * times + abs(offset)
    assert np.abs(deep.shown(moved).astype(int) - expected).max() <= 1


# Bands


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "i4", "u4", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5, 13])
def test_any_number_of_bands_is_read_as_stored(kind: str, order: str, planar: bool, count: int) -> None:
    samples = (np.random.default_rng(count).random((21, 34, count)) * 120).astype(kind)
    data = many_bands(samples, order=order, planar=planar)
    (page,) = bands.pages(data)
    made = bands.read(data, page)
    assert made.dtype == samples.dtype
    assert (made.reshape(samples.shape) == samples).all()


def test_the_first_three_of_many_bands_are_shown_each_on_its_own_scale() -> None:
    samples = np.dstack([field(band, 10**band, 3 * 10**band) for band in range(5)]).astype(np.float32)
    found = decoded(many_bands(samples))
    assert found.image is not None
    assert found.mode == "5 bands;F"
    assert (np.quantile(found.image.rgb, 0.98, axis=(0, 1)) > 120).all()


def test_a_fourth_band_is_transparency_only_where_it_says_so() -> None:
    near_infrared = np.dstack([field(seed, 0, 4000) for seed in range(4)]).astype(np.uint16)
    near_infrared[:, :, 3] = 0
    found = decoded(many_bands(near_infrared))
    assert found.image is not None
    assert found.image.rgb.std() > 20


def test_ordinary_images_have_the_identity_of_their_pixels() -> None:
    pixels = photo(4)
    assert decoded(encode(pixels, "PNG")).digest == decoded(encode(pixels, "WEBP", lossless=True)).digest


def test_a_hot_pixel_does_not_set_the_scale() -> None:
    samples = field(1, 0, 200).astype(np.uint16)
    expected = deep.shown(samples)
    samples[3, 3] = 65535
    assert np.abs(deep.shown(samples).astype(int) - expected).max(initial=0, where=samples < 65535) <= 1


def test_four_bands_of_eight_bits_have_transparency_only_where_it_is_declared() -> None:
    samples = np.dstack([field(seed, 0, 255) for seed in range(4)]).astype(np.uint8)
    assert deep.shown(samples, has_alpha=False).shape == (64, 64, 3)
    assert deep.shown(samples, has_alpha=True).shape == (64, 64, 4)


@pytest.mark.parametrize("corner", [(0, 0), (-1, -1)])
def test_the_first_and_the_last_pixel_count(corner: tuple[int, int]) -> None:
    pixels = photo(4)
    other = pixels.copy()
    other[corner] ^= 1
    assert decoded(encode(pixels, "PNG")).digest != decoded(encode(other, "PNG")).digest


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("predictor", "kind"), [(2, "u1"), (2, "u2"), (2, "i4"), (3, "f4"), (3, "f8")])
def test_predictors_are_undone_per_band(order: str, predictor: int, kind: str) -> None:
    """Differences to the left neighbour; of floats, of the bytes of a row, all highest ones first."""
    samples = (np.random.default_rng(predictor).random((9, 14, 5)) * 200).astype(kind)
    width = samples.dtype.itemsize
    if predictor == 2:
        whole = samples.view(f"u{width}").copy()
        whole[:, 1:] -= whole[:, :-1].copy()
        stored = whole.astype(np.dtype(f"u{width}").newbyteorder(order))
    else:
        planes = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8).reshape(9, 14 * 5, width)
        octets = planes.swapaxes(1, 2).reshape(9, 14 * width, 5).copy()
        octets[:, 1:] -= octets[:, :-1].copy()
        stored = octets.reshape(9, -1).copy().view(f"u{width}").reshape(9, 14, 5).astype(f"u{width}")
        stored = stored if order == "<" else stored.byteswap()
    data = many_bands(stored.view(f"u{width}") if order == "<" else stored.astype(f"u{width}"), order=order)
    (page,) = bands.pages(data)
    tags = {**page.tags, 317: (predictor,), 339: ({"u": 1, "i": 2, "f": 3}[samples.dtype.kind],)}
    assert (bands.read(data, bands.Page(tags)) == samples).all()
