"""Which class an image can be given: one of the dataset's, spelt as there, or a new one where a person asks for it."""

from collections.abc import Iterable
from difflib import get_close_matches

from curate.errors import ClassError


def checked(label: str, known: Iterable[str], *, new_class: bool = False) -> str:
    """Return a class as the dataset spells it.

    Raises `ClassError` for one that is not there, unless `new_class` asks for it; another spelling of a class that is
    there (case, blanks) is never a new one.
    """
    names = set(known)
    bare = label.strip()
    if label in names or bare in names:
        return label if label in names else bare
    alike = next((name for name in sorted(names) if name.casefold() == bare.casefold()), None)
    if bare and new_class and alike is None:
        return bare
    raise ClassError(label, alike or next(iter(get_close_matches(bare, sorted(names), n=1)), None))
