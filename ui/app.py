"""The reviewer's entry file: one Streamlit application, seven pages, and the question who reviews."""

import numpy as np
import streamlit as st
from PIL import Image

from curate.errors import CurateError
from curate.ui import (
    agreement_page,
    batch_page,
    export_page,
    log_page,
    overview_page,
    queue_page,
    session,
    sidebar,
    threshold_page,
)
from curate.ui.images import plain
from curate.ui.session import _

# Streamlit leaves much air above a page; a reviewer on a laptop wants the image and the keys in one view.
STYLE = """
<style>
  .stMainBlockContainer { padding: 4.2rem 2rem 1rem 2rem; }
  [data-testid="stSidebarHeader"] { height: 2rem; margin-bottom: 0; }
  [data-testid="stSidebarUserContent"] { padding-top: 0; }
  .st-key-keyrow button { padding: 0.25rem 0.4rem; }
  .st-key-keyrow button p { font-size: 0.85rem; }
  .st-key-image [data-testid="stImage"] img { height: 68vh; max-height: 68vh; width: 100%; }
  .st-key-image [data-testid="stImage"] img { object-position: top left; background: none; }
  [data-testid="stImage"] img { max-height: 62vh; width: auto; object-fit: contain; background: #8882; }
  [class*="st-key-same-scale"] [data-testid="stImage"] img { height: 38vh; width: 100%; }
  .st-key-grid [data-testid="stImage"] img { height: 15vh; width: 100%; }
  .st-key-others [data-testid="stImage"] img { height: 11vh; width: 100%; }
  [class*="st-key-strip"] [data-testid="stImage"] img { height: 13vh; width: 100%; }
  .st-key-pixels { overflow: auto; }
  .st-key-pixels * { max-width: none !important; }
  .st-key-pixels [data-testid="stElementContainer"] { width: max-content !important; }
  .st-key-pixels [data-testid="stImage"] img { max-height: none; image-rendering: pixelated; border-radius: 0; }
  .st-key-log p { font-size: 0.85rem; margin: 0; overflow-wrap: anywhere; }
  button:focus-visible, a:focus-visible { outline: 3px solid #d9480f !important; outline-offset: 2px; }
</style>
"""
# Streamlit says that every page is English, and readers of screens would pronounce it so.
LANGUAGE = '<script>document.documentElement.lang = "{language}";</script>'


def _icon() -> Image.Image:
    """Draw a framed image: a named icon would be fetched from a foreign server."""
    icon = np.full((32, 32, 3), 255, np.uint8)
    icon[2:30, 2:30] = (60, 90, 140)
    icon[5:27, 5:27] = (225, 235, 245)
    for row in range(14, 27):
        icon[row, 18 - (row - 14) : 14 + (row - 8)] = (95, 140, 90)
    icon[8:13, 20:25] = (240, 190, 60)
    return Image.fromarray(icon)


def main() -> None:
    """Draw the page that is asked for; a user's mistake is a sentence, never a traceback."""
    st.set_page_config(page_title="curate", page_icon=_icon(), layout="wide")
    st.html(STYLE)
    try:
        session.prepare()
        st.html(LANGUAGE.format(language=session.translator().language), unsafe_allow_javascript=True)
        session.workspace().read_audit()
        if not session.introduced():
            _who()
            return
        pages = [
            st.Page(queue_page.draw, title=_("Queue"), icon=":material/fact_check:", url_path="queue", default=True),
            st.Page(batch_page.draw, title=_("Batch"), icon=":material/grid_view:", url_path="batch"),
            st.Page(threshold_page.draw, title=_("Thresholds"), icon=":material/tune:", url_path="thresholds"),
            st.Page(agreement_page.draw, title=_("Agreement"), icon=":material/group:", url_path="agreement"),
            st.Page(overview_page.draw, title=_("Overview"), icon=":material/table_chart:", url_path="overview"),
            st.Page(log_page.draw, title=_("Log"), icon=":material/history:", url_path="log"),
            st.Page(export_page.draw, title=_("Export"), icon=":material/output:", url_path="export"),
        ]
        st.navigation(pages, position="top").run()
    except CurateError as error:
        st.error(plain(str(error)))


def _who() -> None:
    """Ask once who reviews: the log names who decided."""
    st.header(_("Who is reviewing?"))
    st.write(_("Your name stands beside every decision in the log. It is asked once and remembered on this computer."))
    with st.form("who", width=480):
        name = st.text_input(_("Reviewer"), value=session.suggested_name(), key="asked_name")
        sent = st.form_submit_button(_("Begin"), type="primary")
    with st.container(width=480):
        sidebar.language()
    if sent and name.strip():
        st.session_state.reviewer = name.strip()
        session.introduce()
        st.rerun()


main()
