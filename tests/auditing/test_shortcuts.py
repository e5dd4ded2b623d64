"""A property that gives a class away is found, and one that does not is at chance."""

import numpy as np
import pandas as pd

from curate.auditing import shortcuts

EACH = 100


def table(**columns: object) -> pd.DataFrame:
    """Three classes of a hundred images that differ in nothing but what is given."""
    rng = np.random.default_rng(0)
    count = 3 * EACH
    frame = pd.DataFrame(
        {
            "path": [f"x/{rng.integers(1e9)}.jpg" for _ in range(count)],
            "label": np.repeat(["a", "b", "c"], EACH),
            "status": "ok",
            "width": rng.integers(200, 800, count),
            "height": rng.integers(200, 800, count),
            "size_bytes": rng.integers(1e4, 1e6, count),
            "format": rng.choice(["JPEG", "PNG"], count),
            "mode": "RGB",
        }
    )
    return frame.assign(**columns)


def found(frame: pd.DataFrame) -> dict[str, shortcuts.Guess]:
    return {guess.trait: guess for guess in shortcuts.guesses(frame)}


def test_what_says_nothing_is_at_chance() -> None:
    assert all(guess.gain < 0.15 for guess in found(table()).values())


def test_a_format_that_only_one_class_has_gives_it_away() -> None:
    guess = found(table(format=np.repeat(["PNG", "JPEG", "JPEG"], EACH)))["format"]
    assert guess.chance == 0.3333
    assert 0.6 < guess.accuracy < 0.7  # the one class always, of the other two half


def test_a_size_of_its_own_for_each_class_gives_all_away() -> None:
    frame = table(width=np.repeat([100, 300, 900], EACH), height=np.repeat([100, 300, 900], EACH))
    first = shortcuts.guesses(frame)[0]
    assert first.trait == "size"
    assert first.gain > 0.99


def test_names_of_the_sites_that_images_came_from_are_a_property() -> None:
    sites = np.repeat(["shutterstock", "alamy", "IMG"], EACH)
    frame = table(path=[f"x/{site}_{number}.jpg" for number, site in enumerate(sites)])
    assert found(frame)["file_name"].gain > 0.99


def test_properties_are_what_they_are_called() -> None:
    one = table().iloc[:1].assign(width=80, height=20, size_bytes=4800, format="PNG", path="x/IMG_0123 (2).png")
    measured = {"quality.p5": 0.25, "quality.p99": 0.75, "quality.contrast": 9.0, "quality.blur": 0.4}
    known = shortcuts.properties(one.assign(**measured, **{"duplicates.chroma": 3.0}))
    assert {trait: values.item() for trait, values in known} == {
        "size": 40.0,
        "shape": 4.0,
        "bytes_per_pixel": 3.0,
        "format": "PNG",
        "mode": "RGB",
        "file_name": "img_# ",
        "brightness": 0.5,
        "contrast": 9.0,
        "blur": 0.4,
        "colourfulness": 3.0,
    }


def test_the_share_of_classes_gives_nothing_away() -> None:
    frame = table().iloc[: EACH + 30]
    assert all(abs(guess.gain) < 0.35 for guess in found(frame).values())


def listed(**columns: object) -> pd.DataFrame:
    """The table with columns of a list, as text."""
    named = {f"list.{name}": pd.Series(values, index=range(3 * EACH), dtype=object) for name, values in columns.items()}
    return pd.concat([table(), pd.DataFrame(named)], axis=1)


CLASS = np.repeat([0, 1, 2], EACH)


def test_any_column_of_the_list_is_asked_by_what_it_holds() -> None:
    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01") + 40 * CLASS + rng.integers(0, 30, 3 * EACH)
    frame = listed(
        camera=np.array(["Canon", "Nikon", "Sony"])[CLASS],
        dose=[f"{value:.3f}" for value in CLASS + rng.uniform(0, 0.8, 3 * EACH)],
        day=days.astype(str),
        moment=[f"{day}T12:00:{index % 60:02}.{index:03}Z" for index, day in enumerate(days)],
        site=rng.choice(["north", "south"], 3 * EACH),
        age=rng.integers(20, 60, 3 * EACH).astype(str),
    )
    accuracies = {trait: guess.accuracy for trait, guess in found(frame).items() if trait.startswith("list.")}
    assert accuracies["list.camera"] == 1.0
    assert min(accuracies[f"list.{name}"] for name in ("dose", "day", "moment")) > 0.85
    assert max(accuracies[f"list.{name}"] for name in ("site", "age")) < 0.45
    telling = {trait for trait, guess in found(frame).items() if guess.is_telling}
    assert telling == {"list.camera", "list.dose", "list.day", "list.moment"}


def test_what_names_every_image_or_says_nothing_is_left_out() -> None:
    numbers = [str(number) for number in range(3 * EACH)]
    frame = listed(row=numbers, sha256=[f"{number}abc" for number in numbers], licence="CC0", nothing=None)
    assert not [trait for trait in found(frame) if trait.startswith("list.")]


def test_missing_values_are_a_value_of_their_own() -> None:
    """Only one class was dated and measured: that tells it from the others, whatever the dates are."""
    rng = np.random.default_rng(2)
    is_first = CLASS == 0
    dose = np.where(is_first, [f"{value:.3f}" for value in rng.uniform(0, 1, 3 * EACH)], None)
    camera = np.where(is_first, "Canon", None)
    guesses = found(listed(dose=dose, camera=camera).iloc[: 2 * EACH])
    assert guesses["list.dose"].accuracy == guesses["list.camera"].accuracy == 1.0


def test_of_many_columns_of_chance_none_gives_the_class_away() -> None:
    """Forty images and two hundred columns: at the cut alone, several would."""
    rng = np.random.default_rng(3)
    rows = np.r_[0:20, EACH : EACH + 20]
    noise = {f"x{index}": rng.choice(["a", "b", "c"], 3 * EACH) for index in range(200)}
    guesses = found(listed(**noise, camera=np.array(["Canon", "Nikon", "Sony"])[CLASS]).iloc[rows])
    assert sum(guess.gain >= shortcuts.TELLING for guess in guesses.values()) > 3
    assert [trait for trait, guess in guesses.items() if guess.is_telling] == ["list.camera"]


def test_the_deviation_is_that_of_guessing_blindly() -> None:
    rng = np.random.default_rng(4)
    frame = table().iloc[: EACH + 40]
    (deviation,) = {guess.deviation for guess in shortcuts.guesses(frame)}
    sizes = (100, 40)
    tries = [np.mean([rng.binomial(size, 0.5) / size for size in sizes]) for _ in range(4000)]
    assert np.isclose(deviation, np.std(tries), rtol=0.05)


def test_each_property_says_what_to_do_and_a_column_bears_its_name() -> None:
    column, format_ = (shortcuts.Guess(trait, 1.0, 0.5) for trait in ("list.scanner model", "format"))
    assert str(column.title) == "Column scanner model of the list"
    assert str(format_.title) == "File format"
    assert "split by it" in column.remedy
    assert "convert all images alike" in format_.remedy


def test_few_images_or_one_class_say_nothing() -> None:
    assert shortcuts.guesses(table().iloc[:EACH]) == []
    assert shortcuts.guesses(table(label=None)) == []
    assert shortcuts.guesses(table().iloc[:0]) == []
