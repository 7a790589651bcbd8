"""Rows of delimited text; a broken row never takes others with it."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

from pricewatch.scraping.sources.columns import fold, known
from pricewatch.scraping.sources.rows import LONGEST_ROW, Layout, Raw
from pricewatch.scraping.sources.unpack import STEP, Bounded, FeedError

DELIMITERS = ";,\t|"
CODEPAGES = ("cp1250", "iso8859_2", "cp1252")
SAMPLE = 20_000
# Letters beyond ASCII that each language writes; in the right code page nearly all are of one of them.
ALPHABETS = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýžľĺŕôä", "äöüß", "áéíóöőúüű", "ăâîșşțţ", "čćđšž", "àâæçèéêëîïôœùûüÿ", "áéíñóúü",
    "åäöøæ", "éëïöüèàç",
)  # fmt: skip
LONGEST_RECORD = 500  # lines; an opening quote that is never closed swallows all that follow
MAX_BROKEN = 5_000  # broken records, after which it counts as no table at all
MAX_COLUMNS = 2_000


def csv_rows(again: Callable[[], Bounded], layout: Layout) -> Iterator[Raw]:
    """Read a table; its delimiter is the one under which the header has most of the usual names."""
    encoding = encoding_of(again()) if layout.encoding == "auto" else layout.encoding
    try:
        text = io.TextIOWrapper(io.BufferedReader(again(), STEP), encoding, errors="replace", newline=None)
    except LookupError:
        raise FeedError(f"there is no encoding {encoding!r}") from None
    lines = _Lines(text)
    first = lines.header()
    delimiter = layout.delimiter
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, first = first.strip()[4], lines.header()  # what Excel writes for itself
    if delimiter == "auto":
        delimiter = _delimiter(first, layout)
    if layout.header:
        lines.put_back(first)
        names: Sequence[str] = layout.header
    else:
        names = _header(first, delimiter)
    yield from _records(lines, delimiter, names)


def encoding_of(stream: Bounded) -> str:
    """The encoding of a text: its mark, UTF-8 when all of it is, else the likeliest code page of Europe."""
    decoder, valid, first, high = codecs.getincrementaldecoder("utf-8")(), True, b"", bytearray()
    while data := stream.read(STEP):
        first = first or data[:4]
        if valid and not data.isascii():
            try:
                decoder.decode(data)
            except UnicodeDecodeError:
                valid = False
        if len(high) < SAMPLE and not data.isascii():
            high += bytes(byte for byte in data if byte >= 0x80)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if valid:
        return "utf-8-sig"
    return max(CODEPAGES, key=lambda name: _likeness(bytes(high), name))  # of equals Windows, the commoner


def _likeness(high: bytes, encoding: str) -> int:
    """How many of the bytes beyond ASCII are letters of one European language; signs of control count against it."""
    count = Counter(high[:SAMPLE].decode(encoding, "replace").lower())
    letters = max(sum(count[letter] for letter in alphabet) for alphabet in ALPHABETS)
    return letters - 2 * sum(times for c, times in count.items() if c == "\ufffd" or "\x80" <= c <= "\x9f")


class _Lines:
    """Lines that can be put back: those since the start of a record are remembered in `taken`."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.ended = True  # whether the last line had its line end

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_RECORD:
            raise csv.Error("unexpected end of data")
        line = self._back.popleft() if self._back else self._text.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        if len(line) >= LONGEST_ROW:
            raise FeedError(f"line {self.number + 1} is longer than {LONGEST_ROW:,} characters")
        self.taken.append(line)
        self.number += 1
        self.ended = line.endswith("\n")
        return line

    def header(self) -> str:
        """The next line that is not blank."""
        for line in self:
            self.taken.clear()
            if "\0" in line:
                raise FeedError("the file is binary, not text")
            if line.strip():
                return line
        raise FeedError("the file has no header line")

    def put_back(self, *lines: str) -> None:
        """Have lines come once more."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


def _header(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        names = next(csv.reader([line], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        raise FeedError(f"the header cannot be read: {error}") from None
    if len(names) > MAX_COLUMNS:
        raise FeedError(f"the header names {len(names):,} columns")
    return tuple(name.strip() or f"column {place}" for place, name in enumerate(names, 1))


def _delimiter(line: str, layout: Layout) -> str:
    def found(delimiter: str) -> tuple[int, int]:
        header = next(csv.reader([line[:100_000]], delimiter=delimiter), [])
        return (known(header, layout.columns) if len(header) > 1 else 0, len(header))

    return max(DELIMITERS, key=found)


def _records(lines: _Lines, delimiter: str, names: Sequence[str]) -> Iterator[Raw]:
    """Read record by record, and start anew at the next line after one that is broken."""
    if len(set(map(fold, names))) == 1 and len(names) > 1:
        raise FeedError("all columns have the same name")
    reader, broken, width = csv.reader(lines, delimiter=delimiter, strict=True), 0, len(names)
    while True:
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            start, rest = lines.number - len(lines.taken) + 1, lines.taken[1:]
            broken += 1
            if broken > MAX_BROKEN:
                raise FeedError(f"more than {MAX_BROKEN:,} lines cannot be read: {error}") from None
            lines.put_back(*rest)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield Raw(start, {}, _broken(str(error)))
            continue
        start = lines.number - len(lines.taken) + 1
        if len(cells) == width:
            unended = "" if lines.ended else names[-1]
            yield Raw(start, dict(zip(names, cells, strict=True)), unended=unended)
        elif len(cells) < width and not lines.ended:
            raise FeedError(f"line {start} ends in the middle")
        elif any(cell.strip() for cell in cells[width:]):
            yield Raw(start, {}, f"{len(cells)} cells under {width} columns")
        elif any(cell.strip() for cell in cells):
            yield Raw(start, dict(zip(names, cells, strict=False)))


def _broken(error: str) -> str:
    unclosed = error == "unexpected end of data"
    return "a quote that opens on this line is never closed" if unclosed else f"the line cannot be read: {error}"
