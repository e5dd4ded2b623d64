"""How charts write numbers."""

from typing import Any

from curate.ui import session


def localised(chart: Any) -> Any:
    """Let an Altair chart write numbers as this session's language does."""
    import altair

    decimal, thousands = session.translator().separators
    number = altair.NumberLocale(decimal=decimal, thousands=thousands, grouping=[3], currency=["", ""])
    return chart.configure(locale=altair.Locale(number=number))
