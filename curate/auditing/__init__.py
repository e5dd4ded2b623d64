"""The steps of an audit, from a source to findings and their summary."""
