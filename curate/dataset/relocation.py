"""Where the images of a manifest are now: it names the source that was audited, which may have moved since."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from curate.errors import SourceError
from curate.sources import source_at
from curate.sources.base import absolute

Say = Callable[[str], object]


def sources_of(given: str | Path | Sequence[str] | None) -> tuple[str, ...]:
    """Return what an option `source` was given, once or several times, as texts."""
    if given is None:
        return ()
    return (str(given),) if isinstance(given, str | Path) else tuple(given)


def relocated(rows: pd.DataFrame, manifest: Path, moved: Sequence[str] = (), say: Say | None = None) -> pd.DataFrame:
    """Return rows of a manifest with `source` and `path` as they are today.

    `moved` holds what `--source` was given: NEW where the manifest knows one source, else OLD=NEW. A source that is
    gone, and whose images lie beside the manifest, has moved together with it, as a built set does; `say` is told. A
    path with backslashes, as Windows has it, is read as one with slashes where only that is there. Raises
    `SourceError` where `moved` does not fit the manifest.
    """
    sources = sorted(set(rows["source"]))
    now = _as_told(sources, manifest, moved)
    for source in sources:
        if source not in now and _is_beside(rows[rows["source"] == source], source, manifest):
            now[source] = absolute(manifest.parent)
            if say is not None:
                say(f"{source} is gone; its images are read from {manifest.parent}, where the manifest lies")
    rows = rows.assign(source=[now.get(source, source) for source in rows["source"]])
    return rows.assign(path=_with_slashes(rows))


def _as_told(sources: Sequence[str], manifest: Path, moved: Sequence[str]) -> dict[str, str]:
    """Read OLD=NEW, or NEW alone where there is but one source."""
    now: dict[str, str] = {}
    for given in moved:
        old = next((source for source in sources if given.startswith(f"{source}=")), None)
        if old is None and len(sources) > 1:
            raise SourceError(
                f"{manifest} is of several sources; say which has moved: "
                f"--source {sources[0]}=NEW (the others: {', '.join(sources[1:])})"
            )
        if old is None and len(moved) > 1:
            raise SourceError(f"{manifest} knows one source, {', '.join(sources)}; give --source once")
        new = given if old is None else given.removeprefix(f"{old}=")
        now |= {source: absolute(new) for source in (sources if old is None else [old])}
    return now


def _is_beside(rows: pd.DataFrame, source: str, manifest: Path) -> bool:
    """Say whether a source is gone and its images lie where the manifest does."""
    if source_at(source).is_there():
        return False
    here = source_at(manifest.absolute().parent)
    return all(here.exists(path) for path in rows["path"])


def _with_slashes(rows: pd.DataFrame) -> list[str]:
    paths = []
    for source, path in zip(rows["source"], rows["path"], strict=True):
        posix = path.replace("\\", "/")
        is_windows = posix != path and not source_at(source).exists(path) and source_at(source).exists(posix)
        paths.append(posix if is_windows else path)
    return paths
