"""Keys: the usual ones, a reviewer's own, and what is refused."""

from pathlib import Path

import pytest

from curate.errors import ConfigError
from curate.reviewing.bindings import DEFAULT, bindings, keys_file


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reviewer's own keys lie; the file is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    keys_file().parent.mkdir(parents=True)
    return keys_file()


def test_without_a_file_the_keys_are_the_usual_ones_and_none_is_given_twice(own: Path) -> None:
    found = bindings()
    assert found == {name: list(keys) for name, keys in DEFAULT.items()}
    keys = [key for keys in found.values() for key in keys]
    assert len(keys) == len(set(keys))
    assert not own.exists()


def test_an_own_key_takes_the_place_of_the_usual_ones_and_is_taken_from_whom_it_was(own: Path) -> None:
    own.write_text('drop = "K"\nkeep = ["j", "Enter"]\n')
    found = bindings()
    assert (found["drop"], found["keep"]) == (["k"], ["j", "Enter"])
    own.write_text('later = "d"\n')
    found = bindings()
    assert (found["later"], found["drop"]) == (["d"], ["Delete"])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param('burn = "b"', "'burn' is no action; use one of: keep, drop", id="no action"),
        pytest.param('drop = "Tab"', "names no key", id="a key of the browser"),
        pytest.param('drop = "1"', "names no key", id="a digit"),
        pytest.param('drop = " "', "names no key", id="a blank"),
        pytest.param("drop = 5", "names no key", id="a number"),
        pytest.param('drop = "j"\nkeep = "J"', "'j' is given to drop and to keep", id="one key twice"),
        pytest.param("drop = ", "cannot be read", id="no TOML"),
    ],
)
def test_what_means_nothing_is_refused(own: Path, written: str, message: str) -> None:
    own.write_text(written)
    with pytest.raises(ConfigError, match=message):
        bindings()
