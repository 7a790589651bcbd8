"""Reasons as a shape and numbers: the words once for all products of one kind, the numbers of each in a few bytes.

A shape is the ordered reasons of a decision with places for its numbers; a plan of a million products has some
hundreds. The numbers and the readings of one product are zigzag variable-length integers, 7 bits a byte, the values of
the shape first and the readings after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.domain.decision import Reason
from pricewatch.pricing.frame import MISSING, Codes, Ints
from pricewatch.pricing.values import percent_text

NUMBER, MONEY, PERCENT = "#", "$", "%"
NONE = -1  # in place of a place

Piece: TypeAlias = str | tuple[str, str]
"""Words, or how to write a number and its name."""
Bytes: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A reason with names in place of numbers; `seen` names where the readings it used begin and end."""

    step: str
    pieces: tuple[Piece, ...]
    before: str = ""
    after: str = ""
    rule: str = ""
    seen: tuple[str, str] | None = None


Line: TypeAlias = tuple[str, tuple[str | tuple[str, int], ...], int, int, str, tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """The reasons of every decision of one kind; each line is a phrase with places in the values instead of names."""

    lines: tuple[Line, ...]
    size: int  # how many values there are before the readings

    def reasons(self, data: bytes, exponent: int) -> tuple[Reason, ...]:
        """The reasons of one decision from its numbers."""
        numbers = unpacked(data)
        values, seen = numbers[: self.size], numbers[self.size :]
        return tuple(_reason(line, values, seen, exponent) for line in self.lines)

    def plain(self) -> tuple[tuple[str, str], ...]:
        """Step and words of each reason, an ellipsis in place of numbers."""
        return tuple(
            (step, "".join(piece if isinstance(piece, str) else "…" for piece in pieces))
            for step, pieces, *_ in self.lines
        )

    def written(self) -> list[Any]:
        """The shape as lists, texts and numbers."""
        return [self.size, *([*line] for line in self.lines)]

    @classmethod
    def read(cls, data: Sequence[Any]) -> Shape:
        """What was written."""
        size, *lines = data
        return cls(tuple(map(_line, lines)), size)


def _line(data: Sequence[Any]) -> Line:
    step, pieces, before, after, rule, seen = data
    read = tuple(piece if isinstance(piece, str) else (piece[0], piece[1]) for piece in pieces)
    return step, read, before, after, rule, None if seen is None else (seen[0], seen[1])


def shape_of(phrases: Iterable[Phrase]) -> tuple[Shape, tuple[str, ...]]:
    """The shape of some phrases, and the names of its values in their order."""
    places: dict[str, int] = {}

    def place(name: str) -> int:
        return places.setdefault(name, len(places)) if name else NONE

    lines: list[Line] = [
        (
            phrase.step,
            tuple(piece if isinstance(piece, str) else (piece[0], place(piece[1])) for piece in phrase.pieces),
            place(phrase.before),
            place(phrase.after),
            phrase.rule,
            None if phrase.seen is None else (place(phrase.seen[0]), place(phrase.seen[1])),
        )
        for phrase in phrases
    ]
    return Shape(tuple(lines), len(places)), tuple(places)


def told(reasons: Sequence[Reason]) -> tuple[Shape, bytes]:
    """Reasons that were put into words already: only what stands beside the words is numbers."""
    values: dict[str, int] = {}
    seen: list[int] = []
    phrases = []
    for number, reason in enumerate(reasons):
        amounts = {"before": reason.before, "after": reason.after}
        names = {name: f"{name} {number}" if amount is not None else "" for name, amount in amounts.items()}
        values |= {names[name]: amount for name, amount in amounts.items() if amount is not None}
        ends = (f"first {number}", f"last {number}")
        if reason.observations:
            values |= {ends[0]: len(seen), ends[1]: len(seen) + len(reason.observations)}
            seen += reason.observations
        phrases.append(
            Phrase(reason.step, (reason.text,), rule=reason.rule, seen=ends if reason.observations else None, **names)
        )
    shape, order = shape_of(phrases)
    numbers = np.array([*(values[name] for name in order), *seen], dtype=np.int64)
    return shape, packed(numbers, np.array([0, len(numbers)]))[0].tobytes()


def _reason(line: Line, values: Sequence[int], seen: Sequence[int], exponent: int) -> Reason:
    step, pieces, before, after, rule, ends = line
    text = "".join(
        piece if isinstance(piece, str) else _written(piece[0], values[piece[1]], exponent) for piece in pieces
    )
    used: tuple[int, ...] = ()
    if ends is not None:
        used = tuple(seen[0 if ends[0] == NONE else values[ends[0]] : values[ends[1]]])
    return Reason(step, text, _value(values, before), _value(values, after), rule, used)


def _value(values: Sequence[int], place: int) -> int | None:
    return None if place == NONE or values[place] == MISSING else values[place]


def amount_text(minor: int, exponent: int) -> str:
    """Write minor units with the decimals of their currency."""
    sign, (whole, rest) = "-" * (minor < 0), divmod(abs(minor), 10**exponent)
    return f"{sign}{whole}.{rest:0{exponent}d}" if exponent else f"{sign}{whole}"


def _written(how: str, value: int, exponent: int) -> str:
    if how == MONEY:
        return amount_text(value, exponent)
    return percent_text(value) if how == PERCENT else str(value)


# --- numbers as bytes ------------------------------------------------------------------------------------------


def packed(numbers: Ints, starts: Ints) -> tuple[Bytes, Ints]:
    """Numbers as bytes, and where the bytes of each row begin (`starts` says where its numbers do)."""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    sizes = np.ones(len(zigzag), dtype=np.int64)
    for bits in range(7, 64, 7):
        sizes += zigzag >= np.uint64(1 << bits)
    ends = np.concatenate(([0], np.cumsum(sizes)))
    found = np.empty(int(ends[-1]), dtype=np.uint8)
    rows, place = np.arange(len(zigzag)), ends[:-1]
    while len(rows):
        left = zigzag[rows] >> np.uint64(7)
        more = left > 0
        found[place] = (zigzag[rows] & np.uint64(127)) | (more.astype(np.uint64) << np.uint64(7))
        zigzag[rows] = left
        rows, place = rows[more], place[more] + 1
    return found, ends[starts]


def unpacked(data: bytes) -> list[int]:
    """The numbers of one row."""
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        if byte & 128:
            shift += 7
        else:
            found.append((value >> 1) ^ -(value & 1))
            value, shift = 0, 0
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """Readings for each row: those of row i are `keys[starts[i]:]`, as many as its shape asks for."""

    keys: Ints
    starts: Ints


def pack_rows(
    shape: Codes, names: Mapping[int, Sequence[str]], columns: Mapping[str, Ints], parts: Sequence[Seen], counts: Ints
) -> tuple[Bytes, Ints]:
    """The values of all rows by the names of their shapes, then `counts[part][row]` readings of each part."""
    width = np.zeros(len(shape), dtype=np.int64)
    for number, wanted in names.items():
        width[shape == number] = len(wanted)
    starts = np.concatenate(([0], np.cumsum(width + counts.sum(axis=0))))
    flat = np.empty(int(starts[-1]), dtype=np.int64)
    for number, wanted in names.items():
        rows = np.flatnonzero(shape == number)
        for place, name in enumerate(wanted):
            flat[starts[rows] + place] = columns[name][rows]
    at = starts[:-1] + width
    for part, count in zip(parts, counts, strict=True):
        inner = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        flat[np.repeat(at, count) + inner] = part.keys[np.repeat(part.starts, count) + inner]
        at = at + count
    return packed(flat, starts)
