"""Reading images for a network: by many processes as by one, cropped as `build` crops, and one that kills a process."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curate.dataset.recipe import Appearance
from curate.dataset.shaping import shaped
from curate.demonstration.portraits import portrait
from curate.errors import SourceError
from curate.images.image import DecodedImage
from curate.measuring import pool
from curate.train import data
from curate.train.data import Preprocessing, Sample, Unreadable
from tests import sample_images

TINY = Preprocessing(input_px=32)


def samples(folder: Path, count: int) -> list[Sample]:
    for number in range(count):
        sample_images.save(sample_images.photo(number, 64, 48), folder / f"{number:03}.png")
    return [Sample(str(folder), f"{number:03}.png", "cats", "") for number in range(count)]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of images is many, and there is more than one core."""
    monkeypatch.setattr(data, "_MANY", 1)
    monkeypatch.setattr(pool, "cores", lambda: 2)


def test_many_processes_read_what_one_reads(tmp_path: Path, many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = samples(tmp_path, 40)
    (tmp_path / "007.png").write_bytes(b"")
    spread = list(data.readings(listed, TINY))
    monkeypatch.setattr(data, "_MANY", 1000)
    alone = list(data.readings(listed, TINY))
    assert len(spread) == 40
    for row, (ours, theirs) in enumerate(zip(spread, alone, strict=True)):
        assert isinstance(ours, Unreadable) == isinstance(theirs, Unreadable) == (row == 7)
        assert np.array_equal(ours, theirs)


def test_an_image_that_a_process_dies_of_costs_itself_alone(
    tmp_path: Path, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = samples(tmp_path, 40)

    def mapped(function: Callable[[Any], Any], hands: Sequence[Any]) -> Iterator[Any]:
        for hand in hands:
            if any(sample.path == "020.png" for sample in hand.samples):
                raise BrokenProcessPool
            yield function(hand)

    monkeypatch.setattr(pool, "mapped", mapped)
    found = list(data.readings(listed, TINY))
    assert [row for row, reading in enumerate(found) if isinstance(reading, Unreadable)] == [20]
    assert found[20] == Unreadable("Its decoder crashed.")
    monkeypatch.setattr(data, "_MANY", 1000)
    for row, reading in enumerate(data.readings(listed, TINY)):
        assert row == 20 or np.array_equal(reading, found[row])
    monkeypatch.setattr(data, "_MANY", 1)
    with pytest.raises(SourceError, match=r"020\.png: Its decoder crashed"):
        data.load(listed, TINY)


def test_a_face_is_cut_out_as_a_built_set_has_it(tmp_path: Path) -> None:
    scene = np.full((480, 900, 3), 200, np.uint8)
    scene[180:460, 600:820] = portrait(np.random.default_rng(3), "Happy", 220, 280)
    sample_images.save(scene, tmp_path / "scene.png")
    shown = Preprocessing(input_px=64, crop="face", face_margin=0.1, grey=True)
    (found,) = data.readings([Sample(str(tmp_path), "scene.png", "", "")], shown)
    built = shaped(
        DecodedImage(pixels=scene, width=900, height=480), Appearance(crop="face", face_margin=0.1, grey=True)
    )
    assert built.crop != (0, 0, 900, 480)
    expected = built.image.resize((64, 64), Image.Resampling.BILINEAR, reducing_gap=3.0).convert("RGB")
    assert np.array_equal(found, np.asarray(expected))
    (whole,) = data.readings([Sample(str(tmp_path), "scene.png", "", "")], Preprocessing(input_px=64, grey=True))
    assert not np.array_equal(found, whole)
