"""Which class an image can be given: one of the dataset's, spelt as there, or a new one where a person asks for it."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from curate.errors import ClassError, ConfigError
from curate.sources.classes import folder_name, same_file


def checked(label: str, known: Iterable[str], *, new_class: bool = False) -> str:
    """Return a class as the dataset spells it.

    The Unicode form counts for nothing: nobody sees which one is typed. Raises `ClassError` for one that is not there,
    unless `new_class` asks for it; another spelling of a class that is there (case, blanks, what a folder name cannot
    hold) is never a new one.
    """
    if not isinstance(label, str):  # whose numbers are classes gives one
        raise ConfigError(f"the class {label!r} is no text; write {str(label)!r}")
    names = set(known)
    bare = label.strip()
    if label in names or bare in names:
        return label if label in names else bare
    for name in sorted(names):
        if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", bare):
            return name
    own = same_file(folder_name(bare))
    alike = next((name for name in sorted(names) if same_file(folder_name(name)) == own), None) if bare else None
    if bare and new_class and alike is None:
        return bare
    raise ClassError(label, alike or next(iter(get_close_matches(bare, sorted(names), n=1)), None))
