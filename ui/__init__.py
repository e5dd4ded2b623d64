"""The Streamlit reviewer: a shell over curate's review store."""
