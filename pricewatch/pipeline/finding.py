"""Finding a product among very many by what a person types: SKU, GTIN, part number or words of its name.

What is searched is one long text a kind, a line a product: a million of them is 100 MB and takes milliseconds.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice

from rapidfuzz import fuzz, process, utils

from pricewatch.domain.product import Product, Sku

LIKE = 60.0  # of 100: how alike a name has to be to be offered as a near miss
MOST = 20_000  # products with the words that are looked at
FEW = 5_000  # products of which each is compared for near misses
_PIECES, _OF_PIECE = 12, 2_000
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Lines:
    """One line a product, and where each begins."""

    text: str
    starts: Sequence[int]

    @staticmethod
    def of(lines: Iterable[str]) -> Lines:
        """Put lines together; they have no line breaks of their own."""
        known = list(lines)
        starts = list(accumulate((len(line) + 1 for line in known), initial=0))[:-1]
        return Lines("\n" + "\n".join(known) + "\n", starts)

    def holding(self, part: str) -> Iterator[int]:
        """The numbers of the lines in which a text stands, each once."""
        at = self.text.find(part)
        while at >= 0:
            number = bisect_right(self.starts, at) - 1
            yield number
            at = self.text.find(part, self.text.index("\n", at + len(part) - 1))

    def equal(self, line: str) -> Iterator[int]:
        """The numbers of the lines that are this text."""
        at = self.text.find(f"\n{line}\n")
        while at >= 0:
            yield bisect_right(self.starts, at) - 1
            at = self.text.find(f"\n{line}\n", at + 1)

    def __getitem__(self, number: int) -> str:
        """One line."""
        start = self.starts[number] + 1
        return self.text[start : self.text.index("\n", start)]


@dataclass(frozen=True)
class Finder:
    """Looks for products; what it searches is made when it is first needed."""

    products: Mapping[Sku, Product]

    def find(self, query: str) -> tuple[Product, ...]:
        """The products that a query means: that with this SKU, else those with this GTIN, else those with this part
        number, else those with all its words (or beginnings of words) in name, brand or SKU, the shortest names first.
        """
        if query in self.products:
            return (self.products[query],)
        code, digits = _code(query), _digits(query)
        known = (self._codes, code), (self._gtins, digits), (self._mpns, code)
        for lines, wanted in known:
            if wanted and (rows := list(islice(lines.equal(wanted), MOST))):
                return tuple(self._all[row] for row in rows)
        return self._by_words(words(query))

    def _by_words(self, asked: Sequence[str]) -> tuple[Product, ...]:
        if not asked:
            return ()
        parts = sorted({f" {word}" for word in asked}, key=len, reverse=True)
        rows = (row for row in self._words.holding(parts[0]) if all(part in self._words[row] for part in parts[1:]))
        found = [self._all[row] for row in islice(rows, MOST)]
        return tuple(sorted(found, key=lambda product: (len(product.name), product.sku)))

    def near(self, query: str, limit: int) -> tuple[tuple[Sku, str], ...]:
        """The products whose names or SKUs are most like a query."""
        rows = range(len(self._all)) if len(self._all) <= FEW else self._alike(query)
        names = {row: f"{fold(self._all[row].name)} {fold(self._all[row].sku)}" for row in rows}
        best = process.extract(
            fold(query), names, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=LIKE
        )
        return tuple((self._all[row].sku, self._all[row].name) for _, _, row in best)

    def _alike(self, query: str) -> list[int]:
        """Of very many products those that have most pieces of words with a query in common."""
        pieces = {word[at : at + 3]: None for word in words(query) for at in range(max(len(word) - 2, 0))}
        counted: Counter[int] = Counter()
        for piece in islice(pieces, _PIECES):
            counted.update(islice(self._words.holding(piece), _OF_PIECE))
        return [row for row, _ in counted.most_common(FEW)]

    @cached_property
    def _all(self) -> tuple[Product, ...]:
        return tuple(self.products.values())

    @cached_property
    def _codes(self) -> Lines:
        return Lines.of(_code(product.sku) for product in self._all)

    @cached_property
    def _gtins(self) -> Lines:
        return Lines.of(_digits(product.gtin) for product in self._all)

    @cached_property
    def _mpns(self) -> Lines:
        return Lines.of(_code(product.mpn) for product in self._all)

    @cached_property
    def _words(self) -> Lines:
        return Lines.of(
            " " + " ".join(words(f"{product.name} {product.brand} {product.sku} {product.mpn}"))
            for product in self._all
        )  # fmt: skip


def fold(text: str) -> str:
    """Text without case and accents, so that `wiertarka udarowa` finds `WIERTARKA UDAROWA` and `mlotek` `Młotek`."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in spread if not unicodedata.combining(char))


def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded; letters and digits only."""
    return tuple("".join(char if char.isalnum() else " " for char in fold(text)).split())


def _code(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _digits(text: str) -> str:
    """A GTIN without blanks, hyphens and leading zeros; empty when it is none."""
    plain = "".join(char for char in text if char not in " -")
    return plain.lstrip("0") if plain.isascii() and plain.isdigit() and 8 <= len(plain) <= 14 else ""
