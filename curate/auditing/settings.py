"""The settings that the findings of a workspace were judged by.

`curate.toml` may say others: after an edit that was never judged, or an audit that was cut short.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from curate import config, scanners
from curate.config import Config
from curate.errors import ConfigError
from curate.storage.workspace import Workspace

SETTINGS = "settings"
"""What `audit.json` calls them."""


def facts_of(configuration: Config) -> dict[str, Any]:
    """Return what `audit.json` says of the settings that an audit has judged by, every one spelt out."""
    return {SETTINGS: scanners.resolved(configuration).model_dump(mode="json")}


def kept(facts: Mapping[str, Any]) -> Config | None:
    """Read them from what `audit.json` says; None where a version wrote it that did not keep them, or had others."""
    try:
        return scanners.resolved(Config.model_validate(facts[SETTINGS]))
    except (KeyError, ValidationError, ConfigError):
        return None


def judged_by(workspace: Workspace) -> Config:
    """Return the settings that the findings of a workspace were judged by; where none were kept, those it has now.

    Raises `ConfigError` where these cannot be read.
    """
    return kept(workspace.read_audit()) or scanners.resolved(config.read(workspace.config))
