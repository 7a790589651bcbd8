"""Identifiers match by themselves; everything else asks a person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product
from pricewatch.matching.guards import objections
from pricewatch.matching.judge import Judgement, MatchVerdict, OfferJudge
from pricewatch.matching.model import MatchModel
from pricewatch.matching.said import said
from pricewatch.matching.settings import MatchingSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VAT = TaxRate(2300)
DRILL = Product(
    "D-1", "Wiertarka udarowa Boren GSB 13 RE 600 W", VAT, brand="Boren", gtin="5901234123457", mpn="GSB13RE"
)
SAW = Product("S-1", "Pilarka tarczowa Boren PKS 55", VAT, brand="Boren", mpn="PKS-55")
PHONE = Product("P-1", "Smartfon Ovio A5 128 GB czarny", VAT, brand="Ovio")


def item(
    title: str = "", *, name: str = "x", gtin: str = "", brand: str = "", mpn: str = "", site: str = "shop"
) -> Item:
    return Item(ItemKey(site, name), f"https://shop.example/{name}", title=title, gtin=gtin, brand=brand, mpn=mpn)


def judge(
    *items: Item, products: tuple[Product, ...] = (DRILL, SAW, PHONE), answers: tuple[Match, ...] = ()
) -> list[Judgement]:
    """Everything that is worth a person's look, or none at all."""
    judged = OfferJudge(products, model=MatchModel.shipped(), settings=MatchingSettings(), answers=answers)
    return [one for found in judged.judge(items) for one in found if one.verdict is not MatchVerdict.REJECT]


def test_the_same_gtin_is_accepted() -> None:
    """A valid GTIN on both sides needs no person."""
    (found,) = judge(item("Boren GSB 13 RE", gtin="05901234123457"))
    assert (found.sku, found.verdict, found.method) == ("D-1", MatchVerdict.ACCEPT, "gtin")
    assert "5901234123457" in found.reasons[0]


def test_what_is_not_looked_at_closely_is_nobodys_best() -> None:
    """The best judgement of each item is the one that it would be if the guards spoke about every pair."""
    items = [
        item("Boren GSB 13 RE", name="a", gtin="05901234123457"),
        item("Pilarka Boren PKS 66", name="b"),
        item("Smartfon Ovio A5 256 GB", name="c", brand="Ovio"),
        item("Krzesło biurowe", name="d"),
        item("Wiertarka Boren", name="e"),
    ]
    products, model = (DRILL, SAW, PHONE), MatchModel.shipped()
    kept, all_of_them = (
        [found[:1] for found in OfferJudge(products, model=model, settings=asked).judge(items)]
        for asked in (MatchingSettings(), MatchingSettings(suggest=0, max_suggestions=100))
    )
    assert [[(one.sku, one.probability, one.reasons) for one in best] for best in kept] == [
        [(one.sku, one.probability, one.reasons) for one in best] for best in all_of_them
    ]
    assert sum(map(len, kept)) >= 4


def test_brand_and_part_number_together_are_accepted() -> None:
    """Separators and case of a part number don't matter; the brand must agree."""
    (found,) = judge(item("Boren PKS55", brand="BOREN", mpn="pks 55"))
    assert (found.sku, found.verdict, found.method) == ("S-1", MatchVerdict.ACCEPT, "mpn")


def test_a_part_number_of_another_brand_is_not() -> None:
    """PKS 55 by somebody else is at most a suggestion by its title."""
    assert all(found.verdict is MatchVerdict.ASK for found in judge(item("Pilarka PKS 55", brand="Zorn", mpn="PKS-55")))


@pytest.mark.parametrize(
    "title",
    [
        "Wiertarka Boren GSB 13 RE 2-pack",
        "Wiertarka Boren GSB 13 RE odnowiona",
        "Etui do wiertarki Boren GSB 13 RE",
        "Wiertarka Boren GSB 13 RE + walizka",
        "Wiertarka Boren GSB 13 RE 750 W",
    ],
)
def test_an_equal_gtin_is_not_enough_against_a_trap_in_the_title(title: str) -> None:
    """Packs, worn goods, accessories, bundles and other sizes go to a person with the reason."""
    (found,) = judge(item(title, gtin="5901234123457"))
    assert found.verdict is MatchVerdict.ASK
    assert len(found.reasons) > 1


def test_a_gtin_that_two_of_our_products_share_is_left_to_a_person() -> None:
    """Which of the two is meant is not ours to guess."""
    twin = Product("D-2", "Wiertarka Boren GSB 13 RE walizka", VAT, gtin="5901234123457")
    found = judge(item("Boren GSB 13 RE", gtin="5901234123457"), products=(DRILL, twin))
    assert {pair.sku for pair in found} == {"D-1", "D-2"}
    assert all(pair.verdict is MatchVerdict.ASK for pair in found)


def test_a_gtin_that_one_shop_puts_on_everything_is_ignored() -> None:
    """A default value is no identifier."""
    items = [item(f"Rzecz numer {n}", name=str(n), gtin="5901234123457") for n in range(5)]
    assert not any(found.method == "gtin" for found in judge(*items))


def test_titles_alone_are_only_suggested() -> None:
    """However alike two titles are, a person answers."""
    found = judge(item("Ovio A5 smartfon 128GB czarny"))
    assert found[0].sku == "P-1"
    assert {pair.verdict for pair in found} == {MatchVerdict.ASK}


def test_a_rejected_pair_is_not_suggested_again() -> None:
    """A person's no is final for that pair, whatever the identifiers say."""
    trap = item("Boren GSB 13 RE", gtin="5901234123457")
    no = Match("D-1", trap.key, MatchStatus.REJECTED, decided_by="anna", decided_at=NOW)
    assert all(found.sku != "D-1" for found in judge(trap, answers=(no,)))


def test_an_accepted_pair_is_left_alone() -> None:
    """Nothing is judged again after a person's yes."""
    known = item("Boren GSB 13 RE", gtin="5901234123457")
    yes = Match("S-1", known.key, MatchStatus.ACCEPTED, decided_by="anna", decided_at=NOW)
    assert judge(known, answers=(yes,)) == []


def test_worn_goods_are_never_the_same_product() -> None:
    """Not even under an equal GTIN."""
    (found,) = judge(item("Wiertarka Boren GSB 13 RE używana", gtin="5901234123457"))
    assert (found.kind, found.verdict) == (MatchKind.EQUIVALENT, MatchVerdict.ASK)


def test_another_gtin_lowers_confidence_and_is_named() -> None:
    """The same title under another trustworthy number is for a person."""
    (found, *_) = judge(item("Boren GSB 13 RE", brand="Boren", mpn="GSB13RE", gtin="4006381333931"))
    assert found.verdict is MatchVerdict.ASK
    assert any("another GTIN" in reason for reason in found.reasons)


@pytest.mark.parametrize(("gtin", "why"), [("0000000000000", "repeated"), ("2012345678903", "in-store")])
def test_a_number_that_is_not_used_is_named_with_the_reason(gtin: str, why: str) -> None:
    """Placeholders and in-store numbers don't count, and the match says so."""
    (found, *_) = judge(item("Boren PKS55", brand="BOREN", mpn="pks 55", gtin=gtin))
    assert found.verdict is MatchVerdict.ACCEPT
    assert any("is not used" in reason and why in reason for reason in found.reasons)


def test_a_bigger_pack_is_a_pack_with_its_factor() -> None:
    """Two of ours in one of theirs compare by unit."""
    (found,) = judge(item("Wiertarka Boren GSB 13 RE 2 szt", gtin="5901234123457"))
    assert (found.kind, found.factor) == (MatchKind.PACK, 2)


@pytest.mark.parametrize(
    ("title", "pieces"),
    [
        ("Bateria AA 4 szt.", 4),
        ("10er Pack AAA", 10),
        ("zestaw 3 kubków", 3),
        ("Dysk 2x8 GB", 1),
        ("sada 6 ks", 6),
        ("Krem 2x200ml", 2),
    ],
)
def test_pack_sizes_are_read_in_each_language(title: str, pieces: int) -> None:
    """Polish, German, Czech and English ways to say how many."""
    assert said(title).pack == pieces


def test_equal_sizes_in_other_units_are_no_conflict() -> None:
    """0.5 l is 500 ml; 128 GB is not 256 GB."""
    assert objections("Sok 0,5 l", "Sok 500 ml") == ()
    assert objections("Telefon 128 GB", "Telefon 256 GB") == ("256 gb against 128 gb",)


@given(st.text(max_size=200), st.text(max_size=40), st.text(max_size=40))
def test_any_title_is_judged_without_an_exception(title: str, gtin: str, mpn: str) -> None:
    """Emoji, mixed scripts and empty titles end in a judgement or in none."""
    for found in judge(item(title, gtin=gtin, brand="Boren", mpn=mpn)):
        assert 0 <= found.probability <= 10_000
