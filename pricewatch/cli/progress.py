"""How far a stage is, on stderr and only to a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from pricewatch.cli.text import clean, shorten

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class NoProgress:
    """Shows nothing: for pipes, logs and --quiet."""

    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class TerminalProgress:
    """One line a stage, drawn while it works and gone afterwards."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Show that `done` of `total` are done, and what is worked on."""
        live = self._live or self._start()
        name = clean(stage)
        if name not in self._tasks:
            self._tasks[name] = live.add_task(name, note="")
        live.update(self._tasks[name], completed=done, total=total, note=shorten(clean(note), 48))

    def stop(self) -> None:
        """Wipe the lines, so that something else can be printed."""
        if self._live is not None:
            self._live.stop()
            self._live, self._tasks = None, {}

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._live = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
            console=Console(file=self._stream, highlight=False, markup=False, emoji=False),
            transient=True,
        )
        self._live.start()
        return self._live
