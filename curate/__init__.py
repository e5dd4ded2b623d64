"""Audit an image-classification dataset, review what is flagged, and export the cleaned set.

    audit = curate.audit("photos", "workspace")
    audit.findings                      # a pandas DataFrame
    curate.status("workspace").class_summary   # Table 1, flagged and confirmed

Each command of the command line has a function of the same name here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from curate._version import __version__

if TYPE_CHECKING:
    from curate.auditing.compare import compare, find_copies
    from curate.auditing.difference import Difference, diff
    from curate.auditing.pipeline import Audit, audit, judge
    from curate.auditing.summary import WorkspaceStatus, status
    from curate.dataset.build import Built, build
    from curate.dataset.export import Verification, export, verify
    from curate.dataset.manifest import manifest
    from curate.errors import CurateError
    from curate.reports.render import report
    from curate.reviewing.bulk import Selection, decide, decide_from_csv, decide_from_label_studio
    from curate.sources.kaggle import fetch
    from curate.train.kept import torch_dataset
    from curate.ui.serving import review

__all__ = [
    "Audit",
    "Built",
    "CurateError",
    "Difference",
    "Selection",
    "Verification",
    "WorkspaceStatus",
    "__version__",
    "audit",
    "build",
    "compare",
    "decide",
    "decide_from_csv",
    "decide_from_label_studio",
    "diff",
    "export",
    "fetch",
    "find_copies",
    "judge",
    "manifest",
    "report",
    "review",
    "status",
    "torch_dataset",
    "verify",
]

_HOMES = {
    "Audit": "curate.auditing.pipeline",
    "Built": "curate.dataset.build",
    "CurateError": "curate.errors",
    "Difference": "curate.auditing.difference",
    "Selection": "curate.reviewing.bulk",
    "WorkspaceStatus": "curate.auditing.summary",
    "Verification": "curate.dataset.export",
    "audit": "curate.auditing.pipeline",
    "build": "curate.dataset.build",
    "compare": "curate.auditing.compare",
    "decide": "curate.reviewing.bulk",
    "decide_from_csv": "curate.reviewing.bulk",
    "decide_from_label_studio": "curate.reviewing.bulk",
    "diff": "curate.auditing.difference",
    "export": "curate.dataset.export",
    "fetch": "curate.sources.kaggle",
    "find_copies": "curate.auditing.compare",
    "judge": "curate.auditing.pipeline",
    "manifest": "curate.dataset.manifest",
    "report": "curate.reports.render",
    "review": "curate.ui.serving",
    "status": "curate.auditing.summary",
    "torch_dataset": "curate.train.kept",
    "verify": "curate.dataset.export",
}
"""Where each name lives. It is imported on first use: a worker process starts in a third of the time without."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
