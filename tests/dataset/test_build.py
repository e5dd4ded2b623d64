"""A built training set: nothing copied twice, balanced, leak-free, the same bytes every time."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import curate
from curate.dataset import build, splits
from curate.dataset.recipe import Appearance
from curate.dataset.shaping import shaped
from curate.dataset.splits import Item, sampling_key
from curate.demonstration.portraits import portrait
from curate.errors import ConfigError, SourceError
from curate.images.image import DecodedImage
from curate.storage import safe_csv
from tests import sample_images

RECIPE = """
seed = 7
[[extend]]
source = "more"
classes = {Cat = "cats", Dog = "dogs"}
[balance]
method = "fill"
per_class = 10
[image]
size_px = 48
grey = true
filter = "lanczos"
[split]
train = 0.7
test = 0.3
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six cats and six dogs; the extension has twenty of each, half of the cats being copies of ours."""
    root = tmp_path_factory.mktemp("build")
    source = sample_images.dataset(root / "source")
    curate.audit(source, root / "ws")
    curate.manifest(root / "ws", root / "manifest.csv", pending="keep")
    for index in range(20):
        ours = index < 6
        cat = sample_images.photo(index if ours else 5000 + index)
        sample_images.save(cat, root / "more" / "Cat" / f"{index}.jpg", quality=70 if ours else 92)
        sample_images.save(sample_images.photo(7000 + index), root / "more" / "Dog" / f"{index}.jpg")
    (root / "more" / "Dog" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (root / "recipe.toml").write_text(RECIPE)
    return root


@pytest.fixture(scope="module")
def built(place: Path) -> build.Built:
    return curate.build(place / "recipe.toml", place / "set", manifest=place / "manifest.csv")


def test_classes_are_filled_to_the_same_number(built: build.Built) -> None:
    assert Counter(built.table["label"]) == {"cats": 10, "dogs": 10}
    assert Counter(built.table["origin"]) == {"own": 12, "more": 8}


def test_no_copy_of_what_is_there_comes_in(built: build.Built) -> None:
    cats = built.table[(built.table["origin"] == "more") & (built.table["label"] == "cats")]
    assert all(int(Path(path).stem) >= 6 for path in cats["origin_path"])


def test_images_are_small_and_grey_and_lie_where_the_manifest_says(built: build.Built) -> None:
    for row in built.table.itertuples():
        with Image.open(built.destination / row.path) as image:
            assert (image.size, image.mode) == ((48, 48), "L")
        assert row.path.startswith(f"{row.split}/{row.label}/")
    written = safe_csv.read(built.destination / build.MANIFEST)
    assert written["origin_path"].tolist() == built.table["origin_path"].tolist()


def test_the_card_says_how_it_was_made(built: build.Built) -> None:
    text = (built.destination / build.CARD).read_text()
    assert "lanczos" in text
    assert "| class | more | own | all |" in text
    assert "| cats | 4 | 6 | 10 |" in text


def test_the_same_recipe_gives_the_same_bytes(place: Path, built: build.Built) -> None:
    again = curate.build(place / "recipe.toml", place / "again", manifest=place / "manifest.csv")
    pd.testing.assert_frame_equal(built.table.drop(columns="source"), again.table.drop(columns="source"))
    assert (built.destination / build.CARD).read_bytes() == (again.destination / build.CARD).read_bytes()


def test_a_build_can_be_audited_as_a_dataset_with_splits(built: build.Built, place: Path) -> None:
    images = curate.audit(built.destination, place / "ws-of-set").images
    assert set(images["split"]) == {"train", "test"}
    assert set(images["label"]) == {"cats", "dogs"}


def test_copies_never_stand_in_two_splits() -> None:
    items = [Item("ab"[i % 2], str(i // 4), sampling_key(1, "own", str(i))) for i in range(60)]
    found = splits.assign(items, {"train": 0.6, "val": 0.2, "test": 0.2})
    splits_of: dict[str, set[str]] = {}
    for item, name in zip(items, found, strict=True):
        splits_of.setdefault(item.group, set()).add(name)
    assert all(len(names) == 1 for names in splits_of.values())
    assert Counter(found) == {"train": 36, "val": 12, "test": 12}


def test_weights_make_up_for_classes_of_unequal_size(place: Path) -> None:
    recipe = place / "weights.toml"
    recipe.write_text(
        '[[extend]]\nsource = "more"\nclasses = {Dog = "dogs"}\nquota = 6\n[balance]\nmethod = "weights"\n'
    )
    table = curate.build(recipe, place / "weighted", manifest=place / "manifest.csv").table
    totals = table.assign(weight=table["weight"].astype(float)).groupby("label")["weight"].sum()
    assert totals["cats"] == pytest.approx(totals["dogs"], rel=1e-4)


def test_files_are_copied_as_they_are_unless_the_recipe_changes_them(place: Path) -> None:
    (place / "plain.toml").write_text('manifest = "manifest.csv"\n')
    table = curate.build(place / "plain.toml", place / "plain").table
    assert (table["sha256"] == table["origin_sha256"]).all()


def test_a_class_with_one_image_cannot_be_split() -> None:
    with pytest.raises(SourceError, match="class 'lone' has 1 distinct image, too few for 2 splits"):
        splits.assign([Item("lone", "1", "")], {"train": 0.8, "test": 0.2})


def test_a_manifest_of_another_dataset_is_one_clear_line(place: Path, tmp_path: Path) -> None:
    table = safe_csv.read(place / "manifest.csv")
    table["source"] = str(sample_images.dataset(tmp_path / "other", classes=("dogs", "cats")))
    safe_csv.write(table, tmp_path / "manifest.csv")
    with pytest.raises(SourceError, match="the manifest is of another dataset"):
        curate.build(place / "plain.toml", tmp_path / "out", manifest=tmp_path / "manifest.csv")
    assert not (tmp_path / "out").exists()


def test_an_image_that_broke_since_the_scan_is_named(place: Path, tmp_path: Path) -> None:
    table = safe_csv.read(place / "manifest.csv")
    shutil.copytree(place / "source", tmp_path / "source")
    (tmp_path / "source" / "cats" / "001.jpg").write_bytes(b"broken")
    table["source"] = str(tmp_path / "source")
    safe_csv.write(table, tmp_path / "manifest.csv")
    with pytest.raises(SourceError, match=r"001\.jpg is not the image in the manifest"):
        curate.build(place / "plain.toml", tmp_path / "out", manifest=tmp_path / "manifest.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("sed = 1", "sed is not a setting", id="misspelt key"),
        pytest.param('[balance]\nmethod = "fill"', "needs per_class", id="fill without a target"),
        pytest.param("[split]\ntrain = 0.5", "must add up to 1", id="shares that do not add up"),
        pytest.param(
            'manifest = "manifest.csv"\n[[extend]]\nsource = "more"', "no image of a wanted class", id="classes"
        ),
    ],
)
def test_a_recipe_that_cannot_be_followed_says_why(place: Path, text: str, message: str) -> None:
    (place / "bad.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        curate.build(place / "bad.toml", place / "bad", manifest=place / "manifest.csv")


def test_a_recipe_can_crop_to_the_face_and_says_which_part_it_took(tmp_path: Path) -> None:
    """A drawn portrait pasted low on a wide wall; the wall alone has no face and stays whole."""
    face = portrait(np.random.default_rng(3), "Happy", 220, 280)
    wall = np.full((480, 900, 3), 200, np.uint8)
    scene = wall.copy()
    scene[180:460, 600:820] = face
    first = shaped(DecodedImage(pixels=scene, width=900, height=480), Appearance(crop="face", size_px=64))
    left, top, width, height = first.crop
    assert width == height < 400
    assert 600 <= left + width / 2 <= 820
    assert 180 <= top + height / 2 <= 460
    assert first.image.size == (64, 64)
    half = shaped(
        DecodedImage(pixels=scene[::2, ::2].copy(), width=900, height=480), Appearance(crop="face", size_px=64)
    )
    assert np.allclose(half.crop, first.crop, atol=20)
    assert shaped(DecodedImage(pixels=wall, width=900, height=480), Appearance(crop="face")).crop == (0, 0, 900, 480)


def test_training_shapes_an_image_as_a_build_does(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from curate.train import data

    sample_images.save(sample_images.photo(5, 300, 200), tmp_path / "a.png")
    rgb = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    built = shaped(DecodedImage(pixels=rgb, width=300, height=200), Appearance(size_px=48, grey=True)).image
    shown = data.load(
        [data.Sample(str(tmp_path), "a.png", "", "")], data.Preprocessing(input_px=48, shrink_px=48, grey=True)
    )
    assert np.array_equal(shown[0][..., 0], np.asarray(built))
