"""What `--fail-on` and filters by kind name: checked when they are given, and looked for when an audit is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from curate.auditing.pipeline import Audit


def check_kinds(names: list[str]) -> None:
    """Raise `ConfigError` where one of the names is neither a kind nor a category."""
    if not names:
        return
    from curate.scanners import kinds
    from curate.schema import Category

    known = {*kinds(), *map(str, Category)}
    for name in names:
        if name not in known:
            meant = suggestion(name, known) or f"there are {', '.join(sorted(known))}. "
            raise ConfigError(f"{name!r} is neither a kind nor a category; {meant}What they mean: curate scanners")


def hits(result: Audit, names: list[str]) -> bool:
    """Say whether anything of these kinds or categories is left, be it a finding or a property of the dataset."""
    from curate.schema import Severity

    counted = result.findings[result.findings["severity"] != Severity.INFO]
    wanted = set(names)
    return bool(
        wanted & {*counted["kind"], *counted["category"]}
        or any(wanted & {item.kind, item.category} for item in result.prevalent)
    )
