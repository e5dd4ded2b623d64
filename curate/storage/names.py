"""Names that may be no text: a file system gives bytes, and old shares give those of other encodings."""


def is_text(name: str) -> bool:
    """Say whether a name is valid Unicode that tables and files can hold: no lone surrogate, no NUL."""
    return "\0" not in name and shown(name) == name


def shown(name: str) -> str:
    """Write a name so that it can be printed and stored, whatever its bytes: those that are no UTF-8 as escapes."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of characters that stand for no byte
        return name.encode("utf-8", "backslashreplace").decode()
