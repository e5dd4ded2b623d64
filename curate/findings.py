"""What a scanner says: kinds, findings, and the boxes that findings point at.

Invariant: a kind belongs to the scanner that declares it. Nothing outside a scanner lists kinds; Table 1, report,
reviewer, thresholds and `--fail-on` read them from `Kinds`, so that a third party's kind works wherever ours do.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from curate.errors import ConfigError
from curate.i18n import N_, Message
from curate.schema import Action, Category, Role, Severity, Verdict

CATEGORY_TITLES = {
    Category.CORRUPTED: N_("Corrupted"),
    Category.DUPLICATE: N_("Duplicates"),
    Category.UNSUITABLE: N_("Unsuitable"),
    Category.LABEL: N_("Doubtful label"),
}
"""The headings of Table 1."""
SEVERITY_TITLES = {
    Severity.ERROR: N_("Error"),
    Severity.WARNING: N_("Warning"),
    Severity.INFO: N_("Information"),
}
ACTION_TITLES = {
    Action.KEEP: N_("Keep"),
    Action.DROP: N_("Drop"),
    Action.RELABEL: N_("Relabel"),
    Action.DEFER: N_("Later"),
    Action.UNDO: N_("Undo"),
}
"""What people read of a decision: the same word on a button, in the log and in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSpec:
    """A named reason for which an image is flagged.

    `title` is a heading ("Dark"), `meaning` one sentence, `message` the template of the reason that a finding gives;
    all three are English and marked for translation (`i18n.N_`). `severity` holds unless a finding has its own.
    """

    name: str
    category: Category
    title: str
    meaning: str
    message: str = ""
    severity: Severity = Severity.WARNING

    def says(self, **values: Any) -> Message:
        """This kind's own message with its values."""
        return Message(self.message, values)

    def __str__(self) -> str:
        return self.name


class Kinds(Mapping[str, KindSpec]):
    """Kinds by name: categories in the order of Table 1, within one in the order in which they were declared.

    Raises `ConfigError` where two scanners declare one name differently.
    """

    def __init__(self, specs: Iterable[KindSpec]) -> None:
        found: dict[str, KindSpec] = {}
        for spec in specs:
            if found.setdefault(spec.name, spec) != spec:
                raise ConfigError(f"two scanners declare the kind {spec.name!r}, each in its own way; remove one")
        order = list(Category)
        self._specs = {spec.name: spec for spec in sorted(found.values(), key=lambda spec: order.index(spec.category))}

    def __getitem__(self, name: str) -> KindSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def described(self, name: str, category: str) -> KindSpec:
        """The kind of a stored finding; where its scanner is no longer installed, its name has to do as its title."""
        known = self._specs.get(name)
        return known or KindSpec(name=name, category=Category(category), title=self.title(name), meaning="")

    def title(self, name: str) -> str:
        """Return the English title of a kind, made of its name where its scanner is no longer installed."""
        return self._specs[name].title if name in self._specs else name.replace("_", " ").capitalize()

    def rank(self, name: str) -> tuple[int, str]:
        """Sorts kinds as they are declared, unknown ones behind them by name."""
        names = list(self._specs)
        return (names.index(name) if name in self._specs else len(names), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One scanner's suspicion about one image.

    `score` runs from 0 to 1, higher is worse. `message` is the reason, in plain words and with its numbers. `key`
    names what the finding is about (for a duplicate: itself and its representative); with scanner and kind it makes
    the stable `finding_id`, so it must hold no measurement.
    """

    kind: KindSpec
    path: str
    score: float
    message: Message
    severity: Severity | None = None
    """None: that of the kind."""
    suggestion: Verdict = Verdict.DROP
    role: Role = Role.SUBJECT
    group_id: str | None = None
    key: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity is None:
            object.__setattr__(self, "severity", self.kind.severity)

    @property
    def reason(self) -> str:
        """The message in English."""
        return str(self.message)

    def finding_id(self, scanner: str) -> str:
        """Stable over re-scans: from scanner, kind and paths, not from scores."""
        return stable_id(scanner, self.kind.name, *(self.key or (self.path,)))


def stable_id(*parts: str) -> str:
    """A short digest of the parts, the same on every machine and in every run."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of the upright full-size image, in pixels: what a finding points at.

    `what` names its sort (`face`, `text`, `damage`); `score` says how sure a detector is, 0..1, and `text` what was
    read in it, where there is such a thing.
    """

    left: float
    top: float
    width: float
    height: float
    what: str
    score: float | None = None
    text: str | None = None

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def evidence(self) -> dict[str, Any]:
        """The box as JSON for a finding's evidence (`{"boxes": [...]}`)."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_evidence(cls, raw: object) -> Box | None:
        """Read a box from evidence, which scanners of any origin write; None where it describes none."""
        if not isinstance(raw, dict) or not isinstance(raw.get("what"), str):
            return None
        score = raw.get("score")
        try:
            left, top, width, height = (float(raw[name]) for name in ("left", "top", "width", "height"))
            sure = float(score) if isinstance(score, int | float) else None
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if not all(map(math.isfinite, (left, top, width, height))) or width <= 0 or height <= 0:
            return None
        return cls(left=left, top=top, width=width, height=height, what=raw["what"], score=sure)
