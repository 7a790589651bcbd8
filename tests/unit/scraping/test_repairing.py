"""A definition after its site's layout changed: the new selectors, or why not; never those of another product."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricewatch.domain.offer import PriceRole, SiteKind
from pricewatch.located import build, parse
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.learn_edit import diff, with_hints
from pricewatch.scraping.learn_repair import Case, Known, Repair, repair, same_title
from pricewatch.scraping.site import SiteDefinition

DRILL, SANDER, SAW = "Wiertarka Bosch GSB 13 RE", "Szlifierka Makita BO4556", "Piła tarczowa Metabo KS55"
HINTS = ReadHints.model_validate({"prices": {"regular": [".member-price"]}})
SITE = SiteContext(name="shop", locale="pl-PL", currency="PLN", hints=HINTS)
OLD = '<div class="buy"><p class="member-price">{}</p></div><p class="price">999,00 zł</p>'
NEW = '<section data-testid="club-total"><span>{}</span></section><p class="price">999,00 zł</p>'
GTIN = "<p>EAN: {}</p>"


def page(name: str, inner: str, path: str, **more: object) -> Page:
    url = f"https://shop.example{path}"
    html = f'<html lang="pl"><head><title>{name}</title></head><body><h1>{name}</h1>{inner}</body></html>'
    return Page(url, url, 200, {}, html.encode(), datetime(2026, 11, 22, tzinfo=UTC), **more)  # type: ignore[arg-type]


def case(
    name: str, was: str, inner: str, *, path: str = "/p/1", now_called: str = "", gtin: str = "", stated: str = ""
) -> Case:
    """A page that once asked `was` for an item, and what it shows now."""
    known = Known(
        f"https://shop.example{path}", name, gtin, (("shop", Decimal(was)),),
        kept=page(name, OLD.format(f"{was.replace('.', ',')} zł"), path), stated=Decimal(stated) if stated else None,
    )  # fmt: skip
    return Case(known, page(now_called or name, inner, path))


def zloty(amount: str) -> str:
    return NEW.format(f"{amount} zł")


def read(found: Repair, shown: Case) -> str:
    assert found.hints is not None
    reading = read_page(shown.page, replace(SITE, hints=found.hints))
    return reading.price.text if reading.price else "none"


def test_several_pages_agree_on_the_new_selector() -> None:
    """Titles and prices are those that were known: the new selector reads every page, and the broken one is named."""
    cases = [case(DRILL, "129.00", zloty("129,00")), case(SANDER, "87.50", zloty("87,50"), path="/p/2")]
    found = repair(cases, SITE)
    assert found.reason == ""
    assert found.hints is not None
    assert found.hints.prices == {PriceRole.REGULAR: ('[data-testid="club-total"] > span',)}
    assert "`.member-price` finds nothing any more; on the page that was kept it found '129,00 zł'" in found.notes
    assert [read(found, each) for each in cases] == ["129.00", "87.50"]


def test_a_price_that_moved_since_is_accepted_where_another_page_anchors_it() -> None:
    """One page still shows its old price; the other's has moved as prices do, and is read at the same spot."""
    cases = [case(DRILL, "129.00", zloty("129,00")), case(SANDER, "87.50", zloty("79,90"), path="/p/2")]
    found = repair(cases, SITE)
    assert found.reason == ""
    assert read(found, cases[1]) == "79.90"


def test_a_price_that_jumped_is_not_accepted() -> None:
    """What the same spot says on the second page is nowhere near its last price: nothing is proposed."""
    cases = [case(DRILL, "129.00", zloty("129,00")), case(SANDER, "87.50", zloty("870,00"), path="/p/2")]
    found = repair(cases, SITE)
    assert "too far from 87.50" in found.reason


def test_nothing_to_repair_is_said() -> None:
    """Pages that read as before need no change."""
    found = repair([case(DRILL, "129.00", OLD.format("135,00 zł"))], SITE)
    assert (found.hints, found.reason) == (None, "")
    assert found.checked[0].now == (Decimal("135.00"),)


def test_selectors_that_find_nothing_are_named_where_the_reader_is_right_without() -> None:
    """The new layout is read rightly by itself, at the known prices: nothing has to change, and the rest is told."""
    cases = [case(DRILL, "129.00", '<p class="price">129,00 zł</p>'),
             case(SANDER, "87.50", '<p class="price">87,50 zł</p>', path="/p/2")]  # fmt: skip
    found = repair(cases, SITE)
    assert (found.hints, found.reason) == (None, "")
    assert "`.member-price` finds nothing any more" in found.notes[0]


# --- never onto another product --------------------------------------------------------------------------------

TILES = "".join(
    f'<div class="tile"><a href="/p/{at}"><h3>{name}</h3></a><span class="club">{price} zł</span></div>'
    for at, (name, price) in enumerate(
        ((SAW, "{}"), ("Wyrzynarka Skil 4900", "212,00"), ("Kątówka Yato 82", "99,00")), 7
    )
)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (case(DRILL, "129.00", zloty("129,00"), now_called=SANDER), f"another product: '{SANDER}', not '{DRILL}'"),
        (case(DRILL, "129.00", zloty("129,00"), now_called="Wiertarka Bosch GSB 16 RE"), "another product"),
        (case(DRILL, "129.00", zloty("129,00") + GTIN.format("4006381333931"), gtin="5901234123457"),
         "its GTIN is 4006381333931, not 5901234123457"),
        (case(DRILL, "129.00", "<p>Produkt niedostępny</p>" + TILES.replace("{}", "129,00")), "name today's price"),
        (case(DRILL, "129.00", zloty("139,00") + TILES.replace("{}", "129,00")), "name today's price"),
        (case(DRILL, "129.00", "<p class='price'><del>129,00 zł</del></p><p class='foo'>99,00 zł</p>"), "name today's"),
        (case(DRILL, "129.00", "<p>Najniższa cena z 30 dni: 129,00 zł</p>"), "name today's price"),
        (case(DRILL, "129.00", "<p>Nic tu nie ma</p>"), "name today's price"),
    ],
)  # fmt: skip
def test_another_products_price_is_never_taken(shown: Case, words: str) -> None:
    """Another title, another GTIN, a related tile with the very price, an old price: each is told, none is healed."""
    found = repair([shown], SITE)
    assert found.hints is None or found.reason
    assert words in found.reason


def test_one_page_with_a_second_likely_price_is_not_enough() -> None:
    """The old price stands there, and a plainer one beside it, which may be today's: a person has to say."""
    shown = case(DRILL, "129.00", '<p class="price">119,00 zł</p><div class="odd"><b>129,00 zł</b></div>')
    found = repair([shown], SITE)
    assert "129" in found.reason or "which may be today's" in found.reason


def test_pages_that_show_other_products_are_left_out_of_it() -> None:
    """A redirected page has no say; the others still agree."""
    cases = [case(DRILL, "129.00", zloty("129,00")), case(SANDER, "87.50", zloty("55,00"), path="/p/2", now_called=SAW),
             case(SAW, "412.00", zloty("412,00"), path="/p/3")]  # fmt: skip
    found = repair(cases, SITE)
    assert found.reason == ""
    assert [item.fault.partition(":")[0] for item in found.checked] == ["", "", "it shows another product"]


def test_pages_that_need_different_selectors_are_refused() -> None:
    """Two pages, two layouts: no one selector reads both, so none is proposed."""
    other = '<section id="elsewhere"><em>{}</em></section><p class="price">999,00 zł</p>'
    cases = [case(DRILL, "129.00", zloty("129,00")), case(SANDER, "87.50", other.format("87,50 zł"), path="/p/2")]
    assert repair(cases, SITE).reason


def test_todays_price_settles_what_was_not_sure() -> None:
    """When a person names today's price of the page, its spot is learned."""
    shown = case(DRILL, "129.00", zloty("159,00") + TILES.replace("{}", "129,00"), stated="159")
    found = repair([shown], SITE)
    assert found.reason == ""
    assert read(found, shown) == "159.00"


@pytest.mark.parametrize("body", [b"", b"\x00\x01" * 900, b"<h1>Just a moment...</h1><div id=cf-challenge></div>"])
def test_rubbish_repairs_nothing(body: bytes) -> None:
    """Empty, binary and blocked pages are told apart from a changed layout."""
    shown = case(DRILL, "129.00", zloty("129,00"))
    found = repair([Case(shown.known, replace(shown.page, body=body))], SITE)
    assert found.hints is None
    assert "no page still shows what it showed before" in found.reason


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("Wiertarka Bosch GSB 13 RE", "Wiertarka Bosch GSB 13 RE - Sklep Narzędzia", True),
        ("Wiertarka Bosch GSB 13 RE", "Bosch GSB 13 RE wiertarka", True),
        ("Wiertarka Bosch GSB 13 RE", "Wiertarka Bosch GSB 16 RE", False),
        ("iPhone 15 128 GB", "iPhone 15 256 GB", False),
        ("Kabel HDMI", "Kabel HDMI 2.1", False),
        ("Wiertarka Bosch", "Szlifierka Makita", False),
        ("Lina w kinie Punto Play - Santiago", "Nasze życie w kinie Punto Play - Santiago", False),
        ("", "Wiertarka", False),
    ],
)
def test_titles_of_one_item(before: str, now: str, same: bool) -> None:
    """Other words around a title do no harm; another number in it does."""
    assert same_title(before, now) is same


# --- offer rows ------------------------------------------------------------------------------------------------


def test_rows_are_found_again_by_their_sellers() -> None:
    """A comparison's rows in new markup: known sellers at known prices lead to row, seller, price and delivery."""
    offers = (("Alfa Sklep", "129,00"), ("Beta Market", "135,50"), ("Gamma", "140,00"))
    rows = "".join(
        f'<article class="Row_x__{tail}"><b class="Who_x__{tail}">{name}</b>'
        f'<i class="Sum_x__{tail}">{price} zł</i></article>'
        for (name, price), tail in zip(offers, ("aB3dE", "xY9zQ", "kL2mN"), strict=True)
    )
    hints = ReadHints(offers=OfferRowHints(row="li.offer", seller=(".shop",), price=(".p",)))
    context = replace(SITE, kind=SiteKind.COMPARISON, hints=hints)
    known = Known(
        "https://shop.example/p/1", DRILL, "", tuple((n, Decimal(p.replace(",", "."))) for n, p in offers[:2])
    )
    found = repair([Case(known, page(DRILL, rows, "/p/1"))], context)
    assert found.reason == ""
    assert found.hints is not None
    assert found.hints.offers.row == '[class*="Row_x__"]'
    assert found.hints.offers.seller == ('[class*="Who_x__"]',)


# --- the file --------------------------------------------------------------------------------------------------

FILE = """# Our notes on the shop.
name = "shop"  # as in reports
domains = ["shop.example"]

[read]
ignore = [".ads"]  # they blink

[read.prices]
# found by hand in March
regular = [".member-price"]
was = [".old"]

[terms]
verdict = "allowed"
"""


def test_a_change_leaves_the_rest_of_the_file_alone() -> None:
    """Only the broken selector's line differs; comments, order and other keys stay."""
    before = build(SiteDefinition, parse(FILE, "shop.toml")).read
    after = before.model_copy(update={"prices": {PriceRole.REGULAR: ("#total",), PriceRole.WAS: (".old",)}})
    text = with_hints(FILE, before, after)
    assert text == FILE.replace('".member-price"', '"#total"')
    assert build(SiteDefinition, parse(text, "shop.toml")).read == after
    lines = diff(FILE, text, "scrapers/shop.toml").split("\n")
    assert lines[:2] == ["--- a/scrapers/shop.toml", "+++ b/scrapers/shop.toml"]
    assert [line for line in lines[3:] if line[0] in "+-"] == ['-regular = [".member-price"]', '+regular = ["#total"]']


def test_new_tables_are_added_and_empty_ones_go() -> None:
    """Rows where there were none, and no price selectors any more."""
    before = build(SiteDefinition, parse(FILE, "shop.toml")).read
    rows = OfferRowHints(row=".line", seller=("img@alt",), price=("b",))
    after = before.model_copy(update={"prices": {PriceRole.WAS: (".old",)}, "offers": rows, "decimal": ","})
    text = with_hints(FILE, before, after)
    assert build(SiteDefinition, parse(text, "shop.toml")).read == after
    assert "# they blink" in text
