"""What a benchmark is made of: where its images come from, which are kept, and which are set aside.

The raw dataset is audited where nobody has reviewed it; the extension is cleaned of its own duplicates, of duplicates
of raw images, and of whatever the scanners flag.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

import curate
from curate.auditing.summary import rulings_of
from curate.config import Config
from curate.demonstration import dataset
from curate.errors import ConfigError
from curate.options import Profile
from curate.schema import Category, DecodeStatus, Role, Severity, Verdict
from curate.sources import kaggle, open_source
from curate.sources.address import on_this_machine, url
from curate.storage.atomic import atomic_folder
from curate.storage.workspace import Workspace
from curate.train import contents, listing, parts
from curate.train.data import Sample
from curate.train.study import EXTRA, RAW

TEST_SHARE = 0.2
BY_A_PERSON = "a person's"
BY_ADVICE = "the scanners' advice, followed without a person"
BY_BOTH = "a person's, and the scanners' advice on what nobody has decided"
"""Whose decisions a benchmark follows."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to compare: two datasets of the same classes, in any form that an audit takes, or `kaggle:OWNER/DATASET`.

    `workspace` holds the decisions about `raw`; where it has none, the scanners' advice is followed. `limit` is the
    largest number of raw images of every class, or of each that it names. `full` asks for the full protocol as well,
    `fine_tune` for whole networks in every arm.
    """

    output: Path
    raw: str | Path = RAW
    extra: str | Path = EXTRA
    workspace: Path | None = None
    weights: str = "lite0"
    seeds: int = 5
    per_class: int = 240
    limit: int | Mapping[str, int] | None = None
    profile: Profile = "faces"
    full: bool = False
    fine_tune: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """The images: all raw ones, those that were kept, and the extension's, by what they are used for.

    `drawn` are the paths of the raw ones, of those too that cannot be read. `extension` may be trained on, `held_out`
    is all the rest of it, of which `faces` are as many of each class. `decisions` says who chose what is kept.
    """

    classes: list[str]
    raw: list[Sample]
    kept: list[Sample]
    extension: list[Sample]
    faces: list[Sample]
    held_out: list[Sample]
    decisions: str
    drawn: frozenset[str] = frozenset()


def demonstration(output: Path, each: int = 100) -> tuple[Path, Path]:
    """Draw the raw dataset of the demo and an extension of small grey portraits, `each` of every class."""
    on_this_machine(output, "a benchmark")
    raw, extra = output / "drawn" / "raw", output / "drawn" / "extra"
    if not raw.is_dir():
        with atomic_folder(raw) as drawn:
            dataset.draw(drawn)
    if not extra.is_dir():
        with atomic_folder(extra) as drawn:
            dataset.draw_extension(drawn, each)
    return raw, extra


def located(plan: Plan, say: Say) -> Plan:
    """Put folders, files or URLs into a plan for its names; what stands at Kaggle is downloaded into the output, once.

    Raises `CurateError` for what does not exist or is no source of images, or what Kaggle refuses.
    """
    on_this_machine(plan.output, "a benchmark")
    for name in (plan.raw, plan.extra):
        _refuse_no_source(str(name))  # both, before one is fetched or audited
    return replace(
        plan,
        raw=_located(str(plan.raw), plan.output / "raw", say),
        extra=_located(str(plan.extra), plan.output / "added", say),
    )


def _located(name: str, folder: Path, say: Say) -> str:
    if name.startswith(kaggle.SCHEME):
        if not folder.is_dir():
            say(f"fetching {name}")
            folder.parent.mkdir(parents=True, exist_ok=True)
            kaggle.fetch(name, folder)
        return str(folder)
    return name


def _refuse_no_source(name: str) -> None:
    if name.startswith(kaggle.SCHEME):
        return
    if name and url(name) is None and not Path(name).exists():
        raise ConfigError(f"{name} does not exist; give a folder or ZIP of images, or kaggle:OWNER/DATASET")
    open_source(name)


def audited(plan: Plan, say: Say) -> Workspace:
    """Return the workspace of the raw dataset, audited where none is given.

    Raises `ConfigError` where the one given is of another dataset.
    """
    if plan.workspace is not None:
        workspace = Workspace(plan.workspace)
        source = workspace.read_audit()["source"]
        if source != open_source(plan.raw).address:
            raise ConfigError(f"{plan.workspace} is an audit of {source}, not of {plan.raw}")
        return workspace
    say(f"auditing {plan.raw}")
    curate.audit(plan.raw, plan.output / "workspace", configuration=Config(profile=plan.profile))
    return Workspace(plan.output / "workspace")


def gather(plan: Plan, workspace: Workspace, say: Say) -> Material:
    """Collect all images that the runs draw from.

    Raises `ConfigError` where the two datasets do not share their classes.
    """
    images, findings = workspace.read_images(), workspace.read_findings()
    dropped, decisions = _dropped(workspace, images, findings)
    drawn = limited(_samples(workspace, images, findings), plan.limit)
    unreadable = set(images.loc[images["status"] == DecodeStatus.ERROR, "path"])
    raw = contents.with_prevalent_copies([sample for sample in drawn if sample.path not in unreadable], workspace)
    classes = sorted({sample.label for sample in raw})
    if len(classes) < 2:
        raise ConfigError(f"{plan.raw}: a comparison needs at least two classes")
    say(f"auditing {plan.extra}, and looking for copies of {plan.raw} in it")
    curate.audit(plan.extra, plan.output / "extra")
    extension, faces, held_out = _extension(plan, workspace, classes)
    return Material(
        classes,
        raw,
        [sample for sample in raw if sample.path not in dropped],
        extension,
        faces,
        held_out,
        decisions,
        frozenset(sample.path for sample in drawn),
    )


def _dropped(workspace: Workspace, images: pd.DataFrame, findings: pd.DataFrame) -> tuple[set[str], str]:
    """Return the paths of the images that go, relabelled ones too, and whose decisions these are.

    Where a finding still waits for a decision, the advice of its scanner stands in for one.
    """
    rulings = rulings_of(workspace, images, findings)
    gone = {
        path for path, ruling in rulings.items() if ruling.settled("keep").verdict in {Verdict.DROP, Verdict.RELABEL}
    }
    waiting = {(path, finding_id) for path, ruling in rulings.items() for finding_id in ruling.waiting}
    advice = findings[findings["suggestion"] == Verdict.DROP]
    gone |= {
        path
        for path, finding_id in zip(advice["path"], advice["finding_id"], strict=True)
        if (path, finding_id) in waiting
    }
    if not waiting:
        return gone, BY_A_PERSON
    return gone, BY_BOTH if any(ruling.decisions for ruling in rulings.values()) else BY_ADVICE


def _samples(workspace: Workspace, images: pd.DataFrame, findings: pd.DataFrame) -> list[Sample]:
    """List the images that have a class, which the two datasets may write with other capitals."""
    samples = listing.from_audit(images, findings, workspace.read_audit()["root"])
    return [replace(sample, label=sample.label.lower()) for sample in samples]


def limited(samples: Sequence[Sample], limit: int | Mapping[str, int] | None) -> list[Sample]:
    """Draw at most `limit` samples of each class, the same ones each time.

    Raises `ConfigError` where `limit` names a class that no sample has.
    """
    sizes = Counter(sample.label for sample in samples)
    named = limit if isinstance(limit, Mapping) else dict.fromkeys(sizes, limit or len(samples))
    most = {label.lower(): count for label, count in named.items()}
    unknown = sorted(set(most) - set(sizes))
    if unknown:
        raise ConfigError(f"--limit names {', '.join(unknown)}, and the classes are {', '.join(sorted(sizes))}")
    chosen = [
        sample for label in sorted(sizes) for sample in draw(samples, label, most.get(label, sizes[label]), seed=0)
    ]
    return sorted(chosen, key=lambda sample: sample.address)


def draw(samples: Sequence[Sample], label: str, count: int, seed: int) -> list[Sample]:
    """Draw `count` samples of a class, or all where there are fewer; sorted by address."""
    pool = [sample for sample in samples if sample.label == label]
    random.Random(seed).shuffle(pool)  # noqa: S311
    return sorted(pool[:count], key=lambda sample: sample.address)


def _extension(
    plan: Plan, workspace: Workspace, classes: Sequence[str]
) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """List the extension's images to train on, as many of each class to test on, and all that may be tested on.

    None is a duplicate of another, nor of a raw image.
    """
    extra = Workspace(plan.output / "extra")
    images, findings = extra.read_images(), extra.read_findings()
    spoilt = set(findings.loc[findings["role"] == Role.COPY, "path"])
    spoilt |= set(findings.loc[findings["kind"] == "label_conflict", "path"])
    spoilt |= set(findings.loc[findings["severity"] != Severity.INFO, "path"]) & set(
        findings.loc[findings["category"] != Category.DUPLICATE, "path"]
    )
    spoilt |= set(curate.compare(workspace.root, extra.root)["path"])
    good = images[(images["status"] == DecodeStatus.OK) & ~images["path"].isin(spoilt)]
    samples = [sample for sample in _samples(extra, good, findings) if sample.label in classes]
    samples = _without_copies(contents.with_prevalent_copies(samples, extra))
    missing = set(classes) - {sample.label for sample in samples}
    if missing:
        raise ConfigError(f"{plan.extra} has no images of {', '.join(sorted(missing))}; it must have the same classes")
    split_of = dict(zip(images["path"], images["split"], strict=True))
    test = [sample for sample in samples if split_of[sample.path] == "test"]
    train = [sample for sample in samples if split_of[sample.path] != "test"]
    if not test:
        train, test = parts.split(samples, TEST_SHARE, seed=0)
    count = min(plan.per_class, *(sum(sample.label == label for sample in test) for label in classes))
    return train, [sample for label in classes for sample in draw(test, label, count, seed=1)], test


def _without_copies(samples: Sequence[Sample]) -> list[Sample]:
    """Keep the first of each duplicate group by address, and none of a group whose images have several classes.

    Of a kind of copy that most images are, an audit keeps no findings by which copies would be known.
    """
    first: dict[str, Sample] = {}
    labels: dict[str, set[str]] = {}
    for sample in sorted(samples, key=lambda sample: sample.address):
        first.setdefault(sample.group, sample)
        labels.setdefault(sample.group, set()).add(sample.label)
    return [one for one in samples if first[one.group] == one and len(labels[one.group]) == 1]


def built(kept: Sequence[Sample], extension: Sequence[Sample], plan: Plan, seed: int) -> list[Sample]:
    """Balance: `plan.per_class` images of each class, of kept images as far as they go, then of the extension's."""
    balanced: list[Sample] = []
    for label in sorted({sample.label for sample in [*kept, *extension]}):
        own = draw(kept, label, plan.per_class, seed)
        balanced += own + draw(extension, label, plan.per_class - len(own), seed)
    return balanced


def extended(kept: Sequence[Sample], extension: Sequence[Sample], plan: Plan, seed: int) -> list[Sample]:
    """Draw the same number of extension images for every class: more, but not balanced."""
    labels = sorted({sample.label for sample in kept})
    short = [plan.per_class - sum(sample.label == label for sample in kept) for label in labels]
    return [sample for label in labels for sample in draw(extension, label, max(0, *short), seed)]


def removed_at_random(rest: Sequence[Sample], kept: Sequence[Sample], seed: int) -> list[Sample]:
    """Draw from `rest` as many images of each class as `kept` has: what chance leaves where cleaning leaves `kept`."""
    sizes = Counter(sample.label for sample in kept)
    return [sample for label in sorted(sizes) for sample in draw(rest, label, sizes[label], seed)]
