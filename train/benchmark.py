"""Before and after, twice over: as the study compared, and as a comparison should be made.

The *published protocol* gives each model a test set of its own: the reference a random part of the raw pictures,
the proposed one a random part of the cleaned, extended and shrunk ones. The *controlled protocol* sets test
pictures aside first, whole duplicate groups at a time, and asks both models about the same ones: raw web
pictures, and faces from the extension. What differs between the two is owed to the easier test set.
"""

import json
import random
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import curate
from curate import manifests
from curate.config import Config, Profile
from curate.errors import ConfigError
from curate.schema import Role, Status
from curate.workspace import Workspace, write_json
from train import data, loop, statistics
from train.data import Look, Sample
from train.loop import PROPOSED, REFERENCE, Labelled, Recipe

PUBLISHED = Path(__file__).with_name("published.toml")
"""What the study printed, shown beside what is measured; nothing is computed from it."""
FACE = Look(shrink_px=48, grey=True)
TEST_SHARE = 0.2
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to compare. `workspace` holds the decisions about `raw`; without one the scanners' advice is followed."""

    raw: Path
    extra: Path
    output: Path
    workspace: Path | None = None
    weights: str = "lite0"
    seeds: int = 5
    per_class: int = 240
    limit: int | None = None
    profile: Profile = "general"


@dataclass(frozen=True, slots=True)
class Material:
    """The pictures: all raw ones, those that were kept, and the extension's, by what they are used for."""

    classes: list[str]
    raw: list[Sample]
    kept: list[Sample]
    extension: list[Sample]
    faces: list[Sample]
    advised: bool


def benchmark(plan: Plan, say: Say = lambda _: None) -> dict[str, Any]:
    """Run everything and write `benchmark.json` to the output and to the workspace's `runs`; returns it."""
    place = _workspace(plan, say)
    material = _material(plan, place, say)
    bank = _Bank(plan.weights, material.classes, say)
    published = _published_protocol(plan, material, bank, say)
    controlled = _controlled_protocol(plan, material, bank, say)
    result = {
        "weights": plan.weights,
        "seeds": plan.seeds,
        "classes": material.classes,
        "raw": str(plan.raw),
        "extra": str(plan.extra),
        "decisions": "the scanners' advice, followed without a person" if material.advised else "a person's",
        "pictures": {name: len(getattr(material, name)) for name in ("raw", "kept", "extension", "faces")},
        "table1": _table1(place),
        "recipes": {recipe.name: asdict(recipe) for recipe in (REFERENCE, PROPOSED)},
        "published": tomllib.loads(PUBLISHED.read_text(encoding="utf-8")),
        "published_protocol": published,
        "controlled_protocol": controlled,
    }
    plan.output.mkdir(parents=True, exist_ok=True)
    write_json(result, plan.output / "benchmark.json")
    (place.root / "runs").mkdir(exist_ok=True)
    write_json(result, place.root / "runs" / "benchmark.json")
    return result


def _workspace(plan: Plan, say: Say) -> Workspace:
    if plan.workspace is not None:
        return Workspace(plan.workspace)
    say(f"auditing {plan.raw}")
    plan.output.mkdir(parents=True, exist_ok=True)
    curate.audit(plan.raw, plan.output / "workspace", configuration=Config(profile=plan.profile))
    return Workspace(plan.output / "workspace")


def _material(plan: Plan, place: Workspace, say: Say) -> Material:
    images, findings = place.read_images(), place.read_findings()
    root = Path(place.read_audit()["root"])
    kept, advised = _kept(place, images, findings)
    raw = _samples(images[images["status"] != Status.ERROR], findings, root)
    raw = _limited(raw, plan.limit)
    classes = sorted({sample.label for sample in raw})
    if len(classes) < 2:
        raise ConfigError(f"{plan.raw}: a comparison needs at least two classes")
    say(f"auditing {plan.extra}, and looking for copies of {plan.raw} in it")
    curate.audit(plan.extra, plan.output / "extra")
    extension, faces = _extension(plan, place, classes)
    return Material(
        classes,
        raw,
        [sample for sample in raw if sample.path in kept],
        extension,
        faces,
        advised,
    )


def _kept(place: Workspace, images: pd.DataFrame, findings: pd.DataFrame) -> tuple[set[Path], bool]:
    """The pictures that stay, by decisions where all are made, else by advice; relabelled ones are left out."""
    with tempfile.TemporaryDirectory() as folder:
        table = manifests.manifest(place.root, Path(folder) / "manifest.parquet", pending="keep")
    waiting = curate.status(place.root).verdicts["pending"]
    gone = set(table.loc[table["action"] == "drop", "path"])
    if waiting:
        advice = findings[(findings["suggestion"] == "drop") & (findings["severity"] != "info")]
        gone |= set(advice["path"])
    root = Path(place.read_audit()["root"])
    return {root / path for path in images["path"] if path not in gone}, bool(waiting)


def _samples(images: pd.DataFrame, findings: pd.DataFrame, root: Path) -> list[Sample]:
    members = findings[findings["group_id"].notna()]
    group_of = dict(zip(members["path"], members["group_id"], strict=True))
    rows = images[images["label"].notna()].sort_values("path")
    return [
        Sample(root / path, str(label).lower(), group_of.get(path, path))
        for path, label in zip(rows["path"], rows["label"], strict=True)
    ]


def _limited(samples: Sequence[Sample], limit: int | None) -> list[Sample]:
    """At most so many of each class, the same ones each time."""
    if limit is None:
        return list(samples)
    return [sample for label in sorted({s.label for s in samples}) for sample in _draw(samples, label, limit, seed=0)]


def _draw(samples: Sequence[Sample], label: str, count: int, seed: int) -> list[Sample]:
    pool = [sample for sample in samples if sample.label == label]
    random.Random(seed).shuffle(pool)  # noqa: S311
    return sorted(pool[:count], key=lambda sample: str(sample.path))


def _extension(plan: Plan, place: Workspace, classes: Sequence[str]) -> tuple[list[Sample], list[Sample]]:
    """Pictures of the extension to train on and to test on: no copies of one another, nor of a raw picture."""
    extra = Workspace(plan.output / "extra")
    images, findings = extra.read_images(), extra.read_findings()
    spoilt = set(findings.loc[findings["role"] == Role.COPY, "path"])
    spoilt |= set(findings.loc[findings["kind"] == "label_conflict", "path"])
    spoilt |= set(findings.loc[findings["severity"] != "info", "path"]) & set(
        findings.loc[findings["category"] != "duplicate", "path"]
    )
    spoilt |= set(curate.compare(place.root, extra.root)["path"])
    good = images[(images["status"] == Status.OK) & ~images["path"].isin(spoilt)]
    root = Path(extra.read_audit()["root"])
    samples = [sample for sample in _samples(good, findings, root) if sample.label in classes]
    missing = set(classes) - {sample.label for sample in samples}
    if missing:
        raise ConfigError(
            f"{plan.extra} has no pictures of {', '.join(sorted(missing))}; it must have the same classes"
        )
    split = dict(zip((root / path for path in images["path"]), images["split"], strict=True))
    if any(split[sample.path] == "test" for sample in samples):
        train = [sample for sample in samples if split[sample.path] != "test"]
        test = [sample for sample in samples if split[sample.path] == "test"]
    else:
        train, test = data.split(samples, TEST_SHARE, seed=0)
    count = min(plan.per_class, *(sum(sample.label == label for sample in test) for label in classes))
    return train, [sample for label in classes for sample in _draw(test, label, count, seed=1)]


class _Bank:
    """The trunk's activations of every picture asked for, each computed once per look."""

    def __init__(self, weights: str, classes: list[str], say: Say) -> None:
        self.weights, self.classes, self.say = weights, classes, say
        self._trunk = loop.fresh(weights, classes, seed=0).weighted
        self._rows: dict[Look, dict[Path, Any]] = {}

    def examples(self, samples: Sequence[Sample], look: Look) -> Labelled:
        """Activations and class numbers of these pictures."""
        import torch

        rows = self._rows.setdefault(look, {})
        new = [sample for sample in samples if sample.path not in rows]
        for start in range(0, len(new), 128):
            part = new[start : start + 128]
            found = loop.labelled(self._trunk, data.load(part, look), [0] * len(part))
            rows.update({sample.path: found.inputs[index] for index, sample in enumerate(part)})
        targets = [self.classes.index(sample.label) for sample in samples]
        return Labelled(torch.stack([rows[sample.path] for sample in samples]), torch.tensor(targets))

    def run(
        self, recipe: Recipe, train: Sequence[Sample], tests: dict[str, Sequence[Sample]], seed: int
    ) -> tuple[list[dict[str, float]], dict[str, Any]]:
        """Train once; the history on the first test set, and the answers to all of them."""
        fitted = loop.fresh(self.weights, self.classes, seed)
        material = {name: self.examples(samples, recipe.look) for name, samples in tests.items()}
        history = [
            {figure: value for figure, value in asdict(epoch).items() if value is not None}
            for epoch in loop.fit(
                fitted, self.examples(train, recipe.look), next(iter(material.values())), recipe, seed=seed
            )
        ]
        answers = {name: loop.scores(fitted, examples).argmax(axis=1) for name, examples in material.items()}
        return history, answers


def _built(kept: Sequence[Sample], extension: Sequence[Sample], plan: Plan, seed: int) -> list[Sample]:
    """Balanced: of each class at most so many kept pictures, filled from the extension."""
    built: list[Sample] = []
    for label in sorted({sample.label for sample in [*kept, *extension]}):
        own = _draw(kept, label, plan.per_class, seed)
        built += own + _draw(extension, label, plan.per_class - len(own), seed)
    return built


def _published_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """Each model on a random split of its own pictures, copies parted as chance will, as in the study."""
    runs: dict[str, list[Any]] = {"reference": [], "proposed": []}
    for seed in range(plan.seeds):
        say(f"published protocol, seed {seed + 1} of {plan.seeds}")
        built = _built(material.kept, material.extension, plan, seed)
        for recipe, pictures in ((REFERENCE, material.raw), (PROPOSED, built)):
            alone = [Sample(sample.path, sample.label, str(sample.path)) for sample in pictures]
            train, test = data.split(alone, TEST_SHARE, seed)
            history, answers = bank.run(recipe, train, {"own": test}, seed)
            runs[recipe.name].append((history, _truth(test, material), answers["own"]))
    return {
        name: {
            "epochs": _mean_epochs([history for history, _, _ in found]),
            **_summary([(truth, answers) for _, truth, answers in found], material),
            "mean_over_epochs": {
                figure: float(np.mean([[epoch[figure] for epoch in history] for history, _, _ in found]))
                for figure in ("train_accuracy", "test_accuracy")
            },
        }
        for name, found in runs.items()
    }


def _controlled_protocol(plan: Plan, material: Material, bank: _Bank, say: Say) -> dict[str, Any]:
    """The same test pictures for all: raw ones set aside by group before cleaning, and the extension's faces."""
    rest, test = data.split(material.raw, TEST_SHARE, seed=0)
    tests: dict[str, Sequence[Sample]] = {"raw": test, "faces": material.faces}
    free = {sample.path for sample in rest}
    kept = [sample for sample in material.kept if sample.path in free]
    shrunk = Recipe(name="proposed", epochs=PROPOSED.epochs, look=FACE)
    whole = Recipe(name="whole", epochs=PROPOSED.epochs)
    arms: dict[str, tuple[Recipe, Callable[[int], list[Sample]]]] = {
        "reference": (REFERENCE, lambda _: rest),
        "cleaned": (REFERENCE, lambda _: kept),
        "+ extension": (whole, lambda seed: kept + _extended(kept, material.extension, plan, seed)),
        "+ balance": (whole, lambda seed: _built(kept, material.extension, plan, seed)),
        "proposed (+ shrinking)": (shrunk, lambda seed: _built(kept, material.extension, plan, seed)),
    }
    answers: dict[str, dict[str, list[Any]]] = {arm: {name: [] for name in tests} for arm in arms}
    counts: dict[str, int] = {}
    for arm, (recipe, chosen) in arms.items():
        for seed in range(plan.seeds):
            say(f"controlled protocol, {arm}, seed {seed + 1} of {plan.seeds}")
            train = chosen(seed)
            counts[arm] = len(train)
            for name, given in bank.run(recipe, train, tests, seed)[1].items():
                answers[arm][name].append(given)
    truth = {name: _truth(samples, material) for name, samples in tests.items()}
    last = "proposed (+ shrinking)"
    return {
        "tests": {name: len(samples) for name, samples in tests.items()},
        "arms": {
            arm: {
                "trained_on": counts[arm],
                **{name: _summary([(truth[name], given) for given in found[name]], material) for name in tests},
            }
            for arm, found in answers.items()
        },
        "difference": {
            name: statistics.paired_bootstrap(
                np.array([given == truth[name] for given in answers["reference"][name]]),
                np.array([given == truth[name] for given in answers[last][name]]),
                seed=0,
            )
            for name in tests
        },
    }


def _extended(kept: Sequence[Sample], extension: Sequence[Sample], plan: Plan, seed: int) -> list[Sample]:
    """The same number of extension pictures for every class: more, but not balanced."""
    labels = sorted({sample.label for sample in kept})
    short = [plan.per_class - sum(sample.label == label for sample in kept) for label in labels]
    return [sample for label in labels for sample in _draw(extension, label, max(0, *short), seed)]


def _truth(samples: Sequence[Sample], material: Material) -> Any:
    return np.array([material.classes.index(sample.label) for sample in samples], dtype=np.int64)


def _mean_epochs(histories: Sequence[Sequence[dict[str, float]]]) -> list[dict[str, float]]:
    return [
        {figure: float(np.mean([epoch[figure] for epoch in epochs])) for figure in epochs[0]}
        for epochs in zip(*histories, strict=True)
    ]


def _summary(found: Sequence[tuple[Any, Any]], material: Material) -> dict[str, Any]:
    """Accuracy and macro-F1 over seeds, and the confusions of all seeds added up."""
    classes = len(material.classes)
    tables = [statistics.confusion(truth, given, classes) for truth, given in found]
    return {
        "accuracy": statistics.mean_interval([float((truth == given).mean()) for truth, given in found]),
        "macro_f1": statistics.mean_interval([statistics.macro_f1(truth, given, classes) for truth, given in found]),
        "confusion": np.sum(tables, axis=0).tolist(),
    }


def _table1(place: Workspace) -> list[dict[str, Any]]:
    rows = json.loads(curate.status(place.root).table1.reset_index(names="label").to_json(orient="records"))
    return list(rows)
