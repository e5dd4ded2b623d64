"""What can go wrong through no fault of ours, as exceptions whose message says what to do.

    CurateError
    ├── SourceError       the dataset cannot be read as asked
    ├── ConfigError       curate.toml, or an option, says something we do not understand
    ├── WorkspaceError    the workspace is missing, unreadable, or made by another version
    ├── UndecidedError    flagged pictures still wait for a person
    ├── NoSurvivorError   a whole duplicate group would be dropped
    └── MissingExtraError an optional dependency is not installed

Bad *data* is never an exception: it becomes a row with a reason.
"""


class CurateError(Exception):
    """A mistake the user can mend; the message is one line that says how."""


class SourceError(CurateError):
    """The dataset cannot be read as asked."""


class ConfigError(CurateError):
    """The configuration, or an option, says something we do not understand."""


class WorkspaceError(CurateError):
    """The workspace is missing, unreadable, or made by another version."""


class UndecidedError(CurateError):
    """Flagged pictures still wait for a person."""


class NoSurvivorError(CurateError):
    """A whole duplicate group would be dropped."""


class MissingExtraError(CurateError):
    """An optional dependency is not installed."""
