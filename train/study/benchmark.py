"""Before and after, twice over: as the study compared, and as a comparison should be made.

The *published protocol* (`replication`) gives each model a test set of its own. The *controlled protocol*
(`controlled`) sets test images aside first, whole duplicate groups at a time, and asks all models about the same ones.
"""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import curate
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace
from curate.train.loop import PROPOSED, REFERENCE
from curate.train.study.bank import Bank
from curate.train.study.controlled import controlled_protocol
from curate.train.study.material import Plan, Say, audited, gather, located
from curate.train.study.replication import published_protocol

PUBLISHED = Path(__file__).with_name("published.toml")
"""What the study printed, shown beside what is measured; nothing is computed from it."""


def benchmark(plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """Run both protocols, write `benchmark.json` to the output and to the workspace's `runs`, and return it.

    What a run came to is kept in the output's `runs`: a benchmark that was killed goes on with the run it was at, to
    the same bytes. Raises `CurateError` for datasets that cannot be read, or do not share their classes.
    """
    plan = located(plan, say)
    workspace = audited(plan, say)
    material = gather(plan, workspace, say)
    bank = Bank(plan.weights, material.classes, plan.output / "runs")
    result = {
        "weights": plan.weights,
        "seeds": plan.seeds,
        "per_class": plan.per_class,
        "limit": plan.limit,
        "classes": material.classes,
        "raw": str(plan.raw),
        "extra": str(plan.extra),
        "decisions": "the scanners' advice, followed without a person" if material.advised else "a person's",
        "images": {name: len(getattr(material, name)) for name in ("raw", "kept", "extension", "faces")},
        "table1": _class_summary(workspace),
        "recipes": {config.name: asdict(config) for config in (REFERENCE, PROPOSED)},
        "published": tomllib.loads(PUBLISHED.read_text(encoding="utf-8")),
        "published_protocol": published_protocol(plan, material, bank, say),
        "controlled_protocol": controlled_protocol(plan, material, bank, say),
    }
    write_json(result, plan.output / "benchmark.json")
    workspace.runs.mkdir(exist_ok=True)
    write_json(result, workspace.runs / "benchmark.json")
    return result


def _class_summary(workspace: Workspace) -> list[dict[str, Any]]:
    """Read Table 1 of a workspace, a row per class."""
    table = curate.status(workspace.root).class_summary.reset_index(names="label")
    return list(json.loads(table.to_json(orient="records")))
