"""Names, reasons and mistakes as they are where Streamlit reads Markdown: in messages, captions and notes."""

import re

from curate.storage.names import printable


def plain(text: str) -> str:
    """Escape a text so that Streamlit's Markdown shows it as it is, with nothing to click and nothing to run."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:^@])", r"\\\1", printable(" ".join(text.split())))
