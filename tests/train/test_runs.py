"""A run as a folder: what it is made of, what it leaves, and when it is refused."""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import curate
from curate.errors import ConfigError, SourceError
from curate.storage import safe_csv
from tests import sample_images
from tests.train.drawn import QUICK, draw, fit

torch = pytest.importorskip("torch")

from curate.train import contents, listing, mislabel, parts, record  # noqa: E402
from curate.train.data import Preprocessing, Sample  # noqa: E402
from curate.train.history import may_go_on  # noqa: E402

# What a run is divided into


def test_the_splits_of_a_folder_are_those_of_its_predictions(split_set: Path) -> None:
    table = safe_csv.read(split_set / "run" / "predictions.csv")
    tested = sorted(path for split in ("val", "test") for path in (split_set / "set" / split).rglob("*.png"))
    assert list(table["path"]) == [path.relative_to(split_set / "set").as_posix() for path in tested]
    assert list(table["split"]) == ["test"] * 8 + ["val"] * 8
    assert list(table["label"]) == (["cats"] * 4 + ["dogs"] * 4) * 2


def test_a_given_val_split_is_measured_after_every_epoch(split_set: Path) -> None:
    table = pd.read_csv(split_set / "run" / "epochs.csv")
    assert list(table) == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "validation_loss"]
    fitted = torch.load(split_set / "run" / "checkpoint.pt", weights_only=True)
    assert fitted["best"] is None  # only patience goes back to the best epoch


def test_the_figures_of_the_last_epoch_are_those_of_the_predictions(tmp_path: Path) -> None:
    shutil.rmtree(draw(tmp_path / "set", "train", "val", "test") / "val" / "dogs")
    fit(tmp_path / "set", tmp_path / "run")
    epoch = pd.read_csv(tmp_path / "run" / "epochs.csv").iloc[-1]
    table = safe_csv.read(tmp_path / "run" / "predictions.csv")
    given = [float(row[f"p:{row['label']}"]) for _, row in table.iterrows()]
    for split, loss in (("test", "test_loss"), ("val", "validation_loss")):
        of_split = np.log(np.array(given)[table["split"] == split])
        assert -of_split.mean() == pytest.approx(epoch[loss], abs=1e-5)
    assert epoch["test_loss"] != epoch["validation_loss"]


def test_copies_and_near_copies_of_a_folder_are_not_parted_by_a_drawn_split(tmp_path: Path) -> None:
    draw(tmp_path / "set", ".", each=8)
    for label in ("cats", "dogs"):
        first = tmp_path / "set" / label / "0.png"
        shutil.copy(first, first.with_name("copy.png"))
    larger = np.kron(sample_images.photo(7, 200, 150), np.ones((2, 2, 1), np.uint8))
    sample_images.save(larger, tmp_path / "set" / "cats" / "large.png")
    sample_images.save(larger[::2, ::2], tmp_path / "set" / "cats" / "small.jpg")
    found = contents.measured(listing.from_source(tmp_path / "set", tmp_path), tmp_path / "m")
    group_of = {sample.path: sample.group for sample in found}
    assert group_of["cats/large.png"] == group_of["cats/small.jpg"]
    assert group_of["cats/0.png"] == group_of["cats/copy.png"]
    assert group_of["dogs/0.png"] == group_of["dogs/copy.png"] != group_of["cats/0.png"]
    assert len(set(group_of.values())) == len(group_of) - 3


def test_what_a_manifest_says_of_duplicates_counts_beside_what_is_found(tmp_path: Path) -> None:
    draw(tmp_path / "set", ".")
    shutil.copy(tmp_path / "set" / "cats" / "0.png", tmp_path / "set" / "cats" / "copy.png")
    samples = listing.from_source(tmp_path / "set", tmp_path)
    samples = [replace(s, group="g" if s.path.endswith(("0.png", "1.png")) else s.path) for s in samples]
    found = contents.measured(samples, tmp_path / "m")
    together = Counter(sample.group for sample in found)
    assert sorted(together.values()) == [1, 1, 1, 1, 5]
    assert {s.path for s in found if together[s.group] == 5} == {
        *(f"{label}/{number}.png" for label in ("cats", "dogs") for number in (0, 1)), "cats/copy.png",
    }  # fmt: skip
    assert all(sample.sha256 and len(sample.sha256) == 64 for sample in found)


def test_a_checkpoint_that_may_have_seen_the_images_is_said_to_believe_their_labels(done: Path) -> None:
    curate.audit(done / "set", done / "ws")
    config = replace(QUICK, name="mislabel", weights=str(done / "run" / "checkpoint.pt"))
    said: list[str] = []
    mislabel.mislabel(done / "ws", config, folds=2, say=said.append)
    assert [line.startswith(f"note: where {config.weights} was trained on images of this") for line in said] == [True]
    mislabel.mislabel(done / "ws", replace(config, weights="none"), folds=2, say=said.append)
    assert len(said) == 1


@pytest.fixture
def mostly_copies(tmp_path: Path) -> Path:
    """A workspace of 20 images in three encodings each: two thirds are copies, which the audit tells once."""
    for label in ("cats", "dogs"):
        for number in range(10):
            pixels = sample_images.photo(100 * (label == "dogs") + number, 160, 120)
            sample_images.save(pixels, tmp_path / "set" / label / f"{number}.png")
            for quality in (60, 80):
                data = sample_images.encode(pixels, quality=quality)
                (tmp_path / "set" / label / f"{number}_{quality}.jpg").write_bytes(data)
    curate.audit(tmp_path / "set", tmp_path / "ws")
    return tmp_path / "ws"


def test_copies_that_an_audit_keeps_no_findings_of_are_not_parted(mostly_copies: Path, tmp_path: Path) -> None:
    assert curate.manifest(mostly_copies, tmp_path / "m.csv", pending="keep")["finding_ids"].str.len().max() <= 2
    fit(tmp_path / "m.csv", tmp_path / "run", test_share=0.3)
    tested = safe_csv.read(tmp_path / "run" / "predictions.csv")["path"]
    assert set(tested.str.extract(r"(\w+/\d)", expand=False).value_counts()) == {3}


def test_neither_are_they_where_labels_are_doubted(mostly_copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[str] = []
    real = parts.folds
    monkeypatch.setattr(
        parts, "folds", lambda samples, *how: groups.extend(s.group for s in samples) or real(samples, *how)
    )
    mislabel.mislabel(mostly_copies, replace(QUICK, name="mislabel"), folds=2)
    assert set(Counter(groups).values()) == {3}


def test_the_only_image_of_a_class_is_not_doubted_by_networks_that_never_saw_the_class(tmp_path: Path) -> None:
    draw(tmp_path / "set", ".")
    for name in ("a.png", "b.png"):
        sample_images.save(sample_images.photo(77, 64, 64), tmp_path / "set" / "owls" / name)
    curate.audit(tmp_path / "set", tmp_path / "ws")
    said: list[str] = []
    path = mislabel.mislabel(tmp_path / "ws", replace(QUICK, name="mislabel"), folds=3, say=said.append)
    assert Counter(pd.read_parquet(path)["label"]) == {"cats": 4, "dogs": 4}
    assert [line.split(":")[0] for line in said] == ["2 images are not asked about"]
    for label in ("cats", "dogs"):
        for number in range(1, 4):
            shutil.copy(tmp_path / "set" / label / "0.png", tmp_path / "set" / label / f"{number}.png")
    curate.audit(tmp_path / "set", tmp_path / "ws")
    with pytest.raises(SourceError, match="all images of each class are copies of one"):
        mislabel.mislabel(tmp_path / "ws", replace(QUICK, name="mislabel"), folds=3)


def test_a_copy_on_both_sides_of_the_splits_of_a_folder_is_said(done: Path) -> None:
    said = fit(done / "set", done / "run2")
    assert said[0].startswith("train: ")
    shutil.copy(done / "set" / "train" / "cats" / "0.png", done / "set" / "test" / "cats" / "copy.png")
    said = fit(done / "set", done / "run3")
    assert said[0].startswith("1 of 9 test images have a duplicate in train")


def test_a_built_set_and_its_manifest_give_one_run(tmp_path: Path) -> None:
    curate.audit(draw(tmp_path / "raw", ".", each=6), tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    (tmp_path / "r.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    table = curate.build(tmp_path / "r.toml", tmp_path / "built", manifest=tmp_path / "m.csv").table
    fit(tmp_path / "built", tmp_path / "run")
    fit(tmp_path / "built" / "manifest.csv", tmp_path / "run2")
    for name in ("predictions.csv", "epochs.csv", "run.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "run2" / name).read_bytes()
    predicted = safe_csv.read(tmp_path / "run" / "predictions.csv")
    assert set(predicted["path"]) == set(table.loc[table["split"] == "test", "path"])


def test_a_built_set_is_trained_on_after_it_has_moved(tmp_path: Path) -> None:
    curate.audit(draw(tmp_path / "raw", ".", each=6), tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    (tmp_path / "r.toml").write_text("[split]\ntrain = 0.5\ntest = 0.5\n")
    curate.build(tmp_path / "r.toml", tmp_path / "built", manifest=tmp_path / "m.csv")
    (tmp_path / "built").rename(tmp_path / "away")
    said = fit(tmp_path / "away" / "manifest.csv", tmp_path / "run")
    assert f"are read beside it, in {tmp_path}/away" in said[0]
    (tmp_path / "raw").rename(tmp_path / "raw2")
    with pytest.raises(SourceError, match="say where they are now with --source DIR"):
        fit(tmp_path / "m.csv", tmp_path / "run2")
    assert not (tmp_path / "run2").exists()
    fit(tmp_path / "m.csv", tmp_path / "run2", moved=[str(tmp_path / "raw2")])


# Images that cannot be trained on


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda whole: b"<html>404</html>", "an HTML page"),
        (lambda whole: b"", "The file is empty"),
        (lambda whole: whole[: len(whole) // 2], r"The file ends [\d,]+ bytes before"),
    ],
)
def test_a_broken_image_ends_a_run_before_anything_is_trained(
    done: Path, content: Callable[[bytes], bytes], reason: str
) -> None:
    broken = done / "set" / "test" / "dogs" / "3.png"
    broken.write_bytes(content(broken.read_bytes()))
    with pytest.raises(SourceError, match=rf"test/dogs/3\.png: .*{reason}.* cannot be trained on; take it out"):
        fit(done / "set", done / "run2")
    assert not (done / "run2").exists()


def test_of_several_broken_images_the_first_is_named_and_the_others_counted(done: Path) -> None:
    for name, others in (("2", ""), ("1", r" \(nor 1 more\)")):
        (done / "set" / "test" / "dogs" / f"{name}.png").write_bytes(b"x")
        with pytest.raises(SourceError, match=rf"dogs/{name}\.png: .* cannot be trained on{others}; take it out"):
            fit(done / "set", done / "run2")


def test_an_image_of_a_list_that_is_not_there_is_named(done: Path) -> None:
    lines = [f"set/train/cats/{index}.png,cats" for index in range(4)] + ["set/gone.png,dogs"]
    (done / "list.csv").write_text("path,label\n" + "\n".join(lines))
    with pytest.raises(SourceError, match=r"set/gone\.png: The file cannot be read \(No such file or directory\)"):
        fit(done / "list.csv", done / "run2")


def test_an_image_of_a_manifest_that_is_not_there_may_have_moved(tmp_path: Path) -> None:
    draw(tmp_path / "set", ".")
    samples = [replace(sample, sha256="0" * 64) for sample in listing.from_source(tmp_path / "set", tmp_path)]
    (tmp_path / "set" / "cats" / "2.png").unlink()
    with pytest.raises(
        SourceError, match=r"cats/2\.png: The file cannot be read .*; give --source DIR if its folder has"
    ):
        contents.measured(samples, tmp_path / "m")


def test_an_image_that_is_not_the_one_of_its_manifest_is_refused(tmp_path: Path) -> None:
    draw(tmp_path / "set", ".")
    samples = listing.from_source(tmp_path / "set", tmp_path)
    samples[1] = replace(samples[1], sha256="0" * 64)
    with pytest.raises(SourceError, match=r"cats/1\.png is not the image in the manifest: it has changed since the"):
        contents.measured(samples, tmp_path / "m")


# Another run of the same name


def test_the_same_call_again_leaves_the_same_files(done: Path) -> None:
    before = {name: (done / "run" / name).read_bytes() for name in ("predictions.csv", "epochs.csv", "run.json")}
    fit(done / "set", done / "run")
    assert {name: (done / "run" / name).read_bytes() for name in before} == before


def other_content(root: Path) -> None:
    sample_images.save(sample_images.photo(99, 64, 64), root / "set" / "train" / "cats" / "0.png")


def other_path(root: Path) -> None:
    (root / "set" / "test" / "cats" / "0.png").rename(root / "set" / "test" / "cats" / "00.png")


def other_split(root: Path) -> None:
    """The same paths, contents and classes, another part: by way of a list."""
    text = (root / "list.csv").read_text()
    (root / "list.csv").write_text(text.replace("train/cats/1.png,cats,train", "train/cats/1.png,cats,test"))


def other_label(root: Path) -> None:
    text = (root / "list.csv").read_text()
    (root / "list.csv").write_text(text.replace("train/cats/1.png,cats", "train/cats/1.png,dogs"))


def one_less(root: Path) -> None:
    (root / "set" / "train" / "cats" / "3.png").unlink()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (other_content, "the contents of images differ"),
        (other_path, "the paths of images differ"),
        (one_less, "number of images is 23 instead of 24"),
    ],
)
def test_a_run_of_other_images_is_refused(done: Path, change: Callable[[Path], None], line: str) -> None:
    before = (done / "run" / "checkpoint.pt").read_bytes()
    change(done)
    with pytest.raises(ConfigError, match=f"run holds another run: {line}; give another -o, or remove it"):
        fit(done / "set", done / "run")
    assert (done / "run" / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(("change", "what"), [(other_label, "classes"), (other_split, "split")])
def test_a_run_of_other_classes_or_splits_is_refused(done: Path, change: Callable[[Path], None], what: str) -> None:
    files = sorted((done / "set").rglob("*.png"))
    lines = [f"{file.relative_to(done)},{file.parts[-2]},{file.parts[-3]}\n" for file in files]
    (done / "list.csv").write_text("path,label,split\n" + "".join(lines))
    fit(done / "list.csv", done / "run2")
    change(done)
    with pytest.raises(ConfigError, match=f"run2 holds another run: the {what} of images differ"):
        fit(done / "list.csv", done / "run2")


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"seed": 1}, "seed is 1 instead of 0"),
        ({"config": replace(QUICK, batch_size=3)}, "batch size is 3 instead of 4"),
        ({"config": replace(QUICK, learning_rate=0.5)}, "learning rate is 0.5 instead of 0.001"),
        ({"config": replace(QUICK, preprocessing=Preprocessing(input_px=40))}, "input px is 40 instead of 32"),
        ({"config": replace(QUICK, patience=2)}, "patience is 2 instead of None"),
        ({"ignore_splits": True}, "the split of images differ"),
    ],
)
def test_a_run_of_other_settings_is_refused(done: Path, how: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"holds another run: {line}; give another -o, or remove it")):
        fit(done / "set", done / "run", **how)


def test_a_run_whose_weights_file_holds_others_now_is_refused(done: Path) -> None:
    config = replace(QUICK, weights=str(done / "start.pt"))
    shutil.copy(done / "run" / "checkpoint.pt", done / "start.pt")
    fit(done / "set", done / "run2", config)
    fit(done / "set", done / "run2", config)
    shutil.copy(done / "run2" / "checkpoint.pt", done / "start.pt")
    with pytest.raises(ConfigError, match="weights is sha256:"):
        fit(done / "set", done / "run2", config)


def test_a_folder_of_a_run_that_does_not_say_its_images_is_refused(done: Path) -> None:
    (done / "run" / "run.json").write_text("[")
    with pytest.raises(ConfigError, match=r"run holds a run, and no run\.json that says of which images; give another"):
        fit(done / "set", done / "run")
    (done / "run" / "run.json").unlink()
    with pytest.raises(ConfigError, match=r"no run\.json that says of which images"):
        fit(done / "set", done / "run")
    (done / "run" / "checkpoint.pt").unlink()
    fit(done / "set", done / "run")


def test_images_that_moved_as_a_whole_are_the_same_run(done: Path) -> None:
    before = (done / "run" / "predictions.csv").read_bytes()
    (done / "set").rename(done / "elsewhere")
    fit(done / "elsewhere", done / "run")
    assert (done / "run" / "predictions.csv").read_bytes() == before


def test_images_are_told_apart_wherever_their_texts_end() -> None:
    one = [Sample("/set", "a", "bc", "", "train", "1"), Sample("/set", "b", "d", "", "train", "2")]
    other = [Sample("/set", "a", "b", "", "train", "1"), Sample("/set", "b", "cd", "", "train", "2")]
    assert record.made_of(one, QUICK, 0) != record.made_of(other, QUICK, 0)
    assert record.made_of(one, QUICK, 0) == record.made_of(one[::-1], QUICK, 0)


# More epochs


def test_more_epochs_on_the_same_run_end_as_one_run_of_as_many(done: Path) -> None:
    fit(done / "set", done / "run", replace(QUICK, epochs=3))
    fit(done / "set", done / "whole", replace(QUICK, epochs=3))
    for name in ("epochs.csv", "predictions.csv", "run.json"):
        assert (done / "run" / name).read_bytes() == (done / "whole" / name).read_bytes()
    assert len(pd.read_csv(done / "run" / "epochs.csv")) == 3


def test_fewer_epochs_are_another_run(done: Path) -> None:
    fit(done / "set", done / "run", replace(QUICK, epochs=2))
    with pytest.raises(ConfigError, match="epochs is 1 instead of 2"):
        fit(done / "set", done / "run")


@pytest.mark.parametrize("learning_rate", [0.003, 0.3])
def test_which_epoch_patience_keeps_is_said(split_set: Path, tmp_path: Path, learning_rate: float) -> None:
    said = fit(split_set / "set", tmp_path / "run", replace(QUICK, patience=2, epochs=3, learning_rate=learning_rate))
    losses = safe_csv.read(tmp_path / "run" / "epochs.csv")["validation_loss"].astype(float)
    assert f"epoch {losses.argmin()} is kept, whose validation loss is the lowest: {losses.min():.4f}" in said
    without = fit(split_set / "set", tmp_path / "another", replace(QUICK, epochs=2))
    assert not any("is kept" in line for line in without), "the last one is, whatever its validation loss"


def test_a_run_with_patience_is_of_as_many_epochs_as_it_began_with(done: Path) -> None:
    fit(done / "set", done / "run2", replace(QUICK, patience=1))
    with pytest.raises(ConfigError, match="epochs is 2 instead of 1"):
        fit(done / "set", done / "run2", replace(QUICK, patience=1, epochs=2))
    assert may_go_on(2, replace(QUICK, epochs=2, patience=1))


def test_more_epochs_and_another_setting_are_another_run(done: Path) -> None:
    with pytest.raises(ConfigError, match="epochs is 2 instead of 1, batch size is 2 instead of 4;"):
        fit(done / "set", done / "run", replace(QUICK, epochs=2, batch_size=2))
