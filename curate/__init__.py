"""Audit an image-classification dataset, review what is flagged, and export the cleaned set.

    audit = curate.audit("photos", "workspace")
    audit.findings                      # a pandas DataFrame
    curate.status("workspace").table1   # Table 1, flagged and confirmed

Each command of the command line has a function of the same name here.
"""

__version__ = "0.1.0"

from curate.building import Built, build
from curate.comparing import compare, find_copies
from curate.decisions import Selection, decide, decide_from_csv
from curate.errors import CurateError
from curate.exporting import Verification, export, verify
from curate.fetching import fetch
from curate.manifests import manifest
from curate.pipeline import Audit, audit, judge
from curate.summary import Status, status

__all__ = [
    "Audit",
    "Built",
    "CurateError",
    "Selection",
    "Status",
    "Verification",
    "audit",
    "build",
    "compare",
    "decide",
    "decide_from_csv",
    "export",
    "fetch",
    "find_copies",
    "judge",
    "manifest",
    "status",
    "verify",
]
