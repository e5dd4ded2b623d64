"""What a shard says of its samples: class, split, and which file of a name is which image."""

import tarfile
from pathlib import Path

import pytest

from tests import sample_images
from tests.sources.test_seams import JPEG, listed, put, skipped
from tests.sources.test_sources import tar


def test_samples_of_a_shard_name_their_split_where_the_shard_does_not(tmp_path: Path) -> None:
    facts = b'{"split": "fold 1", "label": "cat"}'
    shard = tar(tmp_path / "s" / "data.tar", {"1.jpg": JPEG, "1.json": facts, "2.jpg": JPEG, "2.cls": b"dog"})
    assert [(record.label, record.split) for record in listed(shard).records] == [("cat", "fold 1"), ("dog", None)]
    named = tar(tmp_path / "s" / "train-0.tar", {"1.jpg": JPEG, "1.json": facts})
    assert [record.split for record in listed(named).records] == ["train"]


def test_a_tar_beside_images_is_skipped_and_they_are_listed(tmp_path: Path) -> None:
    """As of a download that was unpacked where it lay."""
    sample_images.dataset(tmp_path / "set", each=1)
    sample_images.tar(sample_images.dataset(tmp_path / "packed", each=2), tmp_path / "set" / "packed.tar")
    found = listed(tmp_path / "set")
    assert [(record.path, record.label) for record in found.records] == [
        ("cats/000.jpg", "cats"),
        ("dogs/000.jpg", "dogs"),
    ]
    assert [item.path for item in found.skipped] == ["packed.tar"]


def test_the_class_that_a_sample_of_a_shard_names_is_read_as_one_in_a_list_is(tmp_path: Path) -> None:
    said = {"1": '{"label": 7.0}', "2": '{"label": NaN, "class": "cat"}', "3": '{"label": " "}', "4": '{"label": 0}'}
    members = {f"{name}.json": facts.encode() for name, facts in said.items()}
    shard = tar(tmp_path / "s" / "0.tar", {**members, **{f"{name}.jpg": JPEG for name in said}})
    assert [record.label for record in listed(shard).records] == ["7", "cat", None, "0"]


def test_a_text_without_words_beside_an_image_of_a_shard_is_no_class(tmp_path: Path) -> None:
    texts = {"1.txt": b"cat\n", "2.txt": b" \n", "3.cls": b" \n", "4.cls": b"cat \r\n"}
    shard = tar(tmp_path / "s" / "0.tar", {**texts, **{f"{name[0]}.jpg": JPEG for name in texts}})
    assert [record.label for record in listed(shard).records] == ["cat", None, None, "cat "]


def test_names_of_a_shard_that_differ_in_case_are_two_images_and_a_name_twice_is_told(tmp_path: Path) -> None:
    other = sample_images.encode(sample_images.photo(2, 20, 20))
    shard = tar(tmp_path / "s" / "0.tar", {"cat/a.JPG": JPEG, "cat/a.jpg": other, "cat/a.cls": b"dog"})
    with tarfile.open(shard, "a") as packed:  # as `tar --append` does with a file that has changed
        packed.add(put(tmp_path, "1.jpg") / "1.jpg", "cat/a.jpg")
    listing = listed(shard)
    assert [(record.path, record.label) for record in listing.records] == [
        ("0.tar/cat/a.JPG", "dog"), ("0.tar/cat/a.jpg", "dog")
    ]  # fmt: skip
    assert skipped(listing) == {"0.tar/cat/a.jpg": "a later file of the same name takes its place"}
    sizes = {record.path: record.size_bytes for record in listing.records}
    assert sizes["0.tar/cat/a.jpg"] == len(JPEG) != len(other)


@pytest.mark.parametrize("silent", [1, 20])
def test_splits_that_the_first_samples_of_a_shard_do_not_name_are_not_lost(silent: int, tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for index in range(silent + 2):
        members |= {f"{index:03}.jpg": JPEG, f"{index:03}.cls": b"dog"}
        members[f"{index:03}.json"] = b"{}" if index < silent else b'{"split": "test"}'
    shard = tar(tmp_path / "s" / "data.tar", members)
    splits = [record.split for record in listed(shard).records]
    assert splits == [None] * silent + ["test", "test"]


@pytest.mark.parametrize(("of_second", "said"), [("train", []), ("Training", []), ("test", ["train and test"])])
def test_a_split_that_a_sample_names_and_its_shard_does_not_is_told(
    of_second: str, said: list[str], tmp_path: Path
) -> None:
    members = {"1.jpg": JPEG, "1.cls": b"cat", "1.json": b'{"split": "train"}', "2.jpg": JPEG, "2.cls": b"cat"}
    members["2.json"] = f'{{"split": "{of_second}"}}'.encode()
    listing = listed(tar(tmp_path / "s" / "train-0.tar", members))
    assert [record.split for record in listing.records] == ["train", "train"]
    wanted = [f".json says another (train-0.tar/2.jpg: {both}); it counts as train." for both in said]
    assert [str(note).partition("but ")[2] for note in listing.notes] == wanted
