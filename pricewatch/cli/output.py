"""What commands print, in one place: tables on a terminal, TSV in a pipe, JSON lines on request.

Data goes to stdout and nothing else does. What is said about the data (summary, what to run next, errors,
progress) goes to stderr; progress only to a terminal.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pricewatch.cli.tables import Column, Drawing, lay_out
from pricewatch.cli.text import Percent, clean, human, json_line, plain
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Money

__all__ = ["Column", "Mode", "Out", "Row", "choose_mode"]

Row = Sequence[Any]
CHOSEN = "PRICEWATCH_OUTPUT"
REPORT_WIDTH = 160  # characters, where there is no terminal to fill
_RIGHT = (Money, Percent, int)


class Mode(StrEnum):
    """The three shapes of the same data."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"


@dataclass(slots=True)
class Out:
    """One command's output; set `zone` to the shop's time zone as soon as it is known."""

    mode: Mode = Mode.TABLE
    quiet: bool = False
    zone: tzinfo = UTC
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    width: int | None = None
    closed: bool = False
    unshown: dict[str, None] = field(default_factory=dict)  # columns for which the terminal had no room
    pause: Callable[[], None] = lambda: None

    @property
    def for_people(self) -> bool:
        """Whether a person looks at stdout."""
        return self.mode is Mode.TABLE

    def report(self) -> None:
        """Print what follows as text for people in a pipe, too: it is several tables that belong together."""
        if self.mode is Mode.TSV and not os.environ.get(CHOSEN):
            self.mode, self.width = Mode.TABLE, self.width or REPORT_WIDTH

    def table(
        self,
        kind: str,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        title: str = "",
        limit: int | None = None,
        aside: bool = False,
        more: str = "",
    ) -> int:
        """Print rows and return how many there are.

        `kind` is the `type` of each JSON object. `aside` tables are extra: a pipe gets the main table alone.
        On a terminal at most `limit` rows are shown; `more` says how to see the rest.
        """
        if self.mode is Mode.JSON:
            return self._json_rows(kind, columns, rows)
        if self.mode is Mode.TSV:
            return 0 if aside else self._tsv_rows(columns, rows)
        return self._rich_rows(columns, rows, title, limit, more)

    def record(self, kind: str, record: Mapping[str, Any]) -> None:
        """Print one thing with named fields: two columns for people, one JSON object, or `name TAB value` lines."""
        if self.mode is Mode.JSON:
            self.write(json_line({"type": kind, **record}, self.zone))
        elif self.mode is Mode.TSV:
            for name, value in record.items():
                self.write(f"{name}\t{plain(value, self.zone)}")
        else:
            columns = (Column("field", " "), Column("value", " ", fold=True))
            rows = [(name.replace("_", " "), human(value, self.zone)) for name, value in record.items()]
            self._rich_rows(columns, rows, "", None, "")

    def heading(self, text: str) -> None:
        """Put a line over the next block, for people only."""
        if self.for_people:
            self.write("")
            self.write(clean(text))

    def say(self, text: str) -> None:
        """Tell people something about the data, on stderr; silent with --json and --quiet."""
        if not self.quiet and self.mode is not Mode.JSON:
            self._emit(self.stderr, text)

    def warn(self, text: str) -> None:
        """Tell on stderr that the data is not all there is, even with --quiet; JSON is always whole."""
        if self.mode is not Mode.JSON:
            self._emit(self.stderr, text)

    def set_aside(self, items: Sequence[SetAside], *, limit: int = 10) -> None:
        """Report what a batch could not use: JSON objects, or the first few in words on stderr."""
        if self.mode is Mode.JSON:
            for item in items:
                self.write(json_line({"type": "set_aside", **_fields(item)}, self.zone))
            return
        told = Counter(map(_sentence, items))
        for sentence, times in islice(told.items(), limit):
            self.say(f"set aside: {sentence}" + (f" ({times} times)" if times > 1 else ""))
        if len(told) > limit:
            self.say(f"set aside: {len(told) - limit} more (all of them with --json)")

    def finish(
        self, command: str, text: str, *, code: int = 0, counts: Mapping[str, Any] | None = None, next_step: str = ""
    ) -> int:
        """End the output: a JSON summary, or the summary in words and what to run next; returns the exit code."""
        if self.mode is Mode.JSON:
            summary = {"type": "summary", "command": command, "exit_code": code, "message": clean(text)}
            self.write(json_line({**summary, "counts": counts or {}, "next": next_step}, self.zone))
        else:
            self.flush()
            if self.unshown:
                self.say(f"no room for: {', '.join(self.unshown)} (a wider terminal or --json shows them)")
            self.say(clean(text))
            if next_step:
                self.say(f"next: {clean(next_step)}")
        return code

    def failed(self, command: str, error: Mapping[str, Any], code: int) -> None:
        """End JSON output with the error; people get it on stderr from `main`."""
        if self.mode is Mode.JSON:
            self.write(json_line({"type": "summary", "command": command, "exit_code": code, "error": error}, self.zone))
            self.flush()

    def write(self, text: str) -> None:
        """Write one line to stdout; when the reader has gone, silently nothing more."""
        if not self.closed:
            self._emit(self.stdout, text)

    def flush(self) -> None:
        """Hand everything written so far to the reader."""
        try:
            self.stdout.flush()
        except BrokenPipeError:
            self._reader_gone()

    def _emit(self, stream: TextIO, text: str) -> None:
        self.pause()
        try:
            stream.write(text + "\n")
        except BrokenPipeError:
            self._reader_gone()

    def _reader_gone(self) -> None:
        """Point stdout at nothing, so that the interpreter's last flush does not fail either."""
        self.closed = True
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), self.stdout.fileno())

    def _json_rows(self, kind: str, columns: Sequence[Column], rows: Iterable[Row]) -> int:
        count = 0
        for row in rows:
            record = {column.name: value for column, value in zip(columns, row, strict=True)}
            money = {"currency": _currency(row)} if _with_money(columns) else {}
            self.write(json_line({"type": kind, **record, **money}, self.zone))
            count += 1
        return count

    def _tsv_rows(self, columns: Sequence[Column], rows: Iterable[Row]) -> int:
        money, count = _with_money(columns), 0
        self.write("\t".join([column.name for column in columns] + ["currency"] * money))
        for row in rows:
            cells = [plain(value, self.zone) for value in row] + [_currency(row)] * money
            self.write("\t".join(cells))
            count += 1
        return count

    def _rich_rows(
        self, columns: Sequence[Column], rows: Iterable[Row], title: str, limit: int | None, more: str
    ) -> int:
        source = iter(rows)
        shown = list(islice(source, limit)) if limit is not None else list(source)
        hidden = len(rows) - len(shown) if isinstance(rows, Sized) else sum(1 for _ in source)
        if title:
            self.heading(title)
        if shown:
            self._print_table(columns, shown)
        elif title:
            self.write("–")
        if hidden:
            self.write(f"… {human(hidden)} more" + (f": {more}" if more else ""))
        return len(shown) + hidden

    def _print_table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        from rich.console import Console
        from rich.text import Text

        places = [at for at, column in enumerate(columns) if not column.machine]
        shown = [columns[at] for at in places]
        cells = [[human(row[at], self.zone) for at in places] for row in rows]
        right = frozenset(place for place, at in enumerate(places) if any(_numeric(row[at]) for row in rows))
        console = Console(file=self.stdout, width=self.width, highlight=False, markup=False, emoji=False)
        layout = lay_out(shown, cells, console.width)
        self.unshown.update((shown[at].heading, None) for at in layout.dropped)
        with console.capture() as drawn:
            console.print(Text("\n").join(Drawing(console, shown, layout, right).lines(cells)), soft_wrap=True)
        self.write(drawn.get().removesuffix("\n"))


def _numeric(value: Any) -> bool:
    return isinstance(value, _RIGHT) and not isinstance(value, bool)


def _with_money(columns: Sequence[Column]) -> bool:
    return any(column.money for column in columns)


def _currency(row: Row) -> str:
    return next((value.currency.code for value in row if isinstance(value, Money)), "")


def _fields(item: SetAside) -> dict[str, str]:
    return {"stage": item.stage, "item": item.item, "reason": item.reason, "where": item.where, "hint": item.hint}


def _sentence(item: SetAside) -> str:
    where = f" ({item.where})" if item.where and item.where not in item.item else ""
    hint = f"; {item.hint}" if item.hint else ""
    return clean(f"{item.item}{where}: {item.reason}{hint}")


def choose_mode(*, as_json: bool, stdout: TextIO) -> Mode:
    """JSON when asked for, a table on a terminal, TSV in a pipe; PRICEWATCH_OUTPUT=table|tsv|json overrides."""
    forced = os.environ.get(CHOSEN, "")
    if as_json:
        return Mode.JSON
    if forced and forced not in set(Mode):
        raise UsageError(f"{CHOSEN} is {forced!r}", hint=f"write one of {', '.join(Mode)}, or unset it")
    if forced:
        return Mode(forced)
    return Mode.TABLE if stdout.isatty() else Mode.TSV
