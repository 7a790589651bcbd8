"""A feed of any size sorted into parts on disk, by item: what is in one part today is in the same part tomorrow.

This runs in a process of its own, which a hostile file may cost.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from pricewatch.scraping.sources.columns import Columns
from pricewatch.scraping.sources.reading import Fault, Row, Terms, decimal_of, evidence_of, read_row, said_by
from pricewatch.scraping.sources.rows import Layout, Raw, read_rows
from pricewatch.scraping.sources.unpack import FeedError, Limits

SHELVES = 256
PER_PART = 1_000  # rows that one part has room for
MAX_PARTS = 8_192
BUFFER = 65_536
SAMPLE = 500
NUMBERS = 8  # line numbers that a report names for each reason
REASONS = 12


class Trouble(NamedTuple):
    """Rows that were not used for one reason: how many, what the first one says, and the numbers of the first."""

    reason: str
    times: int
    detail: str
    numbers: tuple[int, ...]


class Sorted(NamedTuple):
    """What became of a feed: usable rows, the others by reason, those of which nothing is known, why it ended early
    (empty = it was whole), and the column of each field.
    """

    rows: int
    troubles: tuple[Trouble, ...]
    unknown: int
    cut_off: str
    columns: dict[str, str]


class Entry(NamedTuple):
    """A row of a part, where it stands, and its evidence."""

    row: Row
    place: str
    snippet: str


def sort_feed(path: Path, folder: Path, layout: Layout, terms: Terms, limits: Limits) -> Sorted:
    """Sort the rows of a file onto shelves in a folder."""
    with _Sorter(folder, terms, limits.cell) as sorter:
        rows, cut_off = _until_cut_off(_bounded(read_rows(path, layout, limits), limits)), ""
        first = list(islice(rows, SAMPLE))
        sorter.columns = Columns(terms.columns)
        decimal = terms.decimal or decimal_of((raw for raw in first if isinstance(raw, Raw)), sorter.columns)
        sorter.terms = terms._replace(decimal=decimal)
        for raw in chain(first, rows):
            if isinstance(raw, Raw):
                sorter.put(raw)
            else:
                cut_off = raw
        return sorter.report(cut_off)


def _bounded(rows: Iterator[Raw], limits: Limits) -> Iterator[Raw]:
    """The rows, no more than allowed."""
    for count, raw in enumerate(rows):
        if count >= limits.rows:
            raise FeedError(f"the file has more than {limits.rows:,} rows (source.max_rows)")
        yield raw


def _until_cut_off(rows: Iterator[Raw]) -> Iterator[Raw | str]:
    """The rows; where they cannot be read on, why."""
    try:
        yield from rows
    except FeedError as error:
        yield str(error)


def place_of(item: str) -> int:
    """Where an item belongs, as a number of 64 bits: parts are taken from its first bits."""
    return int.from_bytes(hashlib.blake2b(item.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def parts_for(rows: int, before: int) -> int:
    """How many parts a feed has: as many as before while they are neither overfull nor nearly empty."""
    if before and before * PER_PART // 8 <= rows <= before * PER_PART * 2:
        return before
    parts = 1
    while parts * PER_PART < rows and parts < MAX_PARTS:
        parts *= 2
    return parts


@dataclass(slots=True)
class _Sorter:
    folder: Path
    terms: Terms
    longest: int
    columns: Columns = field(default_factory=lambda: Columns({}))
    rows: int = 0
    unknown: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    shelves: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in range(SHELVES)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number, shelf in enumerate(self.shelves):
            if shelf:
                self._flush(number, shelf)

    def put(self, raw: Raw) -> None:
        """Read one row and put it on its shelf."""
        said = said_by(raw, self.columns)
        if any(len(text) > self.longest for _, text in said.values()):
            self._complain(raw.number, Fault(f"a cell of more than {self.longest:,} characters (max_cell)"))
            return
        row = read_row(raw, said, self.terms)
        if isinstance(row, Fault):
            self._complain(raw.number, row)
            if row.item:
                self._shelve(row.item, b"null", b"[]")
            return
        self.rows += 1
        self._shelve(row.item, orjson.dumps(tuple(row)), orjson.dumps(evidence_of(raw, said, self.terms)))

    def _shelve(self, item: str, row: bytes, evidence: bytes) -> None:
        place = place_of(item)
        number = place >> 56
        shelf = self.shelves[number]
        shelf += b"%016x\t%b\t%b\n" % (place, row, evidence)
        if len(shelf) > BUFFER:
            self._flush(number, shelf)

    def _flush(self, number: int, shelf: bytearray) -> None:
        with (self.folder / str(number)).open("ab") as file:
            file.write(shelf)
        shelf.clear()

    def _complain(self, number: int, fault: Fault) -> None:
        self.unknown += not fault.item
        reason = fault.reason if fault.reason in self.counts or len(self.counts) < REASONS else "other reasons"
        self.counts[reason] += 1
        self.details.setdefault(reason, fault.detail)
        known = self.numbers.setdefault(reason, [])
        if len(known) < NUMBERS:
            known.append(number)

    def report(self, cut_off: str) -> Sorted:
        """Sum up."""
        missing = [] if cut_off and not self.rows else self.columns.missing()
        if missing and not self.rows:
            wanted = ", ".join(f"{name} ({self.terms.columns[name]!r})" for name in missing)
            cut_off = cut_off or f"no row has what is mapped to {wanted}"
        troubles = tuple(
            Trouble(reason, times, self.details[reason], tuple(self.numbers[reason]))
            for reason, times in self.counts.most_common()
        )
        columns = {name: keys[0] for name, keys in self.columns.places.items()}
        return Sorted(self.rows, troubles, self.unknown, cut_off, columns)


class Part(NamedTuple):
    """A part's lines as they lie on its shelf: how many rows, how many unusable ones, and one sum of what they say."""

    number: int
    rows: int
    unusable: int
    digest: str
    lines: tuple[bytes, ...]

    def entries(self) -> Iterator[Entry]:
        """The usable rows."""
        for line in self.lines:
            _, row, evidence = line.split(b"\t")
            if row != b"null":
                yield Entry(Row(*orjson.loads(row)), *orjson.loads(evidence))


def parts_on(folder: Path, parts: int) -> Iterator[Part]:
    """The parts in their order, one after the other; every item is in one of them."""
    held: dict[int, list[bytes]] = {}
    done = 0
    for shelf in range(SHELVES):
        file = folder / str(shelf)
        for line in file.read_bytes().splitlines() if file.exists() else ():
            held.setdefault(int(line[:16], 16) * parts >> 64, []).append(line)
        full = (shelf + 1) * parts // SHELVES
        for number in range(done, full):
            yield _part(number, held.pop(number, []))
        done = full


def _part(number: int, lines: list[bytes]) -> Part:
    """The sum does not depend on the order of the rows, nor on where in the file they stand."""
    total = unusable = 0
    for line in lines:
        said = line[: line.rindex(b"\t")]
        total += int.from_bytes(hashlib.blake2b(said, digest_size=16).digest(), "big")
        unusable += said.endswith(b"\tnull")
    return Part(number, len(lines) - unusable, unusable, f"{total % 2**128:032x}", tuple(lines))
