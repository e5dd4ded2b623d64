"""The demo's dataset: what is planted in it, that it can be drawn again, and that its truth is true."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from curate.config import DecodeLimits
from curate.demonstration import dataset
from curate.images.decode import decode
from curate.schema import Category, Severity

FILES = {"Angry": 86, "Happy": 100, "Sad": 79}
PLANTED = {
    ("Angry", Category.CORRUPTED): 6,
    ("Happy", Category.CORRUPTED): 1,
    ("Sad", Category.CORRUPTED): 5,
    ("Angry", Category.DUPLICATE): 4,
    ("Happy", Category.DUPLICATE): 6,
    ("Angry", Category.UNSUITABLE): 2,
    ("Happy", Category.UNSUITABLE): 8,
    ("Sad", Category.UNSUITABLE): 10,
}
EVERY_KIND = {
    *("empty", "not_an_image", "unreadable", "truncated", "damaged"),
    *("same_bytes", "same_pixels", "re_encoded", "resized", "recoloured"),
    *("blurry", "dark", "bright", "low_information", "odd_size", "odd_aspect_ratio"),
}


@dataclass(frozen=True)
class Drawn:
    """The folder, the truth about it, and the kinds of error or warning that the decoder reports, by path."""

    folder: Path
    truth: pd.DataFrame
    reported: dict[str, set[str]]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("demo")
    truth = dataset.draw(folder)
    limits = DecodeLimits()
    reported = {
        path: {found.kind.name for found in decode(data, limits).problems if found.severity is not Severity.INFO}
        for path, data in contents(folder).items()
    }
    return Drawn(folder, truth, reported)


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def digests(files: dict[str, bytes], label: str) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path.startswith(label)}


def test_each_class_has_its_number_of_files_and_nothing_lies_beside_them(drawn: Drawn) -> None:
    assert Counter(path.split("/")[0] for path in contents(drawn.folder)) == FILES


def test_each_class_has_its_number_of_planted_files_per_category(drawn: Drawn) -> None:
    assert drawn.truth.groupby(["label", "category"]).size().to_dict() == PLANTED


def test_every_kind_is_planted_somewhere(drawn: Drawn) -> None:
    assert set(drawn.truth["kind"]) == EVERY_KIND


def test_the_truth_is_sorted_and_names_each_planted_file_once(drawn: Drawn) -> None:
    paths = drawn.truth["path"].tolist()
    assert list(drawn.truth.columns) == ["path", "label", "category", "kind", "of"]
    assert paths == sorted(set(paths))
    assert set(paths) <= set(contents(drawn.folder))


def test_names_are_numbered_without_gaps_whatever_is_planted(drawn: Drawn) -> None:
    for label, files in FILES.items():
        stems = sorted(path.stem for path in (drawn.folder / label).iterdir())
        assert stems == [f"{label.lower()}_{number:03}" for number in range(1, files + 1)]


def test_a_copy_has_a_clean_original_of_its_class_that_comes_before_it(drawn: Drawn) -> None:
    copies = drawn.truth[drawn.truth["category"] == Category.DUPLICATE]
    assert drawn.truth.loc[drawn.truth["category"] != Category.DUPLICATE, "of"].isna().all()
    assert not set(copies["of"]) & set(drawn.truth["path"])
    assert sorted(Counter(copies["of"]).values(), reverse=True)[:2] == [2, 1]  # one group of three, then pairs
    for copy in copies.itertuples():
        assert str(copy.of).startswith(f"{copy.label}/")
        assert str(copy.of) < str(copy.path)


def test_the_decoder_reports_each_corrupted_file_as_the_truth_names_it(drawn: Drawn) -> None:
    corrupted = drawn.truth[drawn.truth["category"] == Category.CORRUPTED]
    missed = {row.path: row.kind for row in corrupted.itertuples() if row.kind not in drawn.reported[str(row.path)]}
    assert missed == {}


def test_the_decoder_finds_nothing_wrong_with_any_other_file(drawn: Drawn) -> None:
    corrupted = set(drawn.truth.loc[drawn.truth["category"] == Category.CORRUPTED, "path"])
    assert {path: kinds for path, kinds in drawn.reported.items() if kinds and path not in corrupted} == {}


def test_the_same_seed_draws_the_same_bytes(drawn: Drawn, tmp_path: Path) -> None:
    # One class stands for all: each is drawn from generators of its own.
    again = dataset.draw_class(tmp_path, "Angry")
    assert digests(contents(tmp_path), "Angry") == digests(contents(drawn.folder), "Angry")
    assert {row.path for row in again} == set(drawn.truth.loc[drawn.truth["label"] == "Angry", "path"])
