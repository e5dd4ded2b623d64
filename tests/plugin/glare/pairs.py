"""A form of source in a package of its own: a text file of lines `CLASS<TAB>PATH`, beside its images."""

from pathlib import Path
from typing import ClassVar

from curate.sources import Listing, Record, Source


class Pairs(Source):
    """Images named by a .pairs file."""

    form: ClassVar[str] = "a .pairs file"

    @classmethod
    def claims(cls, address: str) -> bool:
        return address.endswith(".pairs") and Path(address).is_file()

    @property
    def root(self) -> str:
        return str(Path(self.address).parent)

    def _list(self) -> Listing:
        records = []
        for line in Path(self.address).read_text().splitlines():
            label, path = line.split("\t")
            status = (Path(self.root) / path).stat()
            records.append(Record(path, label, None, status.st_size, status.st_mtime_ns))
        return Listing(self.root, sorted(records, key=lambda record: record.path), [])
