"""The closed sets that people choose from, each once: as options of commands, in `curate.toml`, as arguments.

Imports nothing, so that the command line can name them without loading what they are options of.
"""

from typing import Literal

Profile = Literal["general", "faces"]
DuplicateEngine = Literal["hash", "fastdup"]
"""What finds duplicates."""
Pending = Literal["keep", "drop"]
"""What undecided images count as."""
Crop = Literal["none", "face"]
"""What of an image a training set shows."""
Layout = Literal["folder", "imagefolder", "webdataset", "parquet", "fiftyone", "label-studio", "list"]
"""The forms of a cleaned dataset."""
Mode = Literal["copy", "hardlink", "symlink"]
"""How the files of a cleaned folder get there."""
