"""Agreement, facts, differences and thresholds: what the reviewer shows, without a screen."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simplejpeg
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

import curate
from curate import config
from curate.auditing import thresholds
from curate.errors import ConfigError, WorkspaceError
from curate.reviewing import overlay, reviewer
from curate.reviewing.choices import agreement
from curate.reviewing.exif import beside_the_pixels
from curate.reviewing.previews import full_size
from curate.reviewing.reviewer import Person
from curate.reviewing.store import Rating
from curate.schema import Action, Kind
from tests import sample_images
from tests.conftest import Audited


def ratings(who: str, said: str) -> list[Rating]:
    """One letter for each image: k, d, r, or - for none."""
    actions = {"k": Action.KEEP, "d": Action.DROP, "r": Action.RELABEL}
    return [
        Rating(reviewer=who, finding_id=f"f{n}", path=f"p{n}", action=actions[letter])
        for n, letter in enumerate(said)
        if letter in actions
    ]


# Agreement


@pytest.mark.parametrize(
    ("first", "second", "shared", "agreed", "kappa"),
    [
        pytest.param("kkdd", "kkdd", 4, 4, 1.0, id="full agreement"),
        pytest.param("kkdd", "ddkk", 4, 0, -1.0, id="full disagreement"),
        pytest.param("kkdd", "kdkd", 4, 2, 0.0, id="what chance would give"),
        pytest.param("k" * 25 + "d" * 25, "k" * 20 + "d" * 20 + "k" * 10, 50, 35, 0.4, id="20, 5, 10 and 15"),
        pytest.param("kkkk", "kkkk", 4, 4, None, id="chance alone gives full agreement"),
        pytest.param("kd--", "kdkd", 2, 2, 1.0, id="only what both have rated"),
    ],
)
def test_kappa(first: str, second: str, shared: int, agreed: int, kappa: float | None) -> None:
    (found,) = agreement([*ratings("ana", first), *ratings("rui", second)])
    assert (found.first, found.second, found.shared, found.agreed) == ("ana", "rui", shared, agreed)
    assert found.kappa == (None if kappa is None else pytest.approx(kappa))


def test_a_change_of_mind_counts_and_nothing_in_common_is_no_agreement() -> None:
    assert agreement([*ratings("ana", "k-"), *ratings("rui", "-k")]) == []
    (found,) = agreement([*ratings("ana", "kk"), *ratings("rui", "kd"), *ratings("rui", "-k")])
    assert found.agreed == 2


# Facts and pixels


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
    found = beside_the_pixels(tmp_path, "a.jpg", sha256)
    assert found["Make"] in {"Cam era Works", "Cam"}
    assert len(found["Model"]) == 80
    assert found["ExposureTime"] == "1/250 s"
    assert found["GPS"] == "yes"


@pytest.mark.parametrize("sha256", ["0" * 64, None], ids=["other content", "no content"])
def test_facts_and_pixels_are_only_those_of_the_audited_bytes(tmp_path: Path, sha256: str | None) -> None:
    with_exif(tmp_path / "a.jpg")
    assert beside_the_pixels(tmp_path, "a.jpg", sha256) == {}
    assert full_size(tmp_path, "a.jpg", sha256) is None
    assert beside_the_pixels(tmp_path, "../a.jpg", sha256) == {}


def test_no_image_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    assert beside_the_pixels(tmp_path, "a.jpg", hashlib.sha256(b"no image").hexdigest()) == {}


def test_the_full_size_is_the_full_size(tmp_path: Path) -> None:
    sha256 = with_exif(tmp_path / "a.jpg")
    data = full_size(tmp_path, "a.jpg", sha256)
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (160, 120)


# Two images


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


# Who reviews


def test_a_person_is_remembered_and_a_broken_file_only_costs_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert reviewer.recall() == Person()
    reviewer.remember(Person(name="Ana", lang="pt-BR"))
    assert reviewer.recall() == Person(name="Ana", lang="pt-BR")
    reviewer.place().write_text("[1")
    assert reviewer.recall() == Person()


def test_a_settings_folder_that_cannot_be_written_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    reviewer.remember(Person(name="Ana"))
    assert reviewer.recall() == Person()


# Thresholds


def cut(audited: Audited, setting: str) -> thresholds.Cut:
    (found,) = [one for one in thresholds.cuts(audited.workspace) if one.threshold.setting == setting]
    return found


def test_every_threshold_agrees_with_the_judgement(audited: Audited) -> None:
    """What a threshold suspects by its measurement alone contains all that its scanner flagged for it."""
    findings = audited.workspace.read_findings()
    for one in thresholds.cuts(audited.workspace):
        values = thresholds.measurements(audited.workspace, one)
        assert len(values) == 16, "every image that decodes"
        suspected = set(values[thresholds.flagged(values, one, one.value)].index)
        named = [other for other in thresholds.cuts(audited.workspace) if other.threshold.kind is one.threshold.kind]
        if len(named) == 1 and one.threshold.kind is not Kind.ODD_SIZE:
            assert set(findings.loc[findings["kind"] == one.threshold.kind, "path"]) <= suspected, one


def test_the_nearest_lie_on_either_side_the_closest_first(audited: Audited) -> None:
    one = cut(audited, "blurry")
    values = pd.Series([0.1, 0.5, 0.54, 0.55, 0.7, 0.9], index=list("abcdef"))
    near, far = thresholds.nearest(values, one, 0.55, 2)
    assert list(near.index) == ["d", "e"]
    assert list(far.index) == ["c", "b"]
    bars = thresholds.histogram(values, one)
    assert bars["images"].sum() == 6
    assert bars["start"].iloc[0] == pytest.approx(0.1)


def test_a_saved_threshold_judges_again_and_is_in_the_file(audited: Audited) -> None:
    before = len(audited.workspace.read_findings())
    thresholds.save(audited.workspace, {("quality", "dark"): 1.0})
    after = audited.workspace.read_findings()
    assert (after["kind"] == "dark").sum() > 1 or len(after) < before, "all dark is a property of the dataset"
    assert config.read(audited.workspace.config).scan["quality"]["dark"] == 1.0
    assert curate.status(audited.workspace.root).progress.items > 0


def test_a_refused_threshold_leaves_the_file_as_it_was(audited: Audited) -> None:
    before = audited.workspace.config.read_bytes()
    with pytest.raises(ConfigError, match="blurry"):
        thresholds.save(audited.workspace, {("quality", "blurry"): 7.0})
    assert audited.workspace.config.read_bytes() == before


def test_a_threshold_that_cannot_be_judged_is_taken_back(audited: Audited) -> None:
    before = audited.workspace.config.read_bytes()
    for part in audited.workspace.features.glob("*.parquet"):
        part.unlink()
    with pytest.raises((ConfigError, WorkspaceError)):
        thresholds.save(audited.workspace, {("quality", "blurry"): 0.4})
    assert audited.workspace.config.read_bytes() == before
