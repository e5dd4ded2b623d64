"""The reviewer's entry file: one Streamlit application, seven pages, and the question who reviews."""

import numpy as np
import streamlit as st
from PIL import Image

from curate.errors import CurateError
from curate.ui import (
    agreement_page,
    export_page,
    images_page,
    log_page,
    map_page,
    overview_page,
    queue_page,
    session,
    sidebar,
    threshold_page,
)
from curate.ui.markdown import plain
from curate.ui.session import _

# Streamlit leaves much air above a page; a reviewer on a laptop wants the image and the keys in one view. Its own words
# for a lost connection are English whatever the language: the surfaces say it in theirs. So is the hint in a field that
# Enter takes what was typed.
STYLE = """
<style>
  .stMainBlockContainer { padding: 3rem 1rem 0 1rem; }
  .stMain header, [data-testid="stHeader"] { min-height: 2.8rem; height: 2.8rem; }
  [data-testid="stSidebarHeader"] { height: 2rem; margin-bottom: 0; }
  [data-testid="stSidebarUserContent"] { padding-top: 0; }
  [data-testid="stSidebar"][data-collapsed="true"] [data-testid="stSidebarContent"] { display: none; }
  [data-testid="stImage"] img { max-height: 62vh; width: auto; object-fit: contain; background: #8882; }
  [class*="st-key-strip"] [data-testid="stImage"] img { height: 13vh; width: 100%; }
  [class*="st-key-thumb"] [data-testid="stImage"] img { height: 3.5rem; width: 100%; }
  [data-testid="stStatusWidget"], [data-testid="InputInstructions"] { display: none; }
  [data-testid="stElementContainer"]:has(> [data-testid="stHtml"]) { display: none; }
  button:focus-visible, a:focus-visible { outline: 3px solid #d9480f !important; outline-offset: 2px; }
</style>
"""
# Streamlit says that every page is English, and readers of screens would pronounce it so.
LANGUAGE = '<script>document.documentElement.lang = "{language}";</script>'
# The one field of the first page is ready to be typed into, as soon as Streamlit has drawn it: that may be after this.
FOCUS = """
<script>{
  const focused = () => {
    const field = document.querySelector(".st-key-asked_name input");
    field?.focus();
    return field;
  };
  const drawn = new MutationObserver(() => focused() && drawn.disconnect());
  if (!focused()) drawn.observe(document.body, { childList: true, subtree: true });
}</script>
"""


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
    st.set_page_config(page_title="curate", page_icon=_icon(), layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    try:
        session.prepare()
        st.html(LANGUAGE.format(language=session.translator().language), unsafe_allow_javascript=True)
        session.workspace().read_audit()
        pages = {
            "queue": st.Page(queue_page.draw, title=_("Queue"), icon=":material/fact_check:", url_path="queue"),
            "images": st.Page(images_page.draw, title=_("Images"), icon=":material/grid_view:", url_path="images"),
            "map": st.Page(map_page.draw, title=_("Map"), icon=":material/scatter_plot:", url_path="map"),
            "thresholds": st.Page(
                threshold_page.draw, title=_("Thresholds"), icon=":material/tune:", url_path="thresholds"
            ),
            "agreement": st.Page(
                agreement_page.draw, title=_("Agreement"), icon=":material/group:", url_path="agreement"
            ),
            "overview": st.Page(
                overview_page.draw, title=_("Overview"), icon=":material/table_chart:", url_path="overview"
            ),
            "log": st.Page(log_page.draw, title=_("Log"), icon=":material/history:", url_path="log"),
            "export": st.Page(export_page.draw, title=_("Export"), icon=":material/output:", url_path="export"),
        }
        st.session_state.pages = pages
        # The first page has no address of its own: it leads to the queue, which has one that can be reloaded and sent.
        first = st.Page(_first, title="curate", default=True, visibility="hidden")
        # Even where the name is asked first, the page that the address names is not forgotten.
        known = session.introduced()
        page = st.navigation([first, *pages.values()], position="top" if known else "hidden")
        if known:
            session.keep_in_browser()
            page.run()
        else:
            _who()
    except CurateError as error:
        st.error(plain(str(error)))


def _first() -> None:
    st.switch_page(st.session_state.pages["queue"], query_params=st.query_params.to_dict())


def _who() -> None:
    """Ask each browser once who reviews: the log names who decided, and an undo is about what the same person did."""
    st.header(_("Who is reviewing?"))
    st.write(_("Your name stands beside every decision in the log. It is asked once in each browser."))
    with st.form("who", width=480):
        name = st.text_input(_("Reviewer"), value=session.suggested_name(), key="asked_name")
        sent = st.form_submit_button(_("Begin"), type="primary")
    with st.container(width=480):
        sidebar.language()
    st.html(FOCUS, unsafe_allow_javascript=True)
    if sent and name.strip():
        st.session_state.reviewer = name.strip()
        session.introduce()
        st.rerun()


main()
