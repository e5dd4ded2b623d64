"""What a file says beside its pixels, told in short plain text, and only of the audited bytes."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from curate.reviewing.exif import exif_summary
from curate.reviewing.previews import full_size
from curate.sources import source_at
from tests import sample_images


def with_exif(path: Path) -> str:
    """A photo with camera, exposure and place; returns its sha256."""
    image = Image.fromarray(sample_images.photo(3))
    exif = Image.Exif()
    exif[271], exif[272] = "Cam\x00era\n Works", "X" * 500
    exif.get_ifd(0x8769)[33434] = IFDRational(1, 250)
    exif.get_ifd(0x8825)[1] = "N"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_exif_is_told_in_plain_short_text_and_a_place_is_not_given_away(tmp_path: Path) -> None:
    sha256 = with_exif(tmp_path / "a.jpg")
    found = exif_summary(source_at(tmp_path), "a.jpg", sha256)
    assert found["Make"] in {"Cam era Works", "Cam"}
    assert len(found["Model"]) == 80
    assert found["ExposureTime"] == "1/250 s"
    assert found["GPS"] == "yes"


@pytest.mark.parametrize("sha256", ["0" * 64, None], ids=["other content", "no content"])
def test_facts_and_pixels_are_only_those_of_the_audited_bytes(tmp_path: Path, sha256: str | None) -> None:
    with_exif(tmp_path / "a.jpg")
    assert exif_summary(source_at(tmp_path), "a.jpg", sha256) == {}
    assert full_size(source_at(tmp_path), "a.jpg", sha256) is None
    assert exif_summary(source_at(tmp_path), "../a.jpg", sha256) == {}


def test_no_image_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    assert exif_summary(source_at(tmp_path), "a.jpg", hashlib.sha256(b"no image").hexdigest()) == {}


def test_the_full_size_is_the_full_size(tmp_path: Path) -> None:
    sha256 = with_exif(tmp_path / "a.jpg")
    data = full_size(source_at(tmp_path), "a.jpg", sha256)
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (160, 120)
