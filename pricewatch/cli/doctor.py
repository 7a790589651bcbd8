"""Find out what is wrong, and say what to do about it: doctor."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Mount the command."""
