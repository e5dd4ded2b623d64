"""The review surface in the browser: small ES modules, put together as they are, and the styles that go with them.

They need no build step and no network. `machine.js` and `selection.js`, which know what is decided, are pure; they
and `picker.js` are tested by themselves.
"""

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
SHARED = ("dom.js", "controls.js", "machine.js", "link.js", "exit.js", "picker.js")
ROOT = '<div class="curate-root"></div>'


@cache
def script(*names: str) -> str:
    """Return modules as one; each uses what those before it define."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def queue() -> Any:
    """Return the component that shows the queue."""
    return _component("curate-queue", *SHARED, "stage.js", "panel.js", "telling.js", "queue.js")


def grid() -> Any:
    """Return the component that shows many images as a grid."""
    return _component("curate-grid", *SHARED, "selection.js", "grid.js")


def plane() -> Any:
    """Return the component that shows images as points of a plane."""
    return _component("curate-plane", "dom.js", "plane.js")


def _component(name: str, *modules: str) -> Any:
    """Register a component; Streamlit wants that for each of its runtimes, and takes it again as it is."""
    style = (HERE / "surface.css").read_text(encoding="utf-8")
    return st.components.v2.component(name, html=ROOT, css=style, js=script(*modules))
