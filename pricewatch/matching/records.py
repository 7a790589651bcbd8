"""What matching reads of one side of a pair, and the pairs themselves, as a file of labelled pairs has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pricewatch.domain.errors import SetAside

REQUIRED = ("left_title", "right_title")


@dataclass(frozen=True, slots=True)
class Record:
    """One product or offer as text; `price` is only compared as a ratio, so it is a plain number, 0 when unknown."""

    ident: str
    title: str
    brand: str = ""
    model: str = ""
    gtin: str = ""
    description: str = ""
    category: str = ""
    currency: str = ""
    price: float = 0.0


@dataclass(slots=True)
class PairSet:
    """Records of both sides, each once, and pairs of them by row; `labels` is 1 for the same product, else 0.

    `files` says which rows each file named, in its order.
    """

    lefts: list[Record] = field(default_factory=list)
    rights: list[Record] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    files: list[list[int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pairs)

    def sides(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A number for the record on each side of every pair; a record of both sides has the same number."""
        numbers: dict[Record, int] = {}
        lefts = [numbers.setdefault(record, len(numbers)) for record in self.lefts]
        rights = [numbers.setdefault(record, len(numbers)) for record in self.rights]
        return np.array([lefts[i] for i, _ in self.pairs], dtype=np.int64), np.array(
            [rights[j] for _, j in self.pairs], dtype=np.int64
        )


def read_pairs(files: Sequence[Iterable[Mapping[str, str]]]) -> tuple[PairSet, list[SetAside]]:
    """Join several files of pairs into one set, each pair once, however many files name it.

    Records are told apart by their id and title. Rows without a title, with another label than 0 or 1, or with another
    label than the same pair had before, are set aside.
    """
    reader, aside = _Reader(), []
    for number, rows in enumerate(files, start=1):
        reader.found.files.append([])
        for line, row in enumerate(rows, start=2):
            if problem := _problem(row) or reader.take(row):
                aside.append(SetAside("match evaluate", f"pair in line {line}", problem, where=f"file {number}"))
    return reader.found, aside


def _problem(row: Mapping[str, str]) -> str:
    if any(not (row.get(name) or "").strip() for name in REQUIRED):
        return "a side has no title"
    return "" if row.get("label") in {"0", "1"} else f"label {row.get('label')!r} is neither 0 nor 1"


@dataclass(frozen=True, slots=True)
class _Reader:
    """What was read so far, and where each record and pair of it stands."""

    found: PairSet = field(default_factory=PairSet)
    lefts: dict[Record, int] = field(default_factory=dict)
    rights: dict[Record, int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, row: Mapping[str, str]) -> str:
        """Add a row of the newest file, or say why not."""
        found, label = self.found, int(row["label"])
        pair = (
            _place(_record(row, "left"), self.lefts, found.lefts),
            _place(_record(row, "right"), self.rights, found.rights),
        )
        place = self.pairs.setdefault(pair, len(found))
        if place == len(found):
            found.pairs.append(pair)
            found.labels.append(label)
        elif found.labels[place] != label:
            return f"label {label}, but the same pair was labelled {found.labels[place]} before"
        found.files[-1].append(place)
        return ""


def _place(record: Record, seen: dict[Record, int], records: list[Record]) -> int:
    if record not in seen:
        seen[record] = len(records)
        records.append(record)
    return seen[record]


def _record(row: Mapping[str, str], side: str) -> Record:
    def text(name: str) -> str:
        return (row.get(f"{side}_{name}") or "").strip()

    return Record(
        ident=text("id") or text("title"),
        title=text("title"),
        brand=text("brand"),
        model=text("model"),
        gtin=text("gtin"),
        description=text("description"),
        category=text("category"),
        currency=text("currency"),
        price=plain_number(text("price")),
    )


def plain_number(text: str) -> float:
    """A plain decimal, or 0 when the text is none."""
    try:
        value = float(text.replace(",", "").replace("$", "") or 0)
    except ValueError:
        return 0.0
    return value if 0 < value < 1e12 else 0.0
