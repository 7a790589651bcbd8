"""Tables for the width there is: what has no room moves to a line of its own or goes, by declared rank.

No column of text is ever squeezed into a column of letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from pricewatch.cli.text import NOTHING, shorten, shorten_middle

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = 2
_TEXT, _ADDRESS, _SENTENCE = 16, 28, 36  # the least widths of text that folds, of addresses, of what may stand below
_BESIDE = 32  # the least of text that folds while a sentence stands beside it: the sentence has another place
_SMALLEST = 6
_STYLES = {
    "ok": "green", "verified": "green", "applied": "green", "accepted": "green", "closed": "green",
    "warn": "yellow", "partly": "yellow", "pending": "yellow", "unknown": "yellow", "hold": "yellow", "sent": "yellow",
    "fail": "bold red", "failed": "bold red", "refused": "bold red", "drifted": "bold red", "tripped": "bold red",
    "raise": "cyan", "cut": "magenta",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` is the key in TSV and JSON, `title` the heading; `machine` columns stay off the terminal."""

    name: str
    title: str = ""
    machine: bool = False
    badge: bool = False
    fold: bool = False  # may be broken into lines when the terminal is narrow
    below: bool = False  # a sentence: gets a line of its own under the row when the terminal is narrow
    address: bool = False  # shortened in its middle
    rank: int = 0  # which goes first where there is no room: the highest; 0 stays
    money: bool = False  # programs get plain decimals, and the currency in a column of its own

    @property
    def heading(self) -> str:
        """What stands over the column."""
        return self.title or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column of a table stands: `widths` side by side, `below` under the row, `dropped` nowhere."""

    widths: dict[int, int]
    below: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()


def lay_out(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> Layout:
    """Fit columns into `width`: what says nothing goes first, then sentences move below, then the highest rank goes."""
    natural = [_natural(column, [row[at] for row in cells]) for at, column in enumerate(columns)]
    least = [min(size, _least(column, size)) for column, size in zip(columns, natural, strict=True)]
    roomy = [min(natural[at], _BESIDE) if column.fold else least[at] for at, column in enumerate(columns)]
    grid, below, dropped = list(range(len(columns))), list[int](), list[int]()
    for at, becomes in _ways_out(columns, cells):
        if _used(roomy if any(columns[at].below for at in grid) else least, grid) <= width:
            break
        if at in grid and len(grid) > 1:
            grid.remove(at)
            if becomes is not None:
                (below if becomes == "below" else dropped).append(at)
    sizes = {at: least[at] for at in grid}
    _squeeze(sizes, width)
    _widen(sizes, natural, width)
    return Layout(sizes, tuple(sorted(below)), tuple(sorted(dropped)))


def _natural(column: Column, cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(cell_len(text) for text in ("" if column.title == " " else column.heading, *cells))


def _least(column: Column, natural: int) -> int:
    if column.below:
        return _SENTENCE
    if column.address:
        return _ADDRESS
    return max(_TEXT, len(column.heading)) if column.fold else natural


def _ways_out(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Iterator[tuple[int, str | None]]:
    """What can be done where there is no room, the smallest loss first."""
    for at, column in enumerate(columns):
        if (column.rank or column.below) and all(row[at] == NOTHING for row in cells):
            yield at, None
    for at in reversed([at for at, column in enumerate(columns) if column.below]):
        yield at, "below"
    for at in sorted(range(len(columns)), key=lambda at: -columns[at].rank):
        if columns[at].rank:
            yield at, "dropped"


def _used(widths: Sequence[int], grid: Sequence[int]) -> int:
    return sum(widths[at] for at in grid) + _GAP * (len(grid) - 1)


def _squeeze(sizes: dict[int, int], width: int) -> None:
    """Take from the widest columns what is still too much: the last resort, on very narrow terminals."""
    excess = sum(sizes.values()) + _GAP * (len(sizes) - 1) - width
    while excess > 0:
        widest = max(sizes, key=lambda at: sizes[at])
        if sizes[widest] <= _SMALLEST:
            return
        sizes[widest] -= 1
        excess -= 1


def _widen(sizes: dict[int, int], natural: Sequence[int], width: int) -> None:
    """Share what is left among the columns that want more, evenly."""
    spare = width - sum(sizes.values()) - _GAP * (len(sizes) - 1)
    wanting = [at for at in sizes if sizes[at] < natural[at]]
    while spare > 0 and wanting:
        share = max(spare // len(wanting), 1)
        for at in wanting:
            more = min(share, natural[at] - sizes[at], spare)
            sizes[at] += more
            spare -= more
        wanting = [at for at in wanting if sizes[at] < natural[at]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A table that is being drawn on a console: `right` are the columns that hold numbers."""

    console: Console
    columns: Sequence[Column]
    layout: Layout
    right: frozenset[int]

    def lines(self, cells: Sequence[Sequence[str]]) -> Iterator[Text]:
        """All lines: the headings, then each row with what stands below it."""
        if any(column.title != " " for column in self.columns):
            yield self._line({at: self.columns[at].heading for at in self.layout.widths}, heading=True)
        for row in cells:
            yield from self._row(row)

    def _row(self, row: Sequence[str]) -> Iterator[Text]:
        wrapped = {at: self._wrapped(at, row[at]) for at in self.layout.widths}
        for pieces in zip_longest(*wrapped.values(), fillvalue=""):
            yield self._line(dict(zip(wrapped, pieces, strict=True)))
        for at in self.layout.below:
            if row[at] != NOTHING:
                yield from self._below(self.columns[at], row[at])

    def _wrapped(self, at: int, cell: str) -> list[str]:
        from rich.text import Text

        column, width = self.columns[at], self.layout.widths[at]
        if column.address:
            return [shorten_middle(cell, width)]
        if not (column.fold or column.below):
            return [shorten(cell, width)]
        return [line.plain.rstrip() for line in Text(cell).wrap(self.console, width)]

    def _below(self, column: Column, cell: str) -> Iterator[Text]:
        from rich.text import Text

        width, label = max(self.console.width - 2 * _GAP, _TEXT), f"{column.heading}: "
        text = label + (shorten_middle(cell, width - len(label)) if column.address else cell)
        for line in Text(text, style="dim").wrap(self.console, width):
            line.rstrip()
            yield Text(" " * 2 * _GAP) + line

    def _line(self, pieces: dict[int, str], *, heading: bool = False) -> Text:
        from rich.cells import cell_len
        from rich.text import Text

        line = Text()
        for place, (at, piece) in enumerate(pieces.items()):
            padding = " " * max(self.layout.widths[at] - cell_len(piece), 0)
            badge = _STYLES.get(piece, "") if self.columns[at].badge else ""
            line.append(" " * _GAP if place else "")
            line.append(padding if at in self.right else "")
            line.append(piece, style="bold" if heading else badge)
            line.append("" if at in self.right else padding)
        line.rstrip()
        return line
