"""One tar of samples as a source, on a disk or in a bucket; a folder of them is a folder."""

import posixpath
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.sources import objects, tar
from curate.sources.address import url
from curate.sources.base import Source
from curate.sources.records import Listing
from curate.sources.shards import read_shards


class Shard(Source):
    """One tar of samples, on a disk or in a bucket."""

    form: ClassVar[str] = ".tar shards"

    @classmethod
    def claims(cls, address: str) -> bool:
        return tar.is_tar(address) and (url(address) is not None or Path(address).is_file())

    @property
    def root(self) -> str:
        return posixpath.dirname(self.address)

    def _list(self) -> Listing:
        shard = objects.stat(self.address)
        if shard is None:
            raise SourceError(f"{self.address} does not exist")
        return read_shards(self.root, [(posixpath.basename(self.address), shard.stamp)])
