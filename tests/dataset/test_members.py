"""What goes into a built set: as many images as the recipe wants, none of them a duplicate, each from where it lies."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import members
from curate.dataset.dedupe import Grouped, Location
from curate.dataset.members import Member, approved, gather
from curate.dataset.recipe import Balance, BuildRecipe, Extension
from curate.errors import ConfigError, SourceError, UndecidedError
from tests import sample_images
from tests.dataset.handmade import Row, manifest
from tests.sources.test_sources import tar


def member(number: int, label: str = "a", origin: str = "own") -> Member:
    return Member(location=Location("/src", f"{number}.png"), label=label, origin=origin, sha256=str(number))


class Groups:
    """A deduplicator to whom images of equal numbers modulo `period` are duplicates; it keeps what it was shown."""

    def __init__(self, period: int = 1000, unreadable: frozenset[int] = frozenset()) -> None:
        self.period, self.unreadable = period, unreadable
        self.shown: list[int] = []

    def groups(self, images: list[Location]) -> list[Grouped]:
        numbers = [int(Path(image.path).stem) for image in images]
        self.shown.append(len(images))
        return [
            Grouped(None if number in self.unreadable else str(number), "ok", str(number % self.period))
            for number in numbers
        ]


def taken(present: list[Member], pool: list[Member], wanted: dict[str, int | None], groups: Groups) -> Any:
    return members._taken(present, pool, wanted, groups)  # type: ignore[arg-type]


# The approved images


def test_the_kept_images_of_a_manifest_come_sorted_with_their_final_labels(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        Row("b/2.png", "b", "c", action="relabel"),
        Row("a/1.png", "a"),
        Row("a/3.png", "a", action="drop"),
    )
    found = approved(path)
    assert [(item.location.path, item.label, item.origin) for item in found] == [
        ("a/1.png", "a", "own"),
        ("b/2.png", "c", "own"),
    ]
    assert found[0].address == str(tmp_path / "source" / "a" / "1.png")
    assert (found[0].group, found[0].split, found[0].location.size_bytes) == ("", "", 0)
    assert len(found[0].sha256) == 64


def test_sizes_are_taken_from_a_manifest_that_has_them(tmp_path: Path) -> None:
    path = manifest(tmp_path, Row("a/1.png", "a"), Row("a/2.png", "a"))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",size_bytes", lines[1] + ",7", lines[2] + ","]) + "\n")
    assert [item.location.size_bytes for item in approved(path)] == [7, 0]


def test_a_class_that_no_image_of_the_manifest_bore_is_told_before_a_set_is_made_of_it(tmp_path: Path) -> None:
    said: list[str] = []
    rows = [Row("a/1.png", "a", "Sadd"), Row("a/2.png", "a", "b"), Row("b/3.png", "b", action="drop")]
    approved(manifest(tmp_path, *rows), say=said.append)
    approved(manifest(tmp_path, Row("1.png", None, "a")), say=said.append)
    of_classes = [line for line in said if not line.startswith("note: no workspace that lies with")]
    assert of_classes == ["note: a class that the dataset did not have, 'Sadd': 1 of the images"]


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        pytest.param([Row("1.png", None)], SourceError, "a training set needs a class for every image", id="no class"),
        pytest.param([Row("a/1.png", "a", action="drop")], SourceError, "keeps no images", id="nothing kept"),
        pytest.param([Row("a/1.png", "a", action="pending")], UndecidedError, "undecided images", id="undecided"),
    ],
)
def test_a_manifest_that_nothing_can_be_built_from_is_refused(
    tmp_path: Path, rows: list[Row], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        approved(manifest(tmp_path, *rows))


def test_approved_images_that_are_not_what_was_approved_are_named() -> None:
    good, other = Grouped("1", "warning", "g"), Grouped("2", "ok", "2")
    assert [item.group for item in members._checked([member(1)], [good])] == ["g"]
    with pytest.raises(SourceError, match=r"/src/1\.png is not the image in the manifest"):
        members._checked([member(1)], [other])
    with pytest.raises(SourceError, match=r"/src/1\.png cannot be read; has the source moved"):
        members._checked([member(1)], [Grouped(None, "error", "1")])
    with pytest.raises(SourceError, match=r"/src/1\.png cannot be decoded; drop it in the review"):
        members._checked([member(1)], [Grouped("1", "error", "1")])


# Extensions


def test_as_many_as_are_wanted_are_taken_in_the_order_of_the_pool() -> None:
    groups = Groups()
    accepted, reasons = taken([member(1)], [member(n) for n in range(2, 40)], {"a": 8}, groups)
    assert [item.sha256 for item in accepted] == [str(n) for n in range(2, 10)]
    assert [item.group for item in accepted] == [item.sha256 for item in accepted]
    assert groups.shown == [1 + 10]  # a quarter more than are wanted is looked at
    assert not reasons


def test_more_are_looked_at_while_some_lack_and_no_longer() -> None:
    """Of twelve in the pool the first nine are duplicates of what is there."""
    present = [member(n) for n in range(100)]
    pool = [member(1000 + n, origin="more") for n in range(9)] + [member(500 + n, origin="more") for n in range(3)]
    groups = Groups()
    accepted, reasons = taken(present, pool, {"a": 2}, groups)
    assert [item.sha256 for item in accepted] == ["500", "501"]
    assert groups.shown == [100 + 3, 100 + 5, 100 + 10, 100 + 12]
    assert reasons == {"of more are copies of images that are there": 9}
    groups = Groups()
    accepted, _ = taken(present, pool, {"a": 4}, groups)
    assert len(accepted) == 3
    assert groups.shown == [100 + 5, 100 + 10, 100 + 12]  # then there are no more


def test_without_a_number_all_that_are_new_are_taken() -> None:
    groups = Groups(unreadable=frozenset({3}))
    accepted, reasons = taken([], [member(n, "ab"[n % 2], "more") for n in range(6)], {"a": None, "b": 2}, groups)
    assert [item.sha256 for item in accepted] == ["0", "1", "2", "4", "5"]
    assert groups.shown == [6]
    assert reasons == {"of more cannot be decoded": 1}


def test_of_two_duplicates_in_an_extension_one_is_taken() -> None:
    accepted, reasons = taken([], [member(1, origin="more"), member(1001, origin="more")], {"a": None}, Groups())
    assert [item.sha256 for item in accepted] == ["1"]
    assert reasons == {"of more are copies of images that are there": 1}


def test_none_is_taken_where_none_is_wanted() -> None:
    accepted, reasons = taken([], [member(1)], {"a": 0}, Groups())
    assert (accepted, reasons) == ([], {})


@pytest.mark.parametrize(
    ("quota", "balance", "wanted"),
    [
        pytest.param(None, Balance(), None, id="all"),
        pytest.param(5, Balance(), 5, id="a quota"),
        pytest.param({"b": 5}, Balance(), 0, id="a quota of other classes"),
        pytest.param(None, Balance(method="fill", per_class=10), 7, id="as many as lack"),
        pytest.param(5, Balance(method="fill", per_class=10), 5, id="a quota below what lacks"),
        pytest.param(9, Balance(method="fill", per_class=10), 7, id="a quota above it"),
        pytest.param(None, Balance(method="fill", per_class=2), 0, id="nothing lacks"),
    ],
)
def test_how_many_are_wanted(quota: Any, balance: Balance, wanted: int | None) -> None:
    extension = Extension(source="/more", quota=quota)
    assert members._wanted(extension, balance, [member(n) for n in range(3)], "a") == wanted


def test_extensions_of_one_name_get_numbers_and_one_source_keeps_its_name() -> None:
    sources = ["/x/more", "/y/more", "/x/more", "/z/own", "/w/more", "s3://bucket/more"]
    names = members._origins([Extension(source=source) for source in sources])
    assert names == ["more", "more-2", "more", "own-2", "more-3", "more-4"]


# Balance


def test_a_draw_leaves_as_many_of_each_class_as_the_smallest_has() -> None:
    everything = [member(n, "a" if n < 5 else "b") for n in range(8)]
    refused: Counter[str] = Counter()
    found = members._undersampled(everything, Balance(method="undersample"), 3, refused)
    assert Counter(item.label for item in found) == {"a": 3, "b": 3}
    assert refused == {"were left out by the draw that balances": 2}
    assert found == sorted(found, key=lambda item: item.key(3))
    again = members._undersampled(everything[::-1], Balance(method="undersample"), 3, Counter())
    assert again == found
    assert members._undersampled(everything, Balance(method="undersample"), 4, Counter()) != found


def test_a_draw_that_takes_all_refuses_nothing() -> None:
    refused: Counter[str] = Counter()
    members._undersampled([member(1), member(2)], Balance(method="undersample", per_class=2), 0, refused)
    assert refused == {}


# All together


@pytest.fixture
def own(tmp_path: Path) -> list[Member]:
    """Four cats and six dogs, approved."""
    rows = []
    for number, label in enumerate(("cats",) * 4 + ("dogs",) * 6):
        path = f"{label}/{number}.png"
        file = sample_images.save(sample_images.photo(number), tmp_path / "source" / path)
        rows.append(Row(path, label, data=file.read_bytes()))
    return approved(manifest(tmp_path, *rows))


def recipe(tmp_path: Path, **options: Any) -> BuildRecipe:
    return BuildRecipe(**{"extend": [{"source": str(tmp_path / "more")}], **options})


def more(tmp_path: Path, count: int = 4) -> None:
    """An extension whose first cat is one of ours."""
    for number in range(count):
        sample_images.save(sample_images.photo(number * 100), tmp_path / "more" / "cats" / f"{number}.png")
        sample_images.save(sample_images.photo(5000 + number), tmp_path / "more" / "dogs" / f"{number}.png")


def counted(found: list[Member]) -> dict[tuple[str, str], int]:
    return dict(Counter((item.origin, item.label) for item in found))


def test_filling_thins_out_what_is_too_much_and_says_what_could_not_be_filled(
    own: list[Member], tmp_path: Path
) -> None:
    more(tmp_path, count=2)
    lines: list[str] = []
    chosen = recipe(tmp_path, balance={"method": "fill", "per_class": 6}, seed=5)
    found, refused = gather(chosen, own, tmp_path / "scratch", lines.append)
    assert counted(found) == {("own", "cats"): 4, ("own", "dogs"): 6, ("more", "cats"): 1}
    assert refused == {"of more are copies of images that are there": 1, "could not be found to fill class cats": 1}
    assert lines == [
        "looking for copies among 10 images of the manifest",
        "looking for images that are no copies in more",
    ]


def test_an_image_that_was_thinned_out_does_not_come_back_from_an_extension(own: list[Member], tmp_path: Path) -> None:
    for item in own:
        target = tmp_path / "more" / item.location.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(item.address).read_bytes())
    chosen = recipe(tmp_path, balance={"method": "fill", "per_class": 5})
    found, refused = gather(chosen, own, tmp_path / "scratch", lambda _: None)
    assert counted(found) == {("own", "cats"): 4, ("own", "dogs"): 5}
    assert refused["of more are copies of images that are there"] == 4
    assert refused["were left out by the draw that balances"] == 1


def test_without_a_balance_all_that_is_new_and_an_image_comes_in(own: list[Member], tmp_path: Path) -> None:
    more(tmp_path)
    (tmp_path / "more" / "dogs" / "cut.jpg").write_bytes(b"\xff\xd8\xff and no more")
    found, refused = gather(recipe(tmp_path), own, tmp_path / "scratch", lambda _: None)
    assert counted(found) == {("own", "cats"): 4, ("own", "dogs"): 6, ("more", "cats"): 3, ("more", "dogs"): 4}
    assert refused == {"of more are copies of images that are there": 1, "of more cannot be decoded": 1}
    assert all(item.group for item in found)
    assert len({item.group for item in found}) == len(found)


def test_undersampling_draws_from_own_and_added_images_alike(own: list[Member], tmp_path: Path) -> None:
    more(tmp_path)
    chosen = recipe(tmp_path, balance={"method": "undersample"})
    found, refused = gather(chosen, own, tmp_path / "scratch", lambda _: None)
    assert Counter(item.label for item in found) == {"cats": 7, "dogs": 7}
    assert refused["were left out by the draw that balances"] == 3


def test_only_filling_says_what_could_not_be_found(own: list[Member], tmp_path: Path) -> None:
    chosen = recipe(tmp_path, extend=[], balance={"method": "undersample", "per_class": 5})
    found, refused = gather(chosen, own, tmp_path / "scratch", lambda _: None)
    assert counted(found) == {("own", "cats"): 4, ("own", "dogs"): 5}
    assert refused == {"were left out by the draw that balances": 1}


def test_the_images_of_an_extension_come_in_an_order_drawn_by_the_seed(own: list[Member], tmp_path: Path) -> None:
    more(tmp_path, count=12)
    drawn = []
    for number, seed in enumerate((1, 1, 2)):
        chosen = recipe(tmp_path, seed=seed, extend=[{"source": str(tmp_path / "more"), "quota": 3}])
        found, _ = gather(chosen, own, tmp_path / f"scratch-{number}", lambda _: None)
        added = [item for item in found if item.origin == "more"]
        assert added == sorted(added, key=lambda item: item.key(seed))
        drawn.append({item.location.path for item in added})
    assert drawn[0] == drawn[1] != drawn[2]


def test_only_wanted_splits_and_classes_of_an_extension_are_candidates(own: list[Member], tmp_path: Path) -> None:
    for split, label in (("train", "Cat"), ("test", "Cat"), ("train", "Dog"), ("train", "Fish")):
        sample_images.save(sample_images.photo(len(split + label)), tmp_path / "more" / split / label / "1.png")
    extension = Extension(source=str(tmp_path / "more"), classes={"Cat": "cats", "Dog": "dogs"}, splits=["train"])
    found = members._candidates(extension, "more", ["cats", "dogs"], tmp_path / "scratch")
    assert [(item.location.path, item.label) for item in found] == [
        ("train/Cat/1.png", "cats"),
        ("train/Dog/1.png", "dogs"),
    ]
    with pytest.raises(ConfigError, match="'Cat' becomes 'birds', but the classes are cats, dogs"):
        members._candidates(
            Extension(source=extension.source, classes={"Cat": "birds"}), "more", ["cats", "dogs"], tmp_path
        )
    with pytest.raises(ConfigError, match=r"more has no image of a wanted class; its classes are Cat, Dog, Fish: name"):
        members._candidates(Extension(source=extension.source), "more", ["cats", "dogs"], tmp_path)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param({"classes": {"Catt": "cats", "Dog": "dogs"}},
                     "extend.classes: .*more has no 'Catt'; did you mean 'Cat'. there are: Cat, Dog", id="a class"),
        pytest.param({"classes": {"Cat": "cats"}, "splits": ["Training", "vall"]},
                     "extend.splits: .*more has no 'vall'; .*there are: train, val", id="a split"),
        pytest.param({"classes": {"Cat": "cats"}, "quota": {"cat": 3}},
                     "extend.quota: the manifest has no 'cat'; did you mean 'cats'", id="a class of ours"),
    ],
)  # fmt: skip
def test_a_name_in_a_recipe_that_nothing_bears_is_refused(
    own: list[Member], tmp_path: Path, written: dict[str, Any], message: str
) -> None:
    for name in ("train/Cat/1.png", "val/Dog/2.png"):
        sample_images.save(sample_images.photo(len(name)), tmp_path / "more" / name)
    extension = Extension.model_validate({"source": str(tmp_path / "more"), **written})
    with pytest.raises(ConfigError, match=message):
        members._candidates(extension, "more", ["cats", "dogs"], tmp_path / "scratch")


def test_splits_of_an_extension_go_by_their_other_names_too(own: list[Member], tmp_path: Path) -> None:
    sample_images.save(sample_images.photo(1), tmp_path / "more" / "training" / "cats" / "1.png")
    sample_images.save(sample_images.photo(2), tmp_path / "more" / "test" / "cats" / "2.png")
    extension = Extension(source=str(tmp_path / "more"), splits=["Training"])
    (found,) = members._candidates(extension, "more", ["cats", "dogs"], tmp_path / "scratch")
    assert found.location.path == "training/cats/1.png"


def test_an_extension_of_other_classes_says_which_it_has_and_that_some_images_have_none(tmp_path: Path) -> None:
    for name in ("Fish/1.png", "2.png"):
        sample_images.save(sample_images.photo(1), tmp_path / "more" / name)
    with pytest.raises(ConfigError, match=r"no image of a wanted class; its classes are \(none\), Fish: name them"):
        members._candidates(Extension(source=str(tmp_path / "more")), "more", ["cats"], tmp_path / "scratch")


@pytest.mark.parametrize("form", ["tar", "list", "zip"])
def test_an_extension_may_be_any_source(own: list[Member], tmp_path: Path, form: str) -> None:
    import zipfile

    more(tmp_path)
    paths = sorted(path.relative_to(tmp_path / "more").as_posix() for path in (tmp_path / "more").rglob("*.png"))
    data = {path: (tmp_path / "more" / path).read_bytes() for path in paths}
    if form == "tar":
        source = tar(tmp_path / "more.tar", data)
    elif form == "list":
        source = tmp_path / "more" / "list.csv"
        source.write_text("path,label\n" + "".join(f"{path},{path.partition('/')[0]}\n" for path in paths))
    else:
        source = tmp_path / "more.zip"
        with zipfile.ZipFile(source, "w") as packed:
            for path in paths:
                packed.writestr(path, data[path])
    chosen = recipe(tmp_path, extend=[{"source": str(source)}])
    found, refused = gather(chosen, own, tmp_path / "scratch", lambda _: None)
    assert counted(found) == {
        ("own", "cats"): 4, ("own", "dogs"): 6, (source.name, "cats"): 3, (source.name, "dogs"): 4
    }  # fmt: skip
    assert refused == {f"of {source.name} are copies of images that are there": 1}
