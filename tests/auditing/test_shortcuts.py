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


def test_the_share_of_classes_gives_nothing_away() -> None:
    frame = table().iloc[: EACH + 30]
    assert all(abs(guess.gain) < 0.35 for guess in found(frame).values())


def test_few_images_or_one_class_say_nothing() -> None:
    assert shortcuts.guesses(table().iloc[:EACH]) == []
    assert shortcuts.guesses(table(label=None)) == []
    assert shortcuts.guesses(table().iloc[:0]) == []
