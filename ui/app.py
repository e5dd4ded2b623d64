"""The reviewer's entry file: one Streamlit application, five pages."""

import numpy as np
import streamlit as st
from PIL import Image

from curate.errors import CurateError
from ui import batch_page, export_page, log_page, overview_page, queue_page, session

# Streamlit leaves much air above a page; a reviewer on a laptop wants the picture and the keys in one view.
STYLE = """
<style>
  .stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 1rem; }
  [data-testid="stSidebarUserContent"] { padding-top: 0.5rem; }
  [data-testid="stImage"] img { max-height: 62vh; width: auto; object-fit: contain; background: #8882; }
</style>
"""


def _icon() -> Image.Image:
    """A framed picture, drawn here: a named icon would be fetched from a foreign server."""
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
        session.workspace().read_audit()
        pages = [
            st.Page(queue_page.draw, title="Queue", icon=":material/fact_check:", url_path="queue", default=True),
            st.Page(batch_page.draw, title="Batch", icon=":material/grid_view:", url_path="batch"),
            st.Page(overview_page.draw, title="Overview", icon=":material/table_chart:", url_path="overview"),
            st.Page(log_page.draw, title="Log", icon=":material/history:", url_path="log"),
            st.Page(export_page.draw, title="Export", icon=":material/output:", url_path="export"),
        ]
        st.navigation(pages, position="top").run()
    except CurateError as error:
        st.error(str(error))


main()
