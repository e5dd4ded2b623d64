"""Sub-commands."""

import typer


def register(app: typer.Typer) -> None:
    """Hang them on `curate`."""
