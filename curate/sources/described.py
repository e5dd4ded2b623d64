"""A file of annotations given as the source: COCO, FiftyOne or Label Studio JSON, whose images lie where it says."""

import os
from functools import cache
from pathlib import Path
from typing import ClassVar

from curate.errors import SourceError
from curate.sources import annotations
from curate.sources.address import url
from curate.sources.records import Listing
from curate.sources.table import Named, NamingFile, listing_of


class Described(NamingFile):
    """Images that annotations in JSON name, each with its class; the folder that holds both is a folder."""

    form: ClassVar[str] = "annotations (.json of COCO, FiftyOne, Label Studio)"

    @classmethod
    def claims(cls, address: str) -> bool:
        return address.lower().endswith(".json") and url(address) is None and Path(address).is_file()

    def _read_names(self) -> Listing:
        """Raises `SourceError` where it is in no known form, or names no image that is there."""
        found = annotations.load(self.address, os.path.basename(self.address))  # noqa: PTH119
        if found is None:
            raise SourceError(
                f"{self.address} is no annotations that curate knows (COCO, FiftyOne, Label Studio); give a folder per "
                "class, or a list (.csv) with path and label"
            )
        names = cache(_names)
        paths, count = annotations.located(found.images, self.address, names)
        if not count:
            raise SourceError(
                f"{self.address} names images, such as {found.images[0].name!r}, that do not lie with it; put it into "
                "the folder that its paths start at"
                if found.images
                else f"{self.address} names no images"
            )
        named = [Named(path, image.label, image.split) for path, image in zip(paths, found.images, strict=True)]
        listing = listing_of(self.address, str(Path(self.address).parent), named, online=self.online)
        listing.notes.extend(found.notes)
        return listing


def _names(folder: str) -> dict[str, str]:
    """Index what lies in a folder of this machine; nothing where it cannot be read."""
    try:
        return annotations.names_of(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return {}
