"""A group of copies: all at one scale, or two laid over one another, what differs in a table, a key for each."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from curate.reviewing import choices, overlay
from curate.reviewing.queue import Item
from curate.schema import Role
from curate.sources import Source
from curate.ui import dataset, image_view, images, keys, session
from curate.ui.images import plain
from curate.ui.keys import Key
from curate.ui.session import _, counted

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


def draw(item: Item, source: Source) -> None:
    """Draw the group in the view chosen."""
    view = st.session_state.view % VIEWS
    names = (_("side by side"), _("blink"), _("difference, four times stronger"))
    st.caption(" · ".join(f"**{name}**" if n == view else name for n, name in enumerate(names)))
    if view == 0:
        _side_by_side(item, source)
    else:
        _laid_over(item, source, blink=view == 1)
        _only(item)
    _table(item)


def copies(item: Item) -> str:
    """Say how many copies the group holds."""
    return counted("{n} copy", "{n} copies", len(item.paths) - 1)


def _side_by_side(item: Item, source: Source) -> None:
    for start in range(0, len(item.paths), MAX_SIDE_BY_SIDE):
        row = item.paths[start : start + MAX_SIDE_BY_SIDE]
        columns = st.columns(min(MAX_SIDE_BY_SIDE, max(2, len(item.paths))))
        for number, (path, column) in enumerate(zip(row, columns, strict=False), start=start + 1):
            with column:
                _member(item, path, number, source)


def _member(item: Item, path: str, number: int, source: Source) -> None:
    keeper = any(row["role"] == Role.KEEPER for row in item.of(path))
    with st.container(key=f"same-scale-{number}"):
        images.show(session.workspace(), source, item, path, images.GROUP_PX, width="stretch")
    keys.button(_only_key(item, path, number))
    suggested = _("Suggested to stay")
    badge = f" :green-badge[{suggested}]" if keeper else ""
    label = images.class_name(item.of(path)[0]["label"])
    named = _("class {label}", label=label)
    st.markdown(f"**{number}. {plain(path)}**{badge}  \n{plain(named)}")
    image_view.reasons(item, path)


def _only_key(item: Item, path: str, number: int) -> Key:
    dropped = len(item.paths) - 1
    done = counted("Kept {what}, dropped {n} copy.", "Kept {what}, dropped {n} copies.", dropped, what=path)
    return Key(
        _("Keep only {n}", n=number),
        str(number) if number <= 9 else None,
        f"only-{session.slot(item.item_id)}-{number}",
        partial(session.decide, item, choices.keep_only(item, path), done=done),
    )


def _only(item: Item) -> None:
    shown = item.paths[:9]
    for number, (path, column) in enumerate(zip(shown, st.columns(max(4, len(shown))), strict=False), start=1):
        with column:
            keys.button(_only_key(item, path, number))


def _laid_over(item: Item, source: Source, *, blink: bool) -> None:
    """Draw the suggested image over the first of the others that can be shown."""
    workspace = session.workspace()
    previews = [(path, images.data_of(workspace, source, item, path, images.GROUP_PX)) for path in item.paths]
    shown = [(number, path, data) for number, (path, data) in enumerate(previews, start=1) if data is not None]
    if len(shown) < 2 or shown[0][0] != 1:
        st.info(_("There are no two images to compare here."))
        return
    keeper, first = shown[0][1:]
    number, path, second = shown[1]
    if len(shown) > 2:
        number, path, second = st.radio(
            _("Image"),
            shown[1:],
            format_func=lambda one: f"1 / {one[0]}",
            horizontal=True,
            label_visibility="collapsed",
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
        st.image(apart, alt=_("difference, four times stronger"))
        st.caption(_("1 against {n}: {levels:.1f} grey levels apart on average", n=number, levels=levels))


def _table(item: Item) -> None:
    """Draw the facts by image; only the rows in which the images differ."""
    titles = _titles()
    facts = {number: _facts_of(path) for number, path in enumerate(item.paths, start=1)}
    names = [name for name in titles if len({known[name] for known in facts.values()}) > 1]
    if names:
        rows = {titles[name]: [known[name] for known in facts.values()] for name in names}
        title = _("What differs")
        st.markdown(f"**{title}**")
        st.table(pd.DataFrame.from_dict(rows, orient="index", columns=[str(n) for n in facts], dtype=object))


def _titles() -> dict[str, str]:
    return {
        "class": _("Class"),
        "pixels": _("Pixels"),
        "bytes": _("Size in bytes"),
        "format": _("Format"),
        "mode": _("Colour mode"),
        "frames": _("Frames"),
        "status": _("Decoder"),
        "split": _("Split"),
        "sha256": "SHA-256",
    }


def _facts_of(path: str) -> dict[str, str]:
    number = session.translator().number
    known: dict[str, Any] = dataset.row(session.workspace(), path)
    status = {"ok": _("sound"), "warning": _("damaged"), "error": _("unreadable")}
    shown = {
        "class": known.get("label"),
        "pixels": f"{number(known['width'])} x {number(known['height'])}" if known.get("width") else None,
        "bytes": number(known.get("size_bytes", 0)),
        "status": status.get(known.get("status", "")),
        "sha256": (known.get("sha256") or "")[:12],
    }
    return {name: str(shown.get(name, known.get(name)) or "-") for name in _titles()}
