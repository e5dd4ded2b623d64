"""What an audit has found of copies, also of kinds that it keeps no findings of, since most images are some."""

import pandas as pd

from curate import config, scanners
from curate.auditing import judge
from curate.auditing.judge import DatasetProperty
from curate.config import JudgeSettings
from curate.measuring import features
from curate.scanners import embeddings
from curate.scanners.duplicates import Duplicates
from curate.schema import Category
from curate.sources.records import Records
from curate.storage.workspace import Workspace


def hidden(workspace: Workspace) -> bool:
    """Say whether some kind of copy is a property of the dataset (`auditing.judge`), so that no findings tell of it."""
    prevalent = [DatasetProperty.from_json(item) for item in workspace.read_audit().get("prevalent", [])]
    return any(item.category == Category.DUPLICATE for item in prevalent)


def told(workspace: Workspace) -> pd.DataFrame:
    """Return the findings of an audit (`schema.FINDINGS`), with those of hidden copies, judged again.

    That takes the settings of the audit and what it has measured, and reads no image; where that is not enough
    (`are_told`), what was kept is all there is.
    """
    kept = workspace.read_findings()
    measured = _measured(workspace) if hidden(workspace) else None
    if measured is None:
        return kept
    records, parts, scanner = measured
    frame = embeddings.attach(features.load(records, parts, [scanner]), workspace.root)
    every = JudgeSettings(prevalence=1, prevalence_required=1)
    return pd.concat([kept, judge.judge(frame, [scanner], every).findings], ignore_index=True)


def are_told(workspace: Workspace) -> bool:
    """Say whether `told` tells of all copies: not of hidden ones of another engine, or with settings changed since."""
    return not hidden(workspace) or _measured(workspace) is not None


def _measured(workspace: Workspace) -> tuple[Records, list[features.Part], Duplicates] | None:
    """Return what copies are judged by; None where the settings of the workspace want what was not measured."""
    configuration = config.read(workspace.config)
    if not Duplicates.is_wanted(configuration):
        return None
    (scanner,) = (one for one in scanners.load(configuration) if isinstance(one, Duplicates))
    parts = features.parts(workspace.features, [scanner], configuration.decode)
    records = features.records(workspace.read_images(features.OF_RECORDS), parts)
    return None if features.missing(records, parts, [scanner], try_again=False) else (records, parts, scanner)
