"""Audit an image-classification dataset, review what is flagged, and export the cleaned set.

    audit = curate.audit("photos", "workspace")
    audit.findings                      # a pandas DataFrame
    curate.status("workspace").table1   # Table 1, flagged and confirmed

Each command of the command line has a function of the same name here.
"""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "Audit": "curate.pipeline",
    "Built": "curate.building",
    "CurateError": "curate.errors",
    "Selection": "curate.decisions",
    "Status": "curate.summary",
    "Verification": "curate.exporting",
    "audit": "curate.pipeline",
    "build": "curate.building",
    "compare": "curate.comparing",
    "decide": "curate.decisions",
    "decide_from_csv": "curate.decisions",
    "export": "curate.exporting",
    "fetch": "curate.fetching",
    "find_copies": "curate.comparing",
    "judge": "curate.pipeline",
    "manifest": "curate.manifests",
    "status": "curate.summary",
    "verify": "curate.exporting",
}
"""Where each name lives. It is imported on first use: a worker process starts in a third of the time without."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
