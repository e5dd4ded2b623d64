"""Colours beside greys: what agrees in grey alone is the same image in other colours, or none."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.duplicates import colours, kinds, near_small, tiles
from curate.duplicates.colours import Colours
from curate.duplicates.groups import Match
from curate.duplicates.tiles import TILE_PX
from curate.images.image import Pixels, luma, squeeze
from curate.scanners.duplicates import Duplicates, DuplicatesSettings
from curate.schema import Role
from tests import sample_images

SAME_IN_GREY = ((200, 60, 60), (42, 131, 42), (40, 70, 255))
"""Red, green and blue of luma 102."""
RED, GREEN, _ = SAME_IN_GREY


def table(*images: Pixels) -> Colours:
    measured = [colours.measured(squeeze(image, TILE_PX)) for image in images]
    return of_grids(measured)


def of_grids(measured: Sequence[bytes]) -> Colours:
    chroma = [float(any(each)) for each in measured]
    return Colours(pd.DataFrame({"colours": pd.Series(measured, dtype=object), "chroma": chroma}))


def copies(folder: Path, images: dict[str, Pixels]) -> dict[str, str]:
    """Audit images in a folder; return what each copy is to its keeper."""
    for name, pixels in images.items():
        sample_images.save(pixels, folder / "source" / "all" / name)
    found = curate.audit(folder / "source", folder / "ws").findings
    found = found[(found["category"] == "duplicate") & (found["role"] == Role.COPY)]
    return dict(zip(found["path"].str.removeprefix("all/"), found["kind"], strict=True))


def stripes(*tones: tuple[int, int, int]) -> Pixels:
    return np.repeat(np.array(tones, np.uint8), 60, axis=0)[:, None].repeat(240, axis=1)


def with_hue(pixels: Pixels, degrees: int) -> Pixels:
    turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    turned[:, :, 0] = (turned[:, :, 0].astype(int) + degrees // 2) % 180
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_HSV2RGB), np.uint8)


def drawn(colour: tuple[int, int, int]) -> Pixels:
    """A pin: one painted shape with an outline, on white."""
    canvas = np.full((240, 240, 3), 255, np.uint8)
    cv2.line(canvas, (120, 130), (170, 220), (90, 90, 90), 6)
    cv2.ellipse(canvas, (110, 90), (70, 45), 20, 0, 360, colour, -1)
    cv2.ellipse(canvas, (110, 90), (70, 45), 20, 0, 360, (0, 0, 0), 4)
    return canvas


def test_grey_says_nothing_of_what_its_colours_were() -> None:
    photo = sample_images.photo(1)
    assert colours.measured(squeeze(luma(photo), TILE_PX)) == bytes(colours.BYTES)
    assert table(photo, luma(photo)).apart(0, 1, None, 1.0) == 0.0
    grey = cv2.cvtColor(luma(photo), cv2.COLOR_GRAY2RGB)
    assert table(photo, grey).apart(0, 1, None, 1.0) == 0.0
    assert colours.measured(squeeze(grey, TILE_PX)) == bytes(colours.BYTES), "as is taken without chroma"
    assert table(photo, grey).most_apart(0, 1) == table(photo, luma(photo)).most_apart(0, 1) > 0


def grids(*levels: float) -> Colours:
    """Images that are of one red difference everywhere, and of no blue one."""
    return of_grids([bytes([int(level) % 256, 0] * 16) for level in levels])


@pytest.mark.parametrize(
    ("levels", "apart"),
    [
        pytest.param((40, 10), 0.75, id="as a share of the stronger"),
        pytest.param((10, 40), 0.75, id="whichever that is"),
        pytest.param((40, -40), 2.0, id="the other way"),
        pytest.param((10, 2), 0.8, id="just to be seen"),
        pytest.param((9, 2), 0.0, id="hardly to be seen"),
        pytest.param((40, 2), 0.95, id="faint"),
        pytest.param((40, 1), 0.0, id="grey"),
    ],
)
def test_colours_are_apart_by_a_share_of_the_stronger(levels: tuple[int, int], apart: float) -> None:
    assert grids(*levels).apart(0, 1, None, 1.0) == pytest.approx(apart)


@pytest.mark.parametrize(
    ("levels", "gain", "apart"),
    [
        pytest.param((14, 40), 0.35, 0.0, id="paled to a third"),
        pytest.param((40, 14), 2.85, 0.0, id="deepened to the threefold"),
        pytest.param((11, 40), 0.28, 0.725, id="paled to less"),
        pytest.param((40, 11), 3.6, 0.725, id="deepened to more"),
    ],
)
def test_colours_follow_a_change_of_contrast_to_a_third_and_to_the_threefold(
    levels: tuple[int, int], gain: float, apart: float
) -> None:
    assert grids(*levels).apart(0, 1, None, gain) == pytest.approx(apart)


def test_what_is_nearer_as_it_is_need_not_follow_the_greys() -> None:
    assert grids(40, 40).apart(0, 1, None, 2.0) == 0.0
    assert grids(40, 20).apart(0, 1, None, 2.0) == 0.0


@pytest.mark.parametrize(("colour", "red", "blue"), [((255, 0, 0), 127, -43), ((0, 0, 255), -21, 127)])
def test_what_is_measured_are_red_and_blue_differences(colour: tuple[int, int, int], red: int, blue: int) -> None:
    """Of BT.601, less 128: of pure red .5 and -.169 of 255, of pure blue -.081 and .5."""
    tile = np.full((64, 64, 3), colour, np.uint8)
    assert np.frombuffer(colours.measured(tile), np.int8).reshape(16, 2).tolist() == [[red, blue]] * 16


def test_colours_are_those_of_each_place() -> None:
    red, green, _ = (np.full((64, 64, 3), colour, np.uint8) for colour in SAME_IN_GREY)
    halves = np.hstack([red[:, :32], green[:, :32]])
    grid = np.frombuffer(colours.measured(halves), np.int8).reshape(4, 4, 2)
    assert (grid[:, :2, 0] > 60).all()
    assert (grid[:, 2:, 0] < -30).all()
    assert (grid[:, :, 1] < 0).all()


@pytest.mark.parametrize("transform", [*tiles.TRANSFORMS])
def test_colours_turn_with_the_image(transform: str) -> None:
    photo = sample_images.photo(3, 200, 200)
    mirrored, quarters = tiles.TRANSFORMS[transform]
    turned = np.ascontiguousarray(np.rot90(photo[:, ::-1] if mirrored else photo, -quarters))
    found = table(turned, photo)
    assert found.apart(0, 1, transform, 1.0) == 0.0
    assert found.apart(0, 1, None, 1.0) > 0.3


def test_colours_pale_and_deepen_with_the_greys() -> None:
    flag = stripes((220, 20, 30), (250, 220, 10), (20, 60, 200))
    found = table((flag * 0.6).astype(np.uint8), flag)
    assert found.apart(0, 1, None, 0.6) == 0.0
    assert found.apart(0, 1, None, 1.0) > 0.3
    assert found.apart(0, 1, None, 0.2) == found.apart(0, 1, None, 1.0), "no change of contrast that an image survives"


def test_stripes_of_other_colours_are_other_flags(tmp_path: Path) -> None:
    """Any three stripes are like any other three in grey, but for brightness and contrast."""
    tones = [(0, 0, 0), (255, 255, 255), (220, 20, 30), (250, 220, 10), (20, 60, 200), (0, 130, 60)]
    flags = {f"{index:03}.png": stripes(*three) for index, three in enumerate(permutations(tones, 3))}
    assert copies(tmp_path, flags) == {}


def test_a_flag_encoded_again_smaller_or_darker_is_the_same_flag(tmp_path: Path) -> None:
    flag = stripes((220, 20, 30), (250, 220, 10), (20, 60, 200))
    images = {
        "flag.png": flag,
        "jpeg.jpg": flag,
        "small.png": cv2.resize(flag, (80, 60), interpolation=cv2.INTER_AREA),
        "darker.png": (flag * 0.6).astype(np.uint8),
    }
    assert copies(tmp_path, images) == {"jpeg.jpg": "re_encoded", "small.png": "resized", "darker.png": "recoloured"}


def test_a_drawing_in_another_colour_is_another_thing(tmp_path: Path) -> None:
    pins = {f"{index}.png": drawn(colour) for index, colour in enumerate(SAME_IN_GREY)}
    assert copies(tmp_path, pins) == {}


def test_a_photo_in_other_colours_is_said_to_be_that(tmp_path: Path) -> None:
    """Not one encoded again: its greys may be the same."""
    photo = sample_images.photo(5, 320, 240)
    other = with_hue(photo, 90)
    grey = luma(photo).astype(np.int16) - luma(other)
    other = np.clip(other + grey[:, :, None], 0, 255).astype(np.uint8)
    assert [*copies(tmp_path, {"a.png": photo, "b.png": other}).values()] == ["recoloured"]


def with_skin(colour: tuple[int, int, int]) -> Pixels:
    """A figure in a coat full of detail: the skin takes a fiftieth of it."""
    canvas = cv2.GaussianBlur(sample_images.photo(12, 240, 240), (0, 0), 2)
    cv2.ellipse(canvas, (150, 60), (20, 22), 0, 0, 360, colour, -1)
    return canvas


@pytest.mark.parametrize(("other", "kind"), [((255, 201, 40), "re_encoded"), ((248, 208, 178), "recoloured")])
def test_what_has_another_colour_in_one_part_alone_is_not_merely_encoded_again(
    other: tuple[int, int, int], kind: str, tmp_path: Path
) -> None:
    """As one emoji and the same with other skin: the mean of all colours says nothing."""
    images = {"a.png": with_skin((255, 201, 40)), "b.jpg": with_skin(other)}
    assert [*copies(tmp_path, images).values()] == [kind]


def test_the_part_that_differs_most_is_what_counts_in_either_direction() -> None:
    red, rest = 40, bytes([10, 0] * 15)
    for first, second in (
        (bytes([10, red]) + rest, bytes([10, 0]) + rest),
        (rest + bytes([226, 0]), rest + bytes([6, 0])),
    ):
        found = of_grids([first, second])
        assert found.most_apart(0, 1) == found.most_apart(1, 0) in (40, 36)


@pytest.mark.parametrize(("other", "expected"), [(RED, 1), (GREEN, 0)])
def test_small_images_that_are_laid_on_one_another_have_the_same_colours(
    other: tuple[int, int, int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An apple is no part of an orange, however round both are."""
    match = Match(kind=kinds.CROPPED, agreement=0.6, share=0.94)
    monkeypatch.setattr(near_small, "matches", lambda *_: iter([(0, 1, match, match)]))
    measured = [colours.measured(np.full((64, 64, 3), colour, np.uint8)) for colour in (RED, other)]
    ranked = pd.DataFrame(
        {
            "tile": pd.Series([bytes(64 * 64)] * 2),
            "phash": pd.Series([bytes(8)] * 2),
            "colours": pd.Series(measured),
            "chroma": 140.0,
            "width": 40,
            "height": 40,
        }
    )
    found = Duplicates(DuplicatesSettings(thorough=True))._small(ranked, np.array([0, 1]))
    assert len(list(found)) == expected
