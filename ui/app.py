"""The reviewer's entry file: one Streamlit application, three pages."""

import streamlit as st

from curate.errors import CurateError
from ui import log_page, overview_page, queue_page, session

# Streamlit leaves much air above a page; a reviewer on a laptop wants the picture and the keys in one view.
STYLE = """
<style>
  .stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 1rem; }
  [data-testid="stSidebarUserContent"] { padding-top: 0.5rem; }
  [data-testid="stImage"] img { max-height: 62vh; width: auto; object-fit: contain; background: #8882; }
</style>
"""


def main() -> None:
    """Draw the page that is asked for; a user's mistake is a sentence, never a traceback."""
    st.set_page_config(page_title="curate", page_icon=":material/photo_library:", layout="wide")
    st.html(STYLE)
    try:
        session.prepare()
        session.workspace().read_audit()
        pages = [
            st.Page(queue_page.draw, title="Queue", icon=":material/fact_check:", url_path="queue", default=True),
            st.Page(overview_page.draw, title="Overview", icon=":material/table_chart:", url_path="overview"),
            st.Page(log_page.draw, title="Log", icon=":material/history:", url_path="log"),
        ]
        st.navigation(pages, position="top").run()
    except CurateError as error:
        st.error(str(error))


main()
