"""The one place that asks what time it is for the record."""

from datetime import UTC, datetime


def now_text() -> str:
    """Return the present time as the log and the workspace record it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
