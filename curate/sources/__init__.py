"""Where the bytes of an image come from, and what class and split it has.

`open_source` opens what a person names, to list it; `source_at` the same place again, to read from it. Everything
else in this room is behind them: folders, ZIP archives, lists, tar shards, buckets.
"""

from curate.sources.base import Source, forms, open_source, source_at
from curate.sources.records import Listing, Record, Records, Skipped

__all__ = ["Listing", "Record", "Records", "Skipped", "Source", "forms", "open_source", "source_at"]
