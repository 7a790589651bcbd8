"""Offers that look like a product and are not: every trap, with and without our own GTIN on it, is for a person."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pricewatch.domain.match import MatchKind
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product
from pricewatch.matching.guards import objections
from pricewatch.matching.identifiers import check_digit
from pricewatch.matching.judge import Judgement, MatchVerdict, OfferJudge
from pricewatch.matching.model import MatchModel
from pricewatch.matching.settings import MatchingSettings

BRANDS = ("Ovio", "Boren", "Kelvar", "Mirado", "Zorn", "Tessel", "Linoa", "Morano", "Wilko", "Dekora", "Voltar", "Lumo",
          "Motar", "Terano", "Rodano", "Sekura", "Fenestra", "Fortis", "Heimat", "Weissa", "Rechna")  # fmt: skip


@dataclass(frozen=True)
class Trap:
    """A line of traps.csv with what the judge says of it."""

    language: str
    trap: str
    ours: str
    theirs: str
    kind: str
    factor: str
    judged: Judgement | None

    @property
    def accepted(self) -> bool:
        """Whether it would be taken for the same product without a person."""
        found = self.judged
        return found is not None and found.verdict is MatchVerdict.ACCEPT and found.kind is MatchKind.EXACT


def read() -> list[dict[str, str]]:
    """The lines of traps.csv."""
    with (Path(__file__).parent / "traps.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def gtin(number: int) -> str:
    body = f"590123{number:06d}"
    return body + check_digit(body)


def brand(title: str) -> str:
    return next((name for name in BRANDS if name in title), "")


def judged(rows: list[dict[str, str]], *, numbered: bool) -> Iterator[Trap]:
    """Each offer beside its product, as sites show them: each site one of the offers."""
    model, settings = MatchModel.shipped(), MatchingSettings()
    numbers = [gtin(number) if numbered else "" for number in range(len(rows))]
    products = [
        Product(f"P-{number}", row["ours"], TaxRate(2300), brand=brand(row["ours"]), gtin=key)
        for number, (row, key) in enumerate(zip(rows, numbers, strict=True))
    ]
    items = [
        Item(ItemKey(f"shop{number}", "x"), "", title=row["theirs"], brand=brand(row["theirs"]), gtin=key)
        for number, (row, key) in enumerate(zip(rows, numbers, strict=True))
    ]
    found = OfferJudge(products, model=model, settings=settings).judge(items)
    for product, row, judgements in zip(products, rows, found, strict=True):
        yield Trap(**row, judged=next((one for one in judgements if one.sku == product.sku), None))


@pytest.fixture(scope="module", name="numbered")
def with_our_number() -> list[Trap]:
    """All lines, the offers under our own GTIN."""
    return list(judged(read(), numbered=True))


@pytest.fixture(scope="module", name="plain")
def by_title_alone() -> list[Trap]:
    """All lines, by title and brand alone."""
    return list(judged(read(), numbered=False))


def table(numbered: list[Trap], plain: list[Trap]) -> str:
    """How many of each kind of trap a guard names, and how many would be accepted."""
    count = Counter(one.trap for one in numbered)
    named = Counter(one.trap for one in numbered if objections(one.ours, one.theirs))
    taken, alone = (Counter(one.trap for one in found if one.accepted) for found in (numbered, plain))
    lines = [f"{'trap':14}{'pairs':>7}{'named':>7}{'taken, equal GTIN':>19}{'taken, title':>14}"]
    return "\n".join([*lines, *(f"{it:14}{count[it]:7}{named[it]:7}{taken[it]:19}{alone[it]:14}" for it in count)])


def test_no_trap_is_taken_for_the_same_product(numbered: list[Trap], plain: list[Trap]) -> None:
    """Over 300 traps of 22 kinds in five languages; an equal GTIN doesn't help them."""
    sys.stdout.write(table(numbered, plain) + "\n")
    traps = [one for one in (*numbered, *plain) if one.trap != "same"]
    assert len(traps) > 2 * 300
    assert [(one.ours, one.theirs) for one in traps if one.accepted] == []


def test_true_matches_pass(numbered: list[Trap]) -> None:
    """The same product in other words, in each language, under its GTIN: nothing speaks against it."""
    same = [one for one in numbered if one.trap == "same"]
    assert len(same) >= 30
    assert [(one.ours, one.theirs, one.judged) for one in same if not one.accepted] == []


@pytest.mark.parametrize("kind", ["pack", "equivalent"])
def test_packs_and_worn_goods_are_told(numbered: list[Trap], kind: str) -> None:
    """A pack with how many of ours it holds; a used, refurbished or shown one as an equivalent."""
    said = [one for one in numbered if one.kind == kind]
    assert len(said) >= 20
    for one in said:
        assert one.judged is not None
        assert (one.judged.kind.value, one.judged.factor) == (kind, int(one.factor or 1)), one.theirs
