"""Buttons that are keys as well, and the page that lists all keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from curate.ui.session import _

# Streamlit's shortcuts are letters, digits and named keys that press a button. The question mark is handed on to the
# button for help; some letters go to a text field, and Escape leaves it, so that the letters are keys again.
LISTENER = """
<script>
if (!window.curateListens) {
  window.curateListens = true;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, [contenteditable]");
    if (typing && event.key === "Escape" && event.target.getAttribute("aria-expanded") !== "true") {
      event.stopPropagation();  // or a chosen class would be cleared
      event.target.blur();
    }
    // In an image that is larger than its frame the arrows scroll; elsewhere they go to the next item.
    if (event.key.startsWith("Arrow") && event.target.closest?.(".st-key-pixels")) event.stopPropagation();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const there = (selector) => document.querySelector(selector);
    const field = { n: ".st-key-note input", f: ".st-key-filter_kind input", "/": ".st-key-filter_text input" };
    if (event.key === "?") there(".st-key-help button")?.click();
    else if (event.key === "l" && there("[class*='st-key-relabel-'] button:disabled"))
      field.l = "[class*='st-key-label-'] input";
    if (there(field[event.key])) { event.preventDefault(); there(field[event.key]).focus(); }
  }, true);
}
</script>
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A button with its key. One that decides bears the slot of its item, so that a late press misses."""

    title: str
    shortcut: str | None
    name: str
    act: Callable[[], None]
    primary: bool = False
    disabled: bool = False


def row(keys: Sequence[Key]) -> None:
    """Draw a row of buttons, each as wide as its title in any language, and the one for help behind them."""
    with st.container(key="keyrow", horizontal=True, gap="xsmall"):
        for key in keys:
            button(key, width="content")
        st.button(_("Keys"), key="help", shortcut="H", on_click=_ask, type="tertiary")
    st.html(LISTENER, unsafe_allow_javascript=True)
    if st.session_state.pop("help_asked", False):
        _dialog()


def button(key: Key, *, width: Literal["content", "stretch"] = "stretch") -> None:
    """Draw one button with its key."""
    st.button(
        key.title,
        key=key.name,
        shortcut=key.shortcut,
        on_click=key.act,
        width=width,
        type="primary" if key.primary else "secondary",
        disabled=key.disabled,
    )


def _ask() -> None:
    st.session_state.help_asked = True


def _dialog() -> None:
    @st.dialog(_("Keys"), width="medium")
    def listing() -> None:
        for name, meaning in _meanings().items():
            left, right = st.columns([1, 4])
            left.markdown(f"**{name}**")
            right.markdown(meaning)
        st.caption(_("Keys work while no text field has the focus; Escape leaves a field."))

    listing()


def _meanings() -> dict[str, str]:
    return {
        "K": _("keep the image; of a group keep all: they are no copies, and that is remembered"),
        "D": _("drop the image; of a group drop the copies and keep the suggested one"),
        "1 - 9": _("in a group: keep only this one and drop the rest"),
        "L": _("relabel: choose or type a class, Enter, Escape, and L again"),
        "N, F, /": _("write a note, filter by kind, search; Escape leaves the field"),
        "S": _("decide later"),
        "U, Y": _("undo and redo, as many steps as you like"),
        "←, →": _("look at the previous or next one and decide nothing"),
        "Z": _("one image: fit, single pixels, four times; a group: side by side, blink, difference"),
        "A": _("batch page: choose all or none"),
        "H, ?": _("these keys; Escape closes them"),
        "Tab, Enter": _("reach and press anything else"),
    }
