"""What a search compares: text without case, accents and doubled blanks, so that `émile` finds `Emile.jpg`."""

import unicodedata


def folded(text: str) -> str:
    """Return a text as searches see it: compatibility forms taken apart, marks left out, case folded."""
    if text.isascii():  # which is so already, and most paths are
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())
