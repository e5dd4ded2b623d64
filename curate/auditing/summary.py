"""Table 1 and the state of the review: pure arithmetic on tables, and `status`, which reads them."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from curate.auditing.judge import DatasetProperty
from curate.auditing.shortcuts import Guess
from curate.errors import path_of
from curate.i18n import N_, Message, msg
from curate.reviewing.fold import Ruling, fold, rule, spared
from curate.reviewing.queue import ReviewProgress
from curate.reviewing.store import Store
from curate.schema import LABEL_CONFLICT, Category, Role, Severity, Verdict
from curate.shell import typed
from curate.storage.names import printable
from curate.storage.workspace import Workspace

UNLABELLED = N_("(no class)")
TOTAL = N_("Total")
OTHER_QUEUE = N_(
    "The queue is not of the findings of the last audit, as when an older review.sqlite was put back; fill it with: "
    "{again}"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WorkspaceStatus:
    """Where a workspace stands.

    `class_summary` (Table 1) has a row per class and, last, a total; its columns are `images`, then
    `CATEGORY_flagged` and `CATEGORY_confirmed`. `stale` and `spared` are paths: of images that were written since
    they were decided, and of those that stay as they are since nothing flags them any more.
    """

    class_summary: pd.DataFrame
    progress: ReviewProgress
    verdicts: dict[str, int]
    stale: list[str]
    spared: list[str]
    prevalent: list[DatasetProperty]
    notes: list[Message]
    skipped: int
    spurious: list[Guess]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return {
            "class_summary": self.class_summary.reset_index().to_dict("records"),
            "queue": {
                "items": self.progress.items,
                "items_done": self.progress.items_done,
                "images": self.progress.images,
                "images_done": self.progress.images_done,
            },
            "verdicts": self.verdicts,
            "stale": self.stale,
            "spared": self.spared,
            "prevalent": [item.reason for item in self.prevalent],
            "notes": [str(note) for note in self.notes],
            "skipped": self.skipped,
            "spurious": [asdict(guess) for guess in self.spurious],
        }

    def __repr__(self) -> str:
        return f"<WorkspaceStatus: {self._come_far()}>"

    def _repr_html_(self) -> str:
        table = self.class_summary.rename(index=lambda label: printable(str(label)))
        return f"<p>{self._come_far()}</p>{table.to_html(border=0)}"

    def _come_far(self) -> str:
        return f"{self.progress.images_done:,} of {self.progress.images:,} flagged images decided"


def status(workspace: str | Path) -> WorkspaceStatus:
    """Read Table 1, the progress of the review, and what else a person should know.

    >>> curate.status("ws").class_summary[["images", "duplicate_flagged"]].to_dict("index")["dogs"]
    {'images': 5, 'duplicate_flagged': 1}
    """
    ws = Workspace(path_of("workspace", workspace))
    return status_of(ws, ws.read_images(OF_STATUS), ws.read_findings())


OF_STATUS = ("path", "label", "sha256")
"""What `status_of` reads of an image table."""


def status_of(workspace: Workspace, images: pd.DataFrame, findings: pd.DataFrame) -> WorkspaceStatus:
    """Return what `status` does, for a workspace whose tables have been read already."""
    facts = workspace.read_audit()
    with Store(workspace.review) as store:
        progress = store.queue.progress()
        folded = fold(store.log.decisions())
        other = (
            [] if store.queue.is_of(findings) else [msg(OTHER_QUEUE, again=typed("curate", "judge", workspace.root))]
        )
    rulings = rule(findings, images, folded)
    verdicts = pd.Series([str(ruling.verdict) for ruling in rulings.values()], dtype=object).value_counts()
    counts = {str(verdict): int(verdicts.get(str(verdict), 0)) for verdict in Verdict}
    counts[Verdict.KEEP] += len(images) - len(rulings)
    return WorkspaceStatus(
        class_summary=class_summary(images, findings, rulings),
        progress=progress,
        verdicts=counts,
        stale=sorted(path for path, ruling in rulings.items() if ruling.stale),
        spared=spared(findings, images, folded, rulings),
        prevalent=[DatasetProperty.from_json(item) for item in facts.get("prevalent", [])],
        notes=[*other, *(Message.from_json(note) for name in ("notes", "remarks") for note in facts.get(name, []))],
        skipped=len(facts.get("skipped", [])),
        spurious=[Guess(**item) for item in facts.get("spurious", [])],
    )


def rulings_of(workspace: Workspace, images: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Ruling]:
    """Return what has been decided about each image by path, from the log of the workspace."""
    with Store(workspace.review) as store:
        log = store.log.decisions()
    return rule(findings, images, fold(log))


def flagged(findings: pd.DataFrame) -> pd.DataFrame:
    """Select the findings that ask for a decision: not merely informative, and not about a keeper."""
    return findings[(findings["severity"] != Severity.INFO) & (findings["role"] != Role.KEEPER)]


def first_category(findings: pd.DataFrame) -> dict[str, Category]:
    """Find the category in which Table 1 counts each flagged image: its first, in the order of `Category`.

    Keepers are not counted: a duplicate group of three has two redundant copies. A finding that merely
    informs does not count either.
    """
    counted = flagged(findings)
    order = list(Category)
    first: dict[str, Category] = {}
    for path, name in zip(counted["path"], counted["category"], strict=True):
        category = Category(name)
        if path not in first or order.index(category) < order.index(first[path]):
            first[path] = category
    return first


def class_summary(images: pd.DataFrame, findings: pd.DataFrame, rulings: Mapping[str, Ruling]) -> pd.DataFrame:
    """Count per class the images flagged and confirmed by review in each category; every image once.

    Confirmed is an image that was dropped; one that got another class only where the class is what was flagged: a
    blurred image that moves stays in the dataset, blurred. The last row holds the sums
    (`Total`, unless a class is called so).
    """
    classes = [label for label in images["label"].unique() if label is not None]
    unlabelled, total = _free_name(UNLABELLED, classes), _free_name(TOTAL, classes)
    labels = images["label"].map(lambda label: unlabelled if label is None else label)
    label_of = dict(zip(images["path"], labels, strict=True))
    columns = [
        "images",
        *(f"{category}_{what}" for category in Category for what in ("flagged", "confirmed")),
    ]
    table = pd.DataFrame(0, index=pd.Index(sorted(set(labels)), name="label"), columns=columns, dtype="int64")
    table["images"] = labels.value_counts().reindex(table.index)
    counts: Counter[tuple[str, str]] = Counter()
    misplaced = _misplaced(findings)
    for path, category in first_category(findings).items():
        counts[label_of[path], f"{category}_flagged"] += 1
        verdict = rulings[path].verdict if path in rulings else None
        if verdict is Verdict.DROP or (verdict is Verdict.RELABEL and (path, category) in misplaced):
            counts[label_of[path], f"{category}_confirmed"] += 1
    for (label, column), count in counts.items():
        table.loc[label, column] = count
    sums = table.sum().rename(total).to_frame().T.rename_axis("label")
    return pd.concat([table, sums]).astype("int64")


def _misplaced(findings: pd.DataFrame) -> frozenset[tuple[str, Category]]:
    """Find the images, each with the category, of which a finding says that they may stand in the wrong class."""
    doubts = findings[(findings["category"] == Category.LABEL) | (findings["kind"] == LABEL_CONFLICT)]
    return frozenset((path, Category(name)) for path, name in zip(doubts["path"], doubts["category"], strict=True))


def _free_name(name: str, classes: Collection[str]) -> str:
    """Choose a name for a row that is no class, told apart from a class that is called the same."""
    while name in classes:
        name = f"{name} *"
    return name


def by_kind(findings: pd.DataFrame) -> pd.DataFrame:
    """Count the images that each kind flags (`category`, `kind`, `images`), the most first."""
    counted = flagged(findings)
    counts = counted.groupby(["category", "kind"])["path"].nunique().rename("images").reset_index()
    return counts.sort_values(["images", "kind"], ascending=[False, True], ignore_index=True)


def worst(findings: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """Choose the worst flagged images, each with its worst finding: errors first, then by score, then by path."""
    counted = flagged(findings)
    ranked = counted.assign(_warning=counted["severity"] != Severity.ERROR).sort_values(
        ["_warning", "score", "path", "kind"], ascending=[True, False, True, True], kind="stable"
    )
    return ranked.drop_duplicates("path").head(count)[findings.columns].reset_index(drop=True)


def balance(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count images per class in the source (`before`) and by the decisions so far (`after`, undecided included)."""
    known = manifest[["label", "final_label"]].where(manifest[["label", "final_label"]].notna(), UNLABELLED)
    stays = manifest["action"] != Verdict.DROP
    counts = pd.DataFrame(
        {"before": known["label"].value_counts(), "after": known["final_label"][stays].value_counts()}
    )
    return counts.fillna(0).astype("int64").sort_index().rename_axis("label")


def waiting(findings: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Count the undecided images by category and kind, the most first; an image counts under each of its kinds."""
    pending = set(manifest["path"][manifest["action"] == Verdict.PENDING])
    return by_kind(findings[findings["path"].isin(pending)])
