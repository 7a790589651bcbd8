"""Prices on paper: rendered by a PDF engine, read back by a barcode reader, as a shop's customers would."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pypdfium2
import pytest
import zxingcpp

from pricewatch.domain.decision import Announcement, Coupon, PriceEntry, Terms, UnitPrice
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.paper.letters import leaflet, newsletter_html, newsletter_text
from pricewatch.paper.sheets import Grid, grid, labels, legible, posters
from pricewatch.paper.tags import Chosen, Tags, tags_in

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VAT = TaxRate(2300)
POLAND = PriceGroup("pl", "PL", "PLN", "Europe/Warsaw")
ALL = Chosen()
GTINS = ("5901234123457", "5907170001965", "40170725")


def zloty(text: str) -> Money:
    return Money.parse(text, "PLN")


def entry(
    sku: str, price: str = "1249.99", *, version: int = 3, prior: str = "", terms: Terms | None = None
) -> PriceEntry:
    told = Announcement(zloty(prior), NOW - timedelta(days=1), NOW + timedelta(days=6)) if prior else None
    return PriceEntry(
        version, sku, "pl", zloty(price), VAT, None, None, 1, "rule", "anna", NOW, announcement=told,
        terms=terms or Terms(),
    )  # fmt: skip


def product(sku: str, name: str = "Żółta gęś", gtin: str = "", **more: str) -> Product:
    return Product(sku, name, VAT, gtin=gtin, **more)


def printed(products: list[Product], entries: list[PriceEntry], chosen: Chosen = ALL) -> Tags:
    return tags_in({each.sku: each for each in products}, {each.sku: each for each in entries}, POLAND, chosen, at=NOW)


def words(pdf: bytes) -> list[str]:
    """The text of each page, as a reader could copy it."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


def barcodes(pdf: bytes) -> list[str]:
    """What a scanner sees on all pages at 300 dpi."""
    with pypdfium2.PdfDocument(pdf) as document:
        pictures = [page.render(scale=300 / 72, grayscale=True).to_numpy() for page in document]
    return sorted(found.text for picture in pictures for found in zxingcpp.read_barcodes(picture))


def test_a_label_says_what_the_law_wants() -> None:
    """Price, price a unit, and beside a reduction the lowest price of the 30 days before it."""
    terms = Terms(unit=UnitPrice(zloty("2499.98"), "1 kg"), loyalty=zloty("1199"), coupon=Coupon("ZIMA", zloty("999")))
    tags = printed([product("G-1", gtin=GTINS[0])], [entry("G-1", prior="1399.00", terms=terms)])
    text = " ".join(words(labels(tags, Grid(90, 60)))[0].split())
    for said in (
        "Żółta gęś", "1249,99 zł", "2499,98 zł / 1 kg", "Promocja do 28.11.2026", "Z kodem ZIMA: 999,00 zł",
        "Z kartą stałego klienta: 1199,00 zł", "G-1 · 22.11.2026 · 3",
    ):  # fmt: skip
        assert said in text
    assert "Najniższa cena z 30 dni przed obniżką: 1399,00 zł" in text


@pytest.mark.parametrize("layout", [Grid(), Grid(30, 20), Grid(40, 25), Grid(50, 30), Grid(105, 74)])
def test_a_scanner_reads_every_label(layout: Grid) -> None:
    """EAN-13 and EAN-8, at all usual sizes; a code that is no GTIN gets no bars."""
    goods = [product(f"G-{n}", gtin=code) for n, code in enumerate((*GTINS, "5901234123450", "not a code", ""))]
    pdf = labels(printed(goods, [entry(each.sku) for each in goods]), layout)
    assert barcodes(pdf) == sorted(GTINS)


def test_a_poster_is_a_page_a_product() -> None:
    """Large on its page, with the sentence of the law whole and a barcode."""
    goods = [product("G-1", gtin=GTINS[0]), product("G-2", gtin=GTINS[1])]
    pdf = posters(printed(goods, [entry("G-1", prior="1399.00"), entry("G-2", "9.99")]), "A5")
    first, second = words(pdf)
    assert "Najniższa cena z 30 dni przed obniżką: 1399,00 zł" in " ".join(first.split())
    assert "9,99 zł" in second
    assert "Najniższa" not in second
    assert barcodes(pdf) == sorted(GTINS[:2])


def test_everything_that_has_to_be_said_fits() -> None:
    """A small label with all kinds of terms is set smaller; no line stands on another one."""
    terms = Terms(unit=UnitPrice(zloty("2499.98"), "1 kg"), loyalty=zloty("1199"), coupon=Coupon("ZIMA", zloty("999")))
    tags = printed(
        [product("G-1", "Wiertarka udarowa z walizką", GTINS[0])], [entry("G-1", prior="1399.00", terms=terms)]
    )
    with pypdfium2.PdfDocument(labels(tags, Grid(50, 30))) as document:
        page = document[0].get_textpage()
        boxes = sorted({page.get_rect(number) for number in range(page.count_rects())}, key=lambda box: -box[1])
        left = [box for box in boxes if box[0] < 80]
        assert all(upper[1] >= lower[3] - 1 for upper, lower in itertools.pairwise(left))
        assert page.get_text_bounded().replace("\r\n", " ").count("1399,00") == 1


@pytest.mark.parametrize(
    ("country", "currency"), [("PL", "PLN"), ("DE", "EUR"), ("NL", "EUR"), ("CZ", "CZK"), ("IE", "EUR")]
)
def test_the_smallest_label_says_it_all_in_every_language(country: str, currency: str) -> None:
    """The sentence of the law, the price for a unit, for members and with a coupon stand whole beside the barcode."""

    def money(text: str) -> Money:
        return Money.parse(text, currency)

    told = Announcement(money("15999.00"), NOW - timedelta(days=1), NOW + timedelta(days=5))
    terms = Terms(money("12000.00"), Coupon("WIELKANOC2026", money("11999.00")), UnitPrice(money("17332.00"), "1 kg"))
    made = replace(entry("G-1"), gross=money("12999.00"), announcement=told, terms=terms)
    market = PriceGroup("pl", country, currency, "Europe/Warsaw")
    tags = tags_in({"G-1": product("G-1", "Wiertarka " * 20, gtin=GTINS[0])}, {"G-1": made}, market, ALL, at=NOW)
    for pdf in (labels(tags, Grid(30, 20)), posters(tags, "A6")):
        text = " ".join(words(pdf)[0].split())
        assert all(said in text for said in (tags.tags[0].told, *tags.tags[0].terms))
        assert barcodes(pdf) == [GTINS[0]]


def test_sheets_go_on_over_pages() -> None:
    """24 labels of 70 × 37 fit on a page: 49 products need three."""
    goods = [product(f"G-{n}") for n in range(49)]
    pages = words(labels(printed(goods, [entry(each.sku) for each in goods]), Grid()))
    assert [page.count("1249,99") for page in pages] == [24, 24, 1]


def test_no_name_pushes_the_price_away() -> None:
    """A name of 4,000 letters, emoji and control characters is cut; the price stands whole."""
    hostile = "🔥\x00\x1b[31m" + "Bardzo długa nazwa " * 220
    tags = printed([product("G-1", hostile, GTINS[0])], [entry("G-1", "123456.78")])
    for pdf in (labels(tags, Grid(40, 25)), posters(tags, "A6")):
        text = words(pdf)[0]
        assert "123456,78 zł" in text
        assert "…" in text
        assert "\x1b" not in text


def test_only_what_was_asked_for_is_printed() -> None:
    """Named products, changes after a version, announced reductions; unknown ones are set aside."""
    goods = [product("G-1"), product("G-2"), product("G-3")]
    entries = [entry("G-1", version=2), entry("G-2", version=5, prior="1399.00")]
    assert [tag.sku for tag in printed(goods, entries).tags] == ["G-1", "G-2"]
    assert [tag.sku for tag in printed(goods, entries, Chosen(since=2)).tags] == ["G-2"]
    assert [tag.sku for tag in printed(goods, entries, Chosen(reduced=True)).tags] == ["G-2"]
    named = printed(goods, entries, Chosen(("G-1", "G-3", "X")))
    assert [tag.sku for tag in named.tags] == ["G-1"]
    assert [(each.item, each.reason) for each in named.set_aside] == [
        ("G-3", "has no price in the price list"),
        ("X", "is not in the catalogue"),
    ]


@pytest.mark.parametrize("size", ["10x10", "70", "x", "300x300", "-70x37", "nanx37", "70x37x3"])
def test_a_size_that_cannot_be_printed_is_refused(size: str) -> None:
    """Before a sheet is wasted."""
    with pytest.raises(UsageError):
        grid(size, "A4")


class Seen(HTMLParser):
    """What a mail program would do with a snippet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_newsletter_is_only_what_was_meant() -> None:
    """Names are text, links are web addresses; the price is fixed, with its day, in both parts."""
    goods = [
        product("G-1", "<script>alert(1)</script> & Co", url="https://shop.example/g?a=1&b=2"),
        product("G-2", "Lampa\u202e", url="javascript:alert(1)", image_url="https://shop.example/l.jpg"),
    ]
    tags = printed(goods, [entry("G-1", prior="1399.00"), entry("G-2", "9.99")])
    seen = Seen()
    seen.feed(newsletter_html(tags))
    assert "script" not in seen.tags
    assert "<script>alert(1)</script> & Co" in seen.text
    assert seen.links == ["https://shop.example/g?a=1&b=2", "https://shop.example/l.jpg"]
    for part in (seen.text, newsletter_text(tags)):
        for said in (
            "1249,99 zł",
            "Promocja do 28.11.2026",
            "30 dni przed obniżką: 1399,00 zł",
            "Ceny z dnia 22.11.2026",
        ):
            assert said in part
    assert "javascript" not in newsletter_text(tags)
    assert "\u202e" not in newsletter_text(tags) + newsletter_html(tags)


def test_a_leaflet_is_a_table_that_no_spreadsheet_runs() -> None:
    """One line a product, amounts plain and as printed; formulas are defused."""
    tags = printed([product("G-1", "=cmd|' /C calc'!A0")], [entry("G-1", prior="1399.00")])
    (row,) = csv.DictReader(io.StringIO(leaflet(tags)))
    assert (row["price"], row["currency"], row["told"], row["version"]) == ("1249.99", "PLN", "1249,99 zł", "3")
    assert row["name"].startswith("'=")
    assert row["prior_price"] == "Najniższa cena z 30 dni przed obniżką: 1399,00 zł"


def test_a_name_that_the_font_cannot_write_is_set_aside_not_left_out() -> None:
    """A label without its name is worse than none; an emoji beside a name is no loss."""
    names = {"A": "日本語の商品", "B": "Żółta gęś 🪿", "C": "שולחן 120", "D": "Стол Ω 5 µm"}
    tags = legible(printed([product(sku, name) for sku, name in names.items()], [entry(sku) for sku in names]))
    assert [tag.sku for tag in tags.tags] == ["B", "D"]
    assert [item.item for item in tags.set_aside] == ["A", "C"]
    assert "日本語" in tags.set_aside[0].reason
    assert "Żółta gęś" in words(labels(tags, Grid()))[0]


def test_a_long_name_does_not_widen_a_newsletter() -> None:
    """A code of forty letters breaks inside its cell; the reductions of all products stay on a phone."""
    html = newsletter_html(printed([product("A", "X" * 40)], [entry("A")]))
    assert "overflow-wrap:anywhere" in html
