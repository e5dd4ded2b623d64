"""A built training set: nothing copied twice, balanced, leak-free, the same bytes every time."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import curate
from curate import config
from curate.dataset import build, shaping
from curate.dataset.recipe import Appearance
from curate.dataset.shaping import shaped
from curate.dataset.splits import sampling_key
from curate.demonstration.portraits import portrait
from curate.errors import ConfigError, CurateError, SourceError
from curate.findings import Box
from curate.images.image import DecodedImage
from curate.storage import safe_csv
from tests import sample_images
from tests.dataset.handmade import Row, manifest
from tests.sources.test_sources import tar

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
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
def built(prepared: Path) -> build.Built:
    return curate.build(prepared / "recipe.toml", prepared / "set", manifest=prepared / "manifest.csv")


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


def test_the_same_recipe_gives_the_same_bytes(prepared: Path, built: build.Built) -> None:
    again = curate.build(prepared / "recipe.toml", prepared / "again", manifest=prepared / "manifest.csv")
    pd.testing.assert_frame_equal(built.table.drop(columns="source"), again.table.drop(columns="source"))
    assert (built.destination / build.CARD).read_bytes() == (again.destination / build.CARD).read_bytes()


def test_a_build_can_be_audited_as_a_dataset_with_splits(built: build.Built, prepared: Path) -> None:
    images = curate.audit(built.destination, prepared / "ws-of-set").images
    assert set(images["split"]) == {"train", "test"}
    assert set(images["label"]) == {"cats", "dogs"}


def test_weights_make_up_for_classes_of_unequal_size(prepared: Path) -> None:
    recipe = prepared / "weights.toml"
    recipe.write_text(
        '[[extend]]\nsource = "more"\nclasses = {Dog = "dogs"}\nquota = 6\n[balance]\nmethod = "weights"\n'
    )
    table = curate.build(recipe, prepared / "weighted", manifest=prepared / "manifest.csv").table
    totals = table.assign(weight=table["weight"].astype(float)).groupby("label")["weight"].sum()
    assert totals["cats"] == pytest.approx(totals["dogs"], rel=1e-4)


def test_files_are_copied_as_they_are_unless_the_recipe_changes_them(prepared: Path) -> None:
    (prepared / "plain.toml").write_text('manifest = "manifest.csv"\n')
    table = curate.build(prepared / "plain.toml", prepared / "plain").table
    assert (table["sha256"] == table["origin_sha256"]).all()


def test_a_class_with_one_image_cannot_be_split(tmp_path: Path) -> None:
    data = {path: content for path, content in handmade_set(tmp_path).items() if path < "dogs/1"}
    with pytest.raises(SourceError, match="class 'dogs' has 1 distinct image, too few for 2 splits"):
        curate.build(plain(tmp_path), tmp_path / "set", manifest=manifest(tmp_path, *rows_of(data)))


def test_a_manifest_of_another_dataset_is_one_clear_line(prepared: Path, tmp_path: Path) -> None:
    table = safe_csv.read(prepared / "manifest.csv")
    table["source"] = str(sample_images.dataset(tmp_path / "other", classes=("dogs", "cats")))
    safe_csv.write(table, tmp_path / "manifest.csv")
    with pytest.raises(SourceError, match="the manifest is of another dataset"):
        curate.build(plain(tmp_path), tmp_path / "out", manifest=tmp_path / "manifest.csv")
    assert not (tmp_path / "out").exists()


def test_an_image_that_broke_since_the_scan_is_named(prepared: Path, tmp_path: Path) -> None:
    table = safe_csv.read(prepared / "manifest.csv")
    shutil.copytree(prepared / "source", tmp_path / "source")
    (tmp_path / "source" / "cats" / "001.jpg").write_bytes(b"broken")
    table["source"] = str(tmp_path / "source")
    safe_csv.write(table, tmp_path / "manifest.csv")
    with pytest.raises(SourceError, match=r"001\.jpg is not the image in the manifest"):
        curate.build(plain(tmp_path), tmp_path / "out", manifest=tmp_path / "manifest.csv")


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
def test_a_recipe_that_cannot_be_followed_says_why(prepared: Path, text: str, message: str) -> None:
    (prepared / "bad.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        curate.build(prepared / "bad.toml", prepared / "bad", manifest=prepared / "manifest.csv")


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


# Sources, names and faces


def handmade_set(root: Path, labels: tuple[str, ...] = ("cats", "dogs"), each: int = 3) -> dict[str, bytes]:
    """The bytes of small photographs by their paths, a folder per class."""
    return {
        f"{label}/{index}.JPG": sample_images.encode(sample_images.photo(10 * number + index, 64, 48))
        for number, label in enumerate(labels)
        for index in range(each)
    }


def rows_of(data: dict[str, bytes], below: str = "") -> list[Row]:
    return [Row(below + path, path.partition("/")[0], data=content) for path, content in data.items()]


def plain(root: Path, text: str = "") -> Path:
    (root / "plain.toml").write_text(text)
    return root / "plain.toml"


def test_a_manifest_of_images_in_a_tar_builds_what_one_of_files_builds(tmp_path: Path) -> None:
    data = handmade_set(tmp_path)
    tar(tmp_path / "packed" / "source" / "s.tar", data)
    (tmp_path / "loose").mkdir()
    loose = manifest(tmp_path / "loose", *rows_of(data))
    packed = manifest(tmp_path / "packed", *rows_of(data, "s.tar/"), write=False)
    first = curate.build(plain(tmp_path), tmp_path / "one", manifest=loose).table
    second = curate.build(plain(tmp_path), tmp_path / "two", manifest=packed).table
    assert sorted(second["sha256"]) == sorted(first["sha256"])
    assert set(second["origin_path"]) == {f"s.tar/{path}" for path in data}
    for row in second.itertuples():
        assert (tmp_path / "two" / row.path).read_bytes() == data[row.origin_path.removeprefix("s.tar/")]


def test_the_table_says_where_each_image_comes_from_and_what_it_is(tmp_path: Path) -> None:
    data = handmade_set(tmp_path, each=4)
    table = curate.build(
        plain(tmp_path, "seed = 1\n[split]\ntrain = 0.5\nval = 0.25\ntest = 0.25\n"),
        tmp_path / "set",
        manifest=manifest(tmp_path, *rows_of(data)),
    ).table
    assert Counter(zip(table["label"], table["split"], strict=True)) == {
        (label, split): count for label in ("cats", "dogs") for split, count in (("train", 2), ("val", 1), ("test", 1))
    }
    keys = [sampling_key(1, "own", path) for path in table["origin_path"]]
    order = list(zip(table["split"], table["label"], keys, strict=True))
    assert order == sorted(order)
    row = table.iloc[0]
    name = hashlib.sha256(f"own:{row['origin_path']}".encode()).hexdigest()[:16]
    digest = hashlib.sha256(data[row["origin_path"]]).hexdigest()
    assert row.to_dict() == {
        "path": f"{row['split']}/{row['label']}/{name}.jpg",
        "label": row["label"],
        "split": row["split"],
        "sha256": digest,
        "action": "keep",
        "final_label": row["label"],
        "source": str(tmp_path / "set"),
        "origin": "own",
        "origin_path": row["origin_path"],
        "origin_sha256": digest,
        "group": digest,
        "crop": "",
        "weight": "1",
    }


def test_weights_are_those_of_a_balanced_loss(tmp_path: Path) -> None:
    data = {path: content for path, content in handmade_set(tmp_path, each=6).items() if path < "dogs/2"}
    path = manifest(tmp_path, *rows_of(data))
    table = curate.build(plain(tmp_path, '[balance]\nmethod = "weights"\n'), tmp_path / "set", manifest=path).table
    assert dict(zip(table["label"], table["weight"], strict=True)) == {"cats": "0.666667", "dogs": "2"}
    assert set(curate.build(plain(tmp_path), tmp_path / "unweighted", manifest=path).table["weight"]) == {"1"}


def test_classes_that_would_share_a_folder_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    rows = [Row("1.png", "a/b"), Row("2.png", "a_b")]
    (tmp_path / "source").mkdir()
    with pytest.raises(SourceError, match="the classes 'a/b' and 'a_b' would share the folder 'a_b'"):
        curate.build(plain(tmp_path), tmp_path / "set", manifest=manifest(tmp_path, *rows, write=False))
    assert not (tmp_path / "set").exists()


def test_a_label_with_a_slash_is_one_folder(tmp_path: Path) -> None:
    data = handmade_set(tmp_path)
    rows = [Row(path, "x/y" if path.startswith("cats") else "dogs", data=content) for path, content in data.items()]
    table = curate.build(plain(tmp_path), tmp_path / "set", manifest=manifest(tmp_path, *rows)).table
    assert {path.split("/")[1] for path in table["path"]} == {"x_y", "dogs"}
    assert set(table["label"]) == {"x/y", "dogs"}


def test_images_of_two_extensions_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    data = handmade_set(tmp_path)
    seed = 100
    for folder in ("a", "b"):
        for name in ("cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png"):
            seed += 1
            sample_images.save(sample_images.photo(seed, 64, 48), tmp_path / folder / "more" / name)
    sources = "".join(f'[[extend]]\nsource = "{folder}/more"\n' for folder in ("a", "b"))
    built = curate.build(plain(tmp_path, sources), tmp_path / "set", manifest=manifest(tmp_path, *rows_of(data)))
    assert set(built.table["origin"]) == {"own", "more", "more-2"}
    assert len(set(built.table["path"])) == len(built.table)
    assert len(list((tmp_path / "set").rglob("*.*g"))) == len(built.table)


def test_what_was_dropped_does_not_come_back_with_an_extension(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "source")
    shutil.copy(source / "cats" / "000.jpg", source / "cats" / "again.jpg")  # dropped as well, but its keeper stays
    for name in ("cats/000.jpg", "cats/001.jpg", "dogs/001.jpg"):
        (tmp_path / "more" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, tmp_path / "more" / name)
    sample_images.save(sample_images.photo(7000), tmp_path / "more" / "cats" / "new.jpg")
    curate.audit(source, tmp_path / "ws")
    gone = ("cats/001.jpg", "dogs/001.jpg", "cats/again.jpg")
    curate.decide(tmp_path / "ws", curate.Selection(paths=gone), "drop", reviewer="ana")
    curate.manifest(tmp_path / "ws", tmp_path / "manifest.csv", pending="keep")
    (tmp_path / "recipe.toml").write_text('[[extend]]\nsource = "more"\n[split]\ntrain = 0.5\ntest = 0.5\n')
    made = curate.build(tmp_path / "recipe.toml", tmp_path / "set", manifest=tmp_path / "manifest.csv")
    assert made.table["origin_path"][made.table["origin"] == "more"].tolist() == ["cats/new.jpg"]
    assert made.refused == {
        "of more are copies of images that are there": 1,
        "of more are files that the manifest drops": 2,
    }


def test_a_build_without_a_manifest_and_one_into_a_full_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plain\.toml names no manifest; add"):
        curate.build(plain(tmp_path), tmp_path / "set")
    path = manifest(tmp_path, *rows_of(handmade_set(tmp_path)))
    with pytest.raises(CurateError, match="is not empty"):
        curate.build(plain(tmp_path), tmp_path, manifest=path)


def test_the_manifest_given_wins_over_the_one_named(tmp_path: Path) -> None:
    path = manifest(tmp_path, *rows_of(handmade_set(tmp_path)))
    table = curate.build(plain(tmp_path, 'manifest = "nowhere.csv"\n'), tmp_path / "set", manifest=path).table
    assert len(table) == 6


def test_an_image_that_changes_while_the_set_is_built_stops_it(tmp_path: Path) -> None:
    path = manifest(tmp_path, *rows_of(handmade_set(tmp_path)))
    victim = tmp_path / "source" / "cats" / "1.JPG"

    def meddle(line: str) -> None:
        if line.startswith("writing"):
            victim.write_bytes(b"other")

    def remove(line: str) -> None:
        if line.startswith("writing"):
            victim.unlink()

    original = victim.read_bytes()
    for interfere, message in ((meddle, "has changed while the set was built"), (remove, "cannot be read any more")):
        victim.write_bytes(original)
        with pytest.raises(SourceError, match=rf"1\.JPG {message}"):
            curate.build(plain(tmp_path), tmp_path / "set", manifest=path, say=interfere)
        assert not (tmp_path / "set").exists()


def test_what_is_left_out_is_counted_for_whoever_asks(tmp_path: Path) -> None:
    path = manifest(tmp_path, *rows_of(handmade_set(tmp_path)))
    lines: list[str] = []
    built = curate.build(
        plain(tmp_path, '[balance]\nmethod = "undersample"\nper_class = 2\n'),
        tmp_path / "set",
        manifest=path,
        say=lines.append,
    )
    assert built.refused == {"were left out by the draw that balances": 2}
    assert lines[-1] == "writing 4 images"
    assert "- 2 images were left out by the draw that balances" in (tmp_path / "set" / "CARD.md").read_text()


def test_crops_follow_the_thresholds_of_the_workspace_that_the_manifest_lies_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A detector that is 0.7 sure of a face in every image: below the default, above that of the workspace."""
    box = Box(left=10, top=20, width=40, height=40, what="face", score=0.7)
    monkeypatch.setattr(shaping, "detect", lambda _: [box])
    sample_images.dataset(tmp_path / "source", each=3)
    settings = config.override(config.Config(), "faces", min_score=0.7)
    curate.audit(tmp_path / "source", tmp_path / "ws", configuration=settings)
    (tmp_path / "away").mkdir()
    inside, beside, away = tmp_path / "ws" / "manifest.parquet", tmp_path / "m.csv", tmp_path / "away" / "m.csv"
    crops, told = [], []
    for index, path in enumerate((inside, beside, away)):
        said: list[str] = []
        curate.manifest(tmp_path / "ws", path, pending="keep")
        recipe = plain(tmp_path, '[image]\ncrop = "face"\nface_margin = 0\n')
        table = curate.build(recipe, tmp_path / f"set-{index}", manifest=path, say=said.append).table
        crops.append(set(table["crop"]))
        told.append([line for line in said if "the default thresholds hold for crops" in line])
        assert all(path.endswith(".png") for path in table["path"])
    assert crops == [{"10 20 40 40"}, {"10 20 40 40"}, {"0 0 160 120"}]
    assert list(map(len, told)) == [0, 0, 1]
    assert "score of at least 0.7" in (tmp_path / "set-1" / "CARD.md").read_text()
    assert "score of at least 0.8" in (tmp_path / "set-2" / "CARD.md").read_text()
