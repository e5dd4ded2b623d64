"""What any tool has to do at least, in a module that imports nothing else: its start is part of what is measured."""

from PIL import Image


def decode_fully(path: str) -> tuple[int, int]:
    """A full decode to RGB."""
    with Image.open(path) as image:
        image.convert("RGB").load()
        return image.size
