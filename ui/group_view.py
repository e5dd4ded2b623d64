"""A group of copies: all at one scale, or two laid over one another, what differs in a table, a key for each."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from curate.reviewing import choices, overlay
from curate.reviewing.queue import Item
from curate.schema import Role
from curate.ui import dataset, image_view, images, keys, session
from curate.ui.images import plain
from curate.ui.keys import Key

MAX_SIDE_BY_SIDE = 4
VIEWS = 3
BLINK = """
<style>
  .blink {{ position: relative; height: 52vh; }}
  .blink img {{ position: absolute; inset: 0; height: 100%; width: 100%; object-fit: contain; object-position: left; }}
  .blink img + img {{ animation: blink 1.4s steps(1) infinite; }}
  @keyframes blink {{ 50% {{ opacity: 0; }} }}
</style>
<div class="blink"><img src="{first}" alt="{first_alt}"><img src="{second}" alt="{second_alt}"></div>
"""


def draw(item: Item, source: Path) -> None:
    """Draw the group in the view chosen."""
    w, view = session.words(), st.session_state.view % VIEWS
    st.caption(
        " · ".join(
            f"**{name}**" if n == view else name for n, name in enumerate((w.side_by_side, w.blink, w.difference))
        )
    )
    if view == 0:
        _side_by_side(item, source)
    else:
        _laid_over(item, source, blink=view == 1)
        _only(item)
    _table(item)


def copies(item: Item) -> str:
    """How many copies the group holds, in words."""
    count, (one, several) = len(item.paths) - 1, session.words().copies
    return one if count == 1 else several.format(n=count)


def _side_by_side(item: Item, source: Path) -> None:
    for start in range(0, len(item.paths), MAX_SIDE_BY_SIDE):
        row = item.paths[start : start + MAX_SIDE_BY_SIDE]
        columns = st.columns(min(MAX_SIDE_BY_SIDE, max(2, len(item.paths))))
        for number, (path, column) in enumerate(zip(row, columns, strict=False), start=start + 1):
            with column:
                _member(item, path, number, source)


def _member(item: Item, path: str, number: int, source: Path) -> None:
    w = session.words()
    keeper = any(row["role"] == Role.KEEPER for row in item.of(path))
    with st.container(key=f"same-scale-{number}"):
        images.show(session.workspace(), source, item, path, images.GROUP_PX, width="stretch")
    keys.button(_only_key(item, path, number))
    badge = f" :green-badge[{w.suggested}]" if keeper else ""
    label = plain(str(item.of(path)[0]["label"] or w.none))
    st.markdown(f"**{number}. {plain(path)}**{badge}  \n{w.of_class.format(label=label)}")
    image_view.reasons(item, path)


def _only_key(item: Item, path: str, number: int) -> Key:
    w = session.words()
    done = w.kept_only.format(what=path, copies=copies(item))
    return Key(
        w.keep_only.format(n=number),
        str(number) if number <= 9 else None,
        f"only-{session.slot(item.item_id)}-{number}",
        partial(session.decide, item, choices.keep_only(item, path), done=done),
    )


def _only(item: Item) -> None:
    shown = item.paths[:9]
    for number, (path, column) in enumerate(zip(shown, st.columns(max(4, len(shown))), strict=False), start=1):
        with column:
            keys.button(_only_key(item, path, number))


def _laid_over(item: Item, source: Path, *, blink: bool) -> None:
    """The suggested image against the first of the others that can be shown."""
    workspace, w = session.workspace(), session.words()
    seen = [(path, images.data_of(workspace, source, item, path, images.GROUP_PX)) for path in item.paths]
    there = [(number, path, data) for number, (path, data) in enumerate(seen, start=1) if data is not None]
    if len(there) < 2 or there[0][0] != 1:
        st.info(w.not_comparable)
        return
    _, keeper, first = there[0]
    number, path, second = there[1]
    if len(there) > 2:
        number, path, second = st.radio(
            w.image, there[1:], format_func=lambda one: f"1 / {one[0]}", horizontal=True, label_visibility="collapsed"
        )
    if blink:
        one, other = overlay.overlaid(first, second)
        st.html(
            BLINK.format(
                first=overlay.data_uri(one), second=overlay.data_uri(other), first_alt="1", second_alt=str(number)
            )
        )
        st.caption(f"1 {plain(keeper)} / {number} {plain(path)}")
    else:
        apart, levels = overlay.difference(first, second)
        st.image(apart, alt=w.difference)
        st.caption(w.difference_mean.format(n=number, levels=f"{levels:.1f}"))


def _table(item: Item) -> None:
    """Facts by image; only the rows in which the images differ."""
    w = session.words()
    facts = {number: _facts_of(path) for number, path in enumerate(item.paths, start=1)}
    names = [name for name in w.columns if len({known[name] for known in facts.values()}) > 1]
    if names:
        rows = {w.columns[name]: [known[name] for known in facts.values()] for name in names}
        st.markdown(f"**{w.differs}**")
        st.table(pd.DataFrame.from_dict(rows, orient="index", columns=[str(n) for n in facts], dtype=object))


def _facts_of(path: str) -> dict[str, str]:
    w = session.words()
    known: dict[str, Any] = dataset.row(session.workspace(), path)
    shown = {
        "class": known.get("label"),
        "pixels": f"{w.count(known['width'])} x {w.count(known['height'])}" if known.get("width") else None,
        "bytes": w.count(known.get("size_bytes", 0)),
        "sha256": (known.get("sha256") or "")[:12],
    }
    return {name: str(shown.get(name, known.get(name)) or "-") for name in w.columns}
