"""Before and after: as the study compared, as a comparison should be made, and as far as the images go.

The *published protocol* (`replication`) gives each model a test set of its own. The *controlled protocol*
(`controlled`) sets test images aside first, whole duplicate groups at a time, and asks all models about the same ones.
The *full protocol* (`full`), where it is asked for, takes all of the extension and trains the whole network.
"""

import json
import tomllib
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.auditing import summary
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace
from curate.train import packages
from curate.train.loop import PROPOSED, REFERENCE, tuned
from curate.train.study.bank import Bank
from curate.train.study.controlled import controlled_protocol
from curate.train.study.duration import seconds
from curate.train.study.full import full_protocol
from curate.train.study.growth import learning_curves
from curate.train.study.material import Plan, Say, audited, gather, located
from curate.train.study.replication import published_protocol

PUBLISHED = Path(__file__).with_name("published.toml")
"""What the study printed, shown beside what is measured; nothing is computed from it."""


def benchmark(plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """Run the protocols, write `benchmark.json` to the output and to the workspace's `runs`, and return it.

    What a run came to is kept in the output's `runs`: a benchmark that was killed goes on with the run it was at, to
    the same bytes. Raises `CurateError` for datasets that cannot be read, or do not share their classes.
    """
    packages.require(packages.TRAINING)
    say(
        f"comparing {plan.raw} with what becomes of it and {plan.extra}: {plan.seeds} runs of each model, weights "
        f"{plan.weights}; results go to {plan.output}"
    )
    plan = located(plan, say)
    workspace = audited(plan, say)
    material = gather(plan, workspace, say)
    say(f"about {_minutes(seconds(plan, material))} on this machine, less what an earlier sitting has done")
    bank = Bank(plan.weights, material.classes, plan.output / "runs", fine_tune=plan.fine_tune)
    result = {
        "weights": plan.weights,
        "seeds": plan.seeds,
        "per_class": plan.per_class,
        "limit": plan.limit,
        "classes": material.classes,
        "raw": str(plan.raw),
        "extra": str(plan.extra),
        "decisions": material.decisions,
        "images": {name: len(getattr(material, name)) for name in ("raw", "kept", "extension", "faces")},
        "table1": _class_summary(workspace, material.drawn),
        "recipes": {
            config.name: asdict(tuned(config) if plan.fine_tune else config) for config in (REFERENCE, PROPOSED)
        },
        "published": tomllib.loads(PUBLISHED.read_text(encoding="utf-8")),
        "published_protocol": published_protocol(plan, material, bank, say),
        "controlled_protocol": controlled_protocol(plan, material, bank, say),
        "learning_curves": learning_curves(plan, material, bank, say),
        "full_protocol": full_protocol(plan, material, bank, say) if plan.full else None,
    }
    write_json(result, plan.output / "benchmark.json")
    workspace.runs.mkdir(exist_ok=True)
    write_json(result, workspace.runs / "benchmark.json")
    return result


def _class_summary(workspace: Workspace, drawn: Collection[str]) -> list[dict[str, Any]]:
    """Count Table 1 of the images that were drawn from a workspace, a row per class."""
    images, findings = workspace.read_images(), workspace.read_findings()
    rulings = summary.rulings_of(workspace, images, findings)
    images, findings = (table[table["path"].isin(drawn)] for table in (images, findings))
    table = summary.class_summary(images, findings, rulings).reset_index(names="label")
    return list(json.loads(table.to_json(orient="records")))


def _minutes(duration_s: float) -> str:
    minutes = round(duration_s / 60)
    return f"{minutes:,} minutes" if minutes > 1 else "a minute"
