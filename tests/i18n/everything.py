"""A workspace in which everything occurs: a finding of every installed kind, every outcome, all parts of the report."""

import itertools
import json
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

import curate
from curate.auditing.judge import DatasetProperty
from curate.auditing.shortcuts import TITLES
from curate.config import Config
from curate.duplicates import kinds as duplicates
from curate.findings import Finding, KindSpec
from curate.i18n import Message, msg
from curate.reports import benchmark_further as further
from curate.reviewing.bulk import Selection, decide
from curate.reviewing.store import Store
from curate.scanners import kinds
from curate.schema import FINDINGS, IMAGES, Action, Category, Role, Severity
from curate.storage.atomic import write_json
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.i18n.sources import ROOT

CLASSES, SPLITS = ("cats", "dogs"), ("train", "test")
FOREIGN = {"kind": "glare", "title": "Glare"}
"""A kind whose scanner is not installed."""
VALUES: Mapping[str, Any] = {"values": ["cats", "dogs"], "transform": Message("mirrored"), "close": msg("image data")}


def make(root: Path) -> Workspace:
    """Audit drawn images, put a finding of every kind in place of what was found, and decide some of them."""
    source = root / "source"
    specs = [kind for kind in kinds().values() if kind.category is not Category.DUPLICATE]
    for number in range(len(specs) + len(duplicates.ALL) + 12):
        folder = source / SPLITS[number % 2] / CLASSES[number // 2 % 2]
        sample_images.save(sample_images.photo(number, 120, 90), folder / f"{number:03}.jpg")
    _camera(source / "train" / "cats" / "000.jpg")
    (source / "train" / "cats" / "notes.txt").write_text("-", encoding="utf-8")
    (source / "train" / "cats" / ".hidden").write_text("-", encoding="utf-8")
    curate.audit(source, root / "ws", configuration=Config(profile="faces"))
    workspace = Workspace(root / "ws")
    images = workspace.read_images()
    findings = _table(specs, images)
    write_table(findings, FINDINGS, workspace.findings)
    with Store(workspace.review) as store:
        store.queue.sync(findings, images)
    _facts(workspace)
    _decide(workspace, images)
    return workspace


def _camera(path: Path) -> None:
    """Write what a camera writes beside the pixels."""
    with Image.open(path) as image:
        exif = image.getexif()
        exif[271], exif[272], exif[274] = "Acme", "X-1", 1
        image.save(path, exif=exif, quality=92)


def _table(specs: list[KindSpec], images: pd.DataFrame) -> pd.DataFrame:
    paths = iter(images["path"])
    labels = dict(zip(images["path"], images["label"], strict=True))
    findings = [*_single(specs, paths), *_group(paths)]
    rows = [
        {
            "finding_id": finding.finding_id("test"),
            "category": str(finding.kind.category),
            "kind": finding.kind.name,
            "path": finding.path,
            "label": labels[finding.path],
            "group_id": finding.group_id,
            "role": str(finding.role),
            "score": finding.score,
            "severity": str(finding.severity),
            "reason": finding.reason,
            "suggestion": str(finding.suggestion),
            "evidence": json.dumps(finding.evidence),
            "scanner": "test",
            "scanner_version": 1,
            "message": finding.message.to_json(),
        }
        for finding in findings
    ]
    rows.append(rows[0] | {**_stranger(), "path": next(paths), "finding_id": "stranger"})
    return pd.DataFrame(rows, columns=FINDINGS.names, dtype=object).astype({"score": "float64"})


def _stranger() -> dict[str, Any]:
    message = msg("Reflexo {share:.0%}.", share=0.5)  # its own package would translate it
    return {
        "kind": FOREIGN["kind"],
        "category": "unsuitable",
        "severity": "warning",
        "reason": str(message),
        "message": message.to_json(),
    }


def _single(specs: list[KindSpec], paths: Iterator[str]) -> Iterator[Finding]:
    box = {"what": "face", "left": 5, "top": 5, "width": 20, "height": 20}
    for kind in specs:
        yield Finding(kind=kind, path=next(paths), score=0.9, message=_reason(kind), evidence={"boxes": [box]})


def _group(paths: Iterator[str]) -> Iterator[Finding]:
    """A group of copies, each related to the keeper in another way, and one that is right across classes and splits."""
    keeper = next(paths)
    yield Finding(
        kind=duplicates.RESIZED,
        path=keeper,
        score=0.0,
        message=msg("Suggested to stay: the sharpest of {count} copies.", count=10),
        role=Role.KEEPER,
        group_id=keeper,
    )
    for kind in duplicates.ALL:
        path = next(paths)
        yield Finding(
            kind=kind, path=path, score=0.9, message=_reason(kind), role=Role.COPY, group_id=keeper, key=(path, keeper)
        )


def _reason(kind: KindSpec) -> Message:
    """The kind's own message with any values; where scanners make several, what the kind means has to do."""
    text = kind.message or kind.meaning
    names = {name: spec for _, name, spec, _ in string.Formatter().parse(text) if name is not None}
    return Message(text, {name: VALUES.get(name, 1234.5 if spec else "1234") for name, spec in names.items()})


def _facts(workspace: Workspace) -> None:
    facts = workspace.read_audit()
    message = msg(
        "{title}: {count:,} of {images:,} images ({share:.0%}). That is a property of this dataset, so none of them "
        "is queued for it.",
        title=Message(kinds()["dark"].title),
        count=30,
        images=40,
        share=0.75,
    )
    facts["prevalent"] = [DatasetProperty("dark", "unsuitable", 30, 0.75, message).to_json()]
    facts["spurious"] = [{"trait": trait, "accuracy": 0.95, "chance": 0.5} for trait in (*TITLES, "list.camera")]
    facts["audited_at"] = "2026-11-25T12:00:00+00:00"
    write_json(facts, workspace.audit)
    workspace.runs.mkdir(exist_ok=True)
    write_json(benchmark(), workspace.runs / "benchmark.json")


def benchmark() -> dict[str, Any]:
    """What `curate benchmark` leaves, with the same numbers everywhere."""
    published = tomllib.loads((ROOT / "train" / "study" / "published.toml").read_text(encoding="utf-8"))
    figures = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    interval = {"mean": 0.75, "half_width": 0.01}
    model = {
        "epochs": [dict.fromkeys(figures, 0.5 + epoch / 10) for epoch in range(3)],
        "accuracy": interval,
        "mean_over_epochs": {"train_accuracy": 0.75, "test_accuracy": 0.75},
    }
    test = {"accuracy": interval, "macro_f1": interval, "confusion": [[3, 1], [0, 4]]}
    again = {**model, "leak": dict.fromkeys(("seen_share", "seen", "unseen"), interval)}
    again["mean_over_epochs"] = {"train_accuracy": 0.95, "test_accuracy": 0.85}
    tests = ("raw", "approved", "faces")
    arms = ("reference", "random removal", "cleaned", "+ extension", "+ balance", "proposed (+ shrinking)")
    better, worse = (
        {"difference": sign * 0.02, "low": sign * 0.02 - 0.01, "high": sign * 0.02 + 0.01} for sign in (1, -1)
    )
    same = {"difference": 0.01, "low": -0.02, "high": 0.04}
    return {
        "weights": "w",
        "seeds": 2,
        "classes": list(CLASSES),
        "decisions": "the scanners' advice, followed without a person",
        "images": {"raw": 1, "kept": 2, "extension": 3, "faces": 4},
        "table1": [
            {"label": label, "corrupted_flagged": 1, "duplicate_flagged": 2, "unsuitable_flagged": 3}
            for label in ("Angry", "Total")
        ],
        "published": published,
        "published_protocol": {"reference": model, "proposed": model, "again": again},
        "controlled_protocol": {
            "tests": dict.fromkeys(tests, 8),
            "arms": {arm: {"trained_on": 8, **dict.fromkeys(tests, test)} for arm in arms},
            "differences": [
                {"before": before, "after": after, "raw": better, "approved": same, "faces": worse}
                for before, after in (
                    ("random removal", "cleaned"),
                    ("reference", "cleaned"),
                    ("+ balance", "proposed (+ shrinking)"),
                )
            ],
        },
        "learning_curves": {
            "shares": [0.25, 0.5, 0.75, 1.0],
            "arms": {
                "reference": {"trained_on": [2, 4, 6, 8], "raw": _grown(0.95), "faces": _grown(1.05)},
                "proposed (+ shrinking)": {"trained_on": [2, 4, 6, 8], "faces": _grown(None)},
            },
        },
        "full_protocol": {
            "recipe": {"preprocessing": {"input_px": 112}},
            "epochs": [],
            "tests": {**dict.fromkeys(tests, 8), "extension": 9},
            "steps": [
                {
                    "name": name,
                    "trained_on": 1234,
                    **{test: {"accuracy": 0.75, "low": 0.5, "high": 0.875} for test in (*tests, "extension")},
                }
                for name in further.STEPS
            ],
            "differences": [
                {"before": before, "after": after, "raw": better, "approved": same, "faces": worse, "extension": same}
                for names in [list(further.STEPS)]
                for before, after in (*itertools.pairwise(names), (names[0], names[-1]))
            ],
        },
    }


def _grown(high: float | None) -> dict[str, Any]:
    """A learning curve that an interval up to `high` goes with; its first class is shown to gain, its second is not."""
    accuracy = [0.25, 0.5, 0.6, 0.75]
    left = None if high is None else {"value": 0.9, "low": 0.8, "high": high}
    gains = {"accuracy": accuracy, "left": {"value": 0.7, "low": 0.6, "high": 0.8}}
    unknown = {"accuracy": None, "left": None}
    return {
        "all": {"accuracy": accuracy, "left": left},
        "classes": dict(zip(CLASSES, (gains, {**gains, "left": left}, *[unknown] * len(CLASSES)), strict=False)),
    }


def _decide(workspace: Workspace, images: pd.DataFrame) -> None:
    """One decision of every sort, one taken back, and one about bytes that have changed since."""
    root = workspace.root
    decide(root, Selection(kinds=("blurry",)), Action.DROP, reviewer="ana", note="x")
    decide(root, Selection(kinds=("dark",)), Action.KEEP, reviewer="ana")
    decide(root, Selection(kinds=("bright",)), Action.RELABEL, reviewer="rui", new_label="dogs")
    decide(root, Selection(kinds=("drawing",)), Action.DEFER, reviewer="rui")
    decide(root, Selection(kinds=("odd_size",)), Action.DROP, reviewer="rui")
    decide(root, Selection(kinds=("no_face",)), Action.DROP, reviewer="ana")
    with Store(workspace.review) as store:
        store.log.undo(reviewer="ana", now="2026-11-25T12:00:00Z")
    findings = workspace.read_findings()
    (changed,) = findings.loc[findings["kind"] == "odd_size", "path"]
    other = images.assign(sha256=images["sha256"].where(images["path"] != changed, "f" * 64))
    write_table(other, IMAGES, workspace.images)
    with Store(workspace.review) as store:
        store.queue.sync(findings, other)


def queued() -> list[KindSpec]:
    """The kinds that the queue shows: what merely informs is only in the report."""
    return [kind for kind in kinds().values() if kind.severity is not Severity.INFO]
