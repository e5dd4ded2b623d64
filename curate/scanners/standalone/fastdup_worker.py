"""fastdup in a process of its own, with a Python of its own: it pins Pillow and numpy to old versions.

Run as a script, so that it needs nothing of this project: `python fastdup_worker.py LIST WORK OUT`. LIST holds a
image's path a line; OUT receives JSON with the similar pairs and the outliers that fastdup reports.
"""

import json
import os
import sys
from pathlib import Path

# Read by fastdup when it is imported; without them it would report home.
os.environ["SENTRY_OPT_OUT"] = "1"
os.environ["FASTDUP_OPT_OUT"] = "1"


def main(listing: str, work: str, out: str) -> None:
    """Run fastdup over the listed images."""
    import fastdup

    run = fastdup.create(work_dir=work, input_dir=Path(listing).read_text(encoding="utf-8").splitlines())
    run.run(overwrite=True, print_summary=False, verbose=False)
    similar, outliers = run.similarity(), run.outliers()
    found = {
        "version": fastdup.__version__,
        "pairs": similar[["filename_from", "filename_to", "distance"]].values.tolist() if len(similar) else [],
        "outliers": outliers[["filename_outlier", "distance"]].values.tolist() if len(outliers) else [],
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
