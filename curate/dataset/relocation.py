"""Where the images of a manifest are now: it names the source that was audited, which may have moved since."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from curate.errors import ConfigError, SourceError, WorkspaceError
from curate.shell import typed
from curate.sources import Source, source_at
from curate.sources.address import as_there, located, url
from curate.sources.base import absolute
from curate.storage.workspace import Workspace

Say = Callable[[str], object]


def sources_of(given: str | Path | Sequence[str] | None) -> tuple[str, ...]:
    """Return what an option `source` was given, once or several times, as texts.

    Raises `ConfigError` for what is neither a path nor several.
    """
    if given is None:
        return ()
    several = [given] if isinstance(given, str | Path) else given
    if not isinstance(several, list | tuple) or not all(isinstance(one, str | Path) for one in several):
        raise ConfigError(f"source is {given!r}; give a folder, a URL, or several as OLD=NEW")
    return tuple(map(str, several))


def relocated(rows: pd.DataFrame, path: Path, moved: Sequence[str] = (), say: Say | None = None) -> pd.DataFrame:
    """Return rows of the manifest file `path` with `source` and `path` as they are today.

    `moved` holds folders or URLs, as NEW where the manifest has one source, or OLD=NEW for one of several. A source
    that is gone, whose images all lie beside the manifest file, has moved together with it, as a built set does; `say`
    is told. A URL has to be named in `moved`, even where nothing has moved, unless the workspace that was audited from
    it lies with the manifest: a stranger may have written it, and nothing is fetched that nobody here has named. A path
    as another system has it, with backslashes or in the other Unicode form, is read as the one that is there. Raises
    `SourceError` for a source that is gone, `ConfigError` where it cannot be told which one has moved.
    """
    sources = sorted(set(rows["source"]))
    now = _named(sources, moved, path)
    _refuse_addresses(path, [source for source in sources if source not in now])
    here = absolute(path.parent)
    for source in sources:
        if source in now or source_at(source).is_there():
            continue
        beside = source_at(here)
        if not all(beside.exists(below) for below in rows.loc[rows["source"] == source, "path"]):
            raise SourceError(
                f"{source}, where the images of {path} were, is not there any more; say where they are now with "
                "--source DIR"
            )
        if say is not None:
            say(f"{source} is not there any more: the images of {path} are read beside it, in {here}")
        now[source] = here
    rows = rows.assign(source=[now.get(source, source) for source in rows["source"]])
    at = functools.cache(source_at)
    places = zip(rows["source"], rows["path"], strict=True)
    return rows.assign(path=[_as_there(at(source), path) for source, path in places])


def _as_there(source: Source, path: str) -> str:
    """Return a path as a source has it; a store, where each question is a request, has it as it is written."""
    return path if url(source.root) and "\\" not in path else as_there(path, source.exists)


def _refuse_addresses(path: Path, sources: Sequence[str]) -> None:
    remote = next((source for source in sources if url(source) and source not in _audited_beside(path)), None)
    if remote is not None:
        raise SourceError(
            f"{path} says that its images lie at {remote}; nothing is fetched that only a file has named. If you trust "
            f"it: {typed('--source', remote)}"
        )


def workspaces_near(manifest: Path) -> Iterator[Workspace]:
    """Find the workspaces that a manifest may have been written from: where it lies, and the folders beside it."""
    here = manifest.absolute().parent
    for folder in (here, *sorted(path for path in here.iterdir() if path.is_dir())):
        workspace = Workspace(folder)
        if workspace.audit.is_file():
            yield workspace


def _audited_beside(path: Path) -> set[str]:
    """Return the sources of the workspaces that the manifest lies with: somebody here has named those to the audit."""
    return {root for workspace in workspaces_near(path) if (root := audited_root(workspace)) is not None}


def audited_root(workspace: Workspace) -> str | None:
    """Return the source that a workspace is of; None where the workspace cannot be read."""
    try:
        return str(workspace.read_audit()["root"])
    except WorkspaceError:
        return None


def located_target(here: Path, moved: str) -> str:
    """Return DIR or OLD=NEW with DIR or NEW as an address that starts `here`; the name of DIR may have a `=` in it."""
    old, equals, new = moved.rpartition("=")
    if (here / moved).exists():
        old, equals, new = "", "", moved
    return f"{old}{equals}{located(here, new)}" if new else moved


def _named(sources: Sequence[str], moved: Sequence[str], path: Path) -> dict[str, str]:
    """Match what a person says has moved with the sources of a manifest: old to new."""
    now: dict[str, str] = {}
    for text in moved:
        old, new = _old_and_new(text, sources)
        if old is None:
            raise ConfigError(
                f"{path} has images of {len(sources)} sources ({', '.join(sources)}); say which of them has moved: "
                "--source OLD=NEW"
            )
        if old in now:
            raise ConfigError(f"--source says twice where the images of {old} lie now; give it once")
        if not new or not source_at(new).is_there():
            raise SourceError(
                f"--source {text}: there is no such folder; give the one that the paths of {path} start at"
            )
        now[old] = absolute(new)
    return now


def _old_and_new(text: str, sources: Sequence[str]) -> tuple[str | None, str]:
    """Part OLD=NEW, where OLD is one of the sources; anything else is where the only source lies now."""
    for index, sign in enumerate(text):
        if sign == "=" and index:
            before = absolute(text[:index])
            old = next((source for source in sources if source and absolute(source) == before), None)
            if old is not None:
                return old, text[index + 1 :]
    return sources[0] if len(sources) == 1 else None, text
