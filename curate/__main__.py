"""`python -m curate`: the same as the command `curate`."""

import sys
from pathlib import Path

# With -m the current folder comes first, which may be a dataset of others with a numpy.py in it.
if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parents[1]:
    del sys.path[0]

from curate.cli import main

if __name__ == "__main__":
    main()
