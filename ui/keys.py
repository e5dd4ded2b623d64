"""Buttons that are keys as well, and the page that lists all keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from curate.ui import session

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


def row(keys: Sequence[Key], widths: Sequence[int] | None = None) -> None:
    """One row of buttons, and the one for help behind them."""
    with st.container(key="keyrow"):
        places = st.columns([*(widths or [4] * len(keys)), 4], gap="xsmall")
        for key, place in zip(keys, places, strict=False):
            with place:
                button(key)
        with places[-1]:
            st.button(session.words().help, key="help", shortcut="H", on_click=_ask, width="stretch", type="tertiary")
    st.html(LISTENER, unsafe_allow_javascript=True)
    if st.session_state.pop("help_asked", False):
        _dialog()


def button(key: Key) -> None:
    """One button with its key."""
    st.button(
        key.title,
        key=key.name,
        shortcut=key.shortcut,
        on_click=key.act,
        width="stretch",
        type="primary" if key.primary else "secondary",
        disabled=key.disabled,
    )


def _ask() -> None:
    st.session_state.help_asked = True


def _dialog() -> None:
    w = session.words()

    @st.dialog(w.keys_title, width="medium")
    def listing() -> None:
        for name, meaning in w.keys.items():
            left, right = st.columns([1, 4])
            left.markdown(f"**{name}**")
            right.markdown(meaning)
        st.caption(w.keys_hint)

    listing()
