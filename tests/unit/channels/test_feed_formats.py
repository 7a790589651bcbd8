"""The feed formats of portals: what stands in the file, by parsers that are not ours, and what is kept out of it."""

from __future__ import annotations

import asyncio
import csv
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.errors import ConfigError
from pricewatch.domain.listing import Desired, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product
from pricewatch.located import build, parse

G = "{http://base.google.com/ns/1.0}"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VAT = TaxRate(2300)
MONEY = {"heureka": "CZK", "idealo": "EUR"}
SECTIONS = {
    "google": 'type = "google"\ntitle = "Shop"\nlink = "https://shop.example"',
    "google_tsv": 'type = "google"\nform = "tsv"',
    "meta": 'type = "meta"',
    "ceneo": 'type = "ceneo"',
    "skapiec": 'type = "skapiec"\ntitle = "Sklep & Co"\nlink = "https://shop.example"',
    "heureka": 'type = "heureka"\nrestock_days = 7',
    "idealo": (
        'type = "idealo"\ndelivery_time = "1-3 Werktage"\n'
        'delivery_costs = { dhl = "4.99" }\npayment_costs = { paypal = "0.00" }'
    ),
    "csv": 'type = "csv"',
    "template": (
        'type = "template"\nroot = "offers"\nitem = "offer"\nrequired = ["brand"]\nlongest = { title = 12 }\n'
        'words = { in_stock = "1", out_of_stock = "5" }\n[channels.x.columns]\noffer-id = "{sku}"\ntitle = "{name}"\n'
        'price = "{price} {currency}"\nwas = "{prior_price}"\nbrand = "{brand}"\navailability = "{availability}"\n'
        'ean = "{gtin|no EAN}"\ncolour = "{custom.colour}"\nshipping = "0.00"'
    ),
    "template_csv": (
        'type = "template"\nform = "csv"\ndelimiter = "|"\ndecimal = ","\n[channels.x.columns]\n'
        '"Oferta nr" = "{sku}"\nCena = "{price}"\nTytul = "{brand} {name}"'
    ),
}


def product(sku: str = "A1", **more: object) -> Product:
    values: dict[str, object] = {
        "name": "Wiertarka <udarowa> & młot",
        "stock": 3,
        "brand": "Acme",
        "gtin": "5907170000011",
        "mpn": "WU-7",
        "category": "Narzędzia > Wiertarki",
        "url": f"https://shop.example/p/{sku}",
        "image_url": "https://shop.example/i.jpg",
        "custom": {"colour": "red"},
        **more,
    }
    return Product(sku=sku, tax=VAT, **values)  # type: ignore[arg-type]


class Shop:
    """A catalogue with a price list, and one feed of it."""

    def __init__(self, folder: Path, kind: str, *products: Product, extra: str = "") -> None:
        self.now = NOW
        self.entries: dict[str, PriceEntry] = {}
        self.path = folder / "out.feed"
        self.currency = MONEY.get(kind, "PLN")
        head, *rest = SECTIONS[kind].partition("[channels.x.columns]")
        toml = f'[channels.x]\npath = "out.feed"\n{head}\n{extra}\n{"".join(rest)}'
        assortment = Assortment({each.sku: each for each in products})
        self.channel = build_channel(
            "x", build(ChannelSettings, parse(toml, "config.toml"), ("channels", "x")), currency=self.currency,
            folder=folder, stop_check=lambda: False, assortment=lambda: assortment, published=lambda: self.entries,
            now=lambda: self.now,
        )  # fmt: skip

    def announce(self, sku: str, price: str, prior: str, *, version: int = 1, ends: timedelta | None = None) -> None:
        """The price list sells at `price` and names `prior` beside it."""
        told = Announcement(self.money(prior), NOW - timedelta(days=1), NOW + ends if ends is not None else None)
        self.entries[sku] = PriceEntry(
            version, sku, "default", self.money(price), VAT, None, None, 1, "rule", "anna", NOW, announcement=told
        )

    def money(self, text: str) -> Money:
        return Money.parse(text, self.currency)

    def push(self, **prices: str) -> dict[str, str]:
        """Write the feed; the reasons why items were left out, by SKU."""
        batch = [Desired("x", sku, sku, 1, self.money(p), VAT, self.money(p), None) for sku, p in prices.items()]
        results = asyncio.run(self.channel.push(batch))
        return {r.remote_id: r.message for r in results if r.status is PushStatus.REFUSED}

    def shown(self) -> dict[str, str]:
        """What a buyer pays by the feed, read by the channel itself."""

        async def everything() -> dict[str, str]:
            return {each.sku: str(each.payable) async for each in self.channel.listings()}

        return asyncio.run(everything())

    def rows(self, delimiter: str = ",") -> list[dict[str, str]]:
        with self.path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream, delimiter=delimiter, strict=True))

    def xml(self) -> ET.Element:
        return ET.parse(self.path).getroot()


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_format_reads_back_what_it_wrote(kind: str, tmp_path: Path) -> None:
    """Two products with awkward names stand in the feed with their exact prices."""
    shop = Shop(tmp_path, kind, product(), product("B-2", name="=Młotek; \"5\" 'x' \u0000\n|tab\t"))
    assert shop.push(A1="1299.00", **{"B-2": "0.99"}) == {}
    code = shop.currency
    assert shop.shown() == {"A1": f"1299.00 {code}", "B-2": f"0.99 {code}"}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(min_size=1, max_size=40), minor=st.integers(1, 10**9), kind=st.sampled_from(sorted(SECTIONS)))
def test_any_text_and_price_survive_every_format(tmp_path: Path, text: str, minor: int, kind: str) -> None:
    """Whatever stands in the catalogue's texts, the price is exact, and XML is well-formed to another parser."""
    shop = Shop(tmp_path, kind, product(name=text, brand=text, description=text, category=text, mpn=text))
    price = Money(minor, shop.money("1").currency)
    if shop.push(A1=price.text) == {}:
        assert shop.shown() == {"A1": str(price)}
        if kind in {"google", "ceneo", "skapiec", "heureka", "template"}:
            shop.xml()


def test_an_announced_reduction_is_googles_sale_price(tmp_path: Path) -> None:
    """The prior price is the regular one, with the dates of the announcement, and a buyer pays the reduced one."""
    shop = Shop(tmp_path, "google", product())
    shop.announce("A1", "99.00", "129.00", ends=timedelta(days=7))
    shop.push(A1="99.00")
    fields = {e.tag.removeprefix(G): e.text for e in shop.xml().iterfind("channel/item/*")}
    assert (fields["price"], fields["sale_price"]) == ("129.00 PLN", "99.00 PLN")
    assert fields["sale_price_effective_date"] == "2026-11-21T12:00+0000/2026-11-29T12:00+0000"
    assert len(fields["sale_price_effective_date"]) <= 51
    assert shop.shown() == {"A1": "99.00 PLN"}


@pytest.mark.parametrize(("kind", "delimiter"), [("google_tsv", "\t"), ("meta", ",")])
def test_an_announced_reduction_in_a_table(kind: str, delimiter: str, tmp_path: Path) -> None:
    """Google's lines and Meta's say the same; a reduction without an end has no dates."""
    shop = Shop(tmp_path, kind, product(), product("A2"))
    shop.announce("A1", "99.00", "129.00", ends=timedelta(days=7))
    shop.announce("A2", "99.00", "129.00")
    shop.push(A1="99.00", A2="99.00")
    first, second = shop.rows(delimiter)
    assert (
        (first["price"], first["sale_price"]) == (second["price"], second["sale_price"]) == ("129.00 PLN", "99.00 PLN")
    )
    assert first["sale_price_effective_date"] == "2026-11-21T12:00+0000/2026-11-29T12:00+0000"
    assert second["sale_price_effective_date"] == ""
    assert shop.shown() == {"A1": "99.00 PLN", "A2": "99.00 PLN"}


def test_idealo_and_a_template_have_their_own_field_for_the_prior_price(tmp_path: Path) -> None:
    """The price stays what a buyer pays."""
    idealo = Shop(tmp_path, "idealo", product())
    idealo.announce("A1", "99.00", "129.00")
    idealo.push(A1="99.00")
    assert [(row["price"], row["formerPrice"]) for row in idealo.rows()] == [("99.00", "129.00")]
    own = Shop(tmp_path, "template", product())
    own.announce("A1", "99.00", "129.00")
    own.push(A1="99.00")
    assert (own.xml().findtext("offer/price"), own.xml().findtext("offer/was")) == ("99.00 PLN", "129.00")


def test_a_reduction_that_is_over_is_no_longer_shown(tmp_path: Path) -> None:
    """After its end the feed as it stands shows the prior price, so that it counts as drifted and is written anew."""
    shop = Shop(tmp_path, "google", product())
    shop.announce("A1", "99.00", "129.00", ends=timedelta(days=7))
    shop.push(A1="99.00")
    shop.now = NOW + timedelta(days=8)
    assert shop.shown() == {"A1": "129.00 PLN"}
    shop.push(A1="99.00")
    assert shop.shown() == {"A1": "99.00 PLN"}
    assert b"sale_price" not in shop.path.read_bytes()


@pytest.mark.parametrize(
    ("price", "prior", "version"),
    [("99.00", "99.00", 1), ("99.00", "89.00", 1), ("98.00", "129.00", 1), ("99.00", "129.00", 2)],
)
def test_only_the_price_lists_own_reduction_is_announced(price: str, prior: str, version: int, tmp_path: Path) -> None:
    """Not one of another price or version, and never a prior price that is not above the price."""
    shop = Shop(tmp_path, "meta", product())
    shop.announce("A1", price, prior, version=version)
    shop.push(A1="99.00")
    assert [(row["price"], row["sale_price"]) for row in shop.rows()] == [("99.00 PLN", "")]


def test_meta_is_what_its_reference_says(tmp_path: Path) -> None:
    """Words with blanks for the stock, prices with their currency."""
    shop = Shop(tmp_path, "meta", product(), product("A2", stock=0))
    shop.push(A1="1299.00", A2="5.00")
    first, second = shop.rows()
    assert first["title"] == "Wiertarka <udarowa> & młot"
    assert (first["availability"], second["availability"]) == ("in stock", "out of stock")
    assert (first["condition"], first["price"], first["brand"]) == ("new", "1299.00 PLN", "Acme")


def test_heureka_is_what_its_specification_says(tmp_path: Path) -> None:
    """SHOP holds SHOPITEMs with the price including tax, a category path and the days until it is sent."""
    shop = Shop(tmp_path, "heureka", product(), product("A2", stock=0), product("A3", stock=None))
    shop.push(A1="1299.00", A2="5.00", A3="6.00")
    items = shop.xml().findall("SHOPITEM")
    assert shop.xml().tag == "SHOP"
    first = {e.tag: e.text for e in items[0]}
    assert (first["ITEM_ID"], first["PRICE_VAT"], first["EAN"]) == ("A1", "1299.00", "5907170000011")
    assert (first["CATEGORYTEXT"], first["PRODUCTNO"]) == ("Narzędzia | Wiertarki", "WU-7")
    assert [item.findtext("DELIVERY_DATE") for item in items] == ["0", "7", None]


def test_skapiec_lists_its_categories_before_its_items(tmp_path: Path) -> None:
    """Each item's category stands in the list, under an id that a later feed has too."""
    shop = Shop(tmp_path, "skapiec", product(), product("A2"), product("A3", category="Ogród"))
    shop.push(A1="1.00", A2="2.00", A3="3.00")
    root = shop.xml()
    assert [child.tag for child in root] == ["version", "header", "category", "data"]
    assert (root.findtext("version"), root.findtext("header/name"), root.findtext("header/time")) == (
        "12.0", "Sklep & Co", "2026-11-22",
    )  # fmt: skip
    names = {e.findtext("catid"): e.findtext("catname") for e in root.iterfind("category/catitem")}
    used = [names[item.findtext("catid")] for item in root.iterfind("data/item")]
    assert used == ["Narzędzia > Wiertarki", "Narzędzia > Wiertarki", "Ogród"]
    shop.push(A1="1.00", A2="2.00")
    assert shop.xml().findtext("data/item/catid") in names


def test_idealo_has_a_column_for_each_cost(tmp_path: Path) -> None:
    """What delivery and payment cost comes from the settings."""
    shop = Shop(tmp_path, "idealo", product())
    shop.push(A1="1299.00")
    row = shop.rows()[0]
    assert (row["deliveryCosts_dhl"], row["paymentCosts_paypal"]) == ("4.99", "0.00")
    assert row["deliveryTime"] == "1-3 Werktage"
    assert (row["sku"], row["brand"], row["eans"], row["hans"]) == ("A1", "Acme", "5907170000011", "WU-7")


def test_a_template_is_filled_and_never_run(tmp_path: Path) -> None:
    """Fields, fallbacks, words for the stock and cut text; braces in a product's text stay what they are."""
    shop = Shop(tmp_path, "template", product(name="{sku} {price} long", gtin="", stock=0))
    shop.push(A1="9.99")
    offer = {e.tag: e.text for e in shop.xml().iterfind("offer/*")}
    assert offer == {
        "offer-id": "A1", "title": "{sku} {pric…", "price": "9.99 PLN", "brand": "Acme", "availability": "5",
        "ean": "no EAN", "colour": "red", "shipping": "0.00",
    }  # fmt: skip
    table = Shop(tmp_path, "template_csv", product())
    table.push(A1="9.99")
    assert table.rows("|") == [{"Oferta nr": "A1", "Cena": "9,99", "Tytul": "Acme Wiertarka <udarowa> & młot"}]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ('id = "{sku}"', "one for the price"),
        ('id = "{sku}"\nprice = "{price}"\nx = "{cost}"', "no field 'cost'"),
        ('id = "{sku}"\nprice = "{price}"\nx = "{sku.__class__}"', "no field"),
        ('id = "{sku}"\nprice = "{price}"\nx = "{sku"', "brace stands alone"),
        ('"a b" = "{sku}"\nprice = "{price}"', "no name for an element"),
    ],
)
def test_a_template_that_cannot_work_is_refused_at_once(columns: str, words: str) -> None:
    """The configuration's check names what is wrong."""
    toml = f'[channels.x]\ntype = "template"\npath = "x.xml"\n[channels.x.columns]\n{columns}\n'
    with pytest.raises(ConfigError, match=words):
        build(ChannelSettings, parse(toml, "config.toml"), ("channels", "x"))


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("google", {"sku": "x" * 51}, "at most 50 characters"),
        ("google_tsv", {"sku": "=1"}, "formula"),
        ("meta", {"brand": "", "gtin": "", "mpn": ""}, "brand, a GTIN or a part number"),
        ("meta", {"image_url": ""}, "image"),
        ("meta", {"stock": None}, "stock is not known"),
        ("meta", {"sku": "+1"}, "formula"),
        ("skapiec", {"brand": " "}, "producer"),
        ("skapiec", {"category": ""}, "category"),
        ("heureka", {"sku": "A/1"}, "letters without accents"),
        ("heureka", {"sku": "x" * 37}, "36"),
        ("heureka", {"url": "https://shop.example/" + "x" * 300}, "at most 300"),
        ("heureka", {"image_url": "https://shop.example/" + "x" * 255}, "at most 255"),
        ("idealo", {"brand": ""}, "brand"),
        ("idealo", {"stock": 0}, "delivered"),
        ("template", {"brand": ""}, "brand is empty"),
    ],
)
def test_what_breaks_a_published_rule_is_set_aside_with_the_reason(
    kind: str, change: dict[str, object], words: str, tmp_path: Path
) -> None:
    """The others are written."""
    bad = replace(product("BAD"), **change)  # type: ignore[arg-type]
    shop = Shop(tmp_path, kind, product(), bad)
    reasons = shop.push(**{"A1": "5.00", bad.sku: "6.00"})
    assert list(reasons) == [bad.sku]
    assert words in reasons[bad.sku]
    assert list(shop.shown()) == ["A1"]


@pytest.mark.parametrize("kind", SECTIONS)
def test_no_name_turns_the_price_after_it_around(kind: str, tmp_path: Path) -> None:
    """Characters that change the direction of text, and byte order marks, stay out of every feed."""
    turning = "Lampa\u202e \u2066x\u200f\ufeff"
    shop = Shop(tmp_path, kind, product(name=turning, description=turning, brand=turning, category=turning))
    assert shop.push(A1="9.99") == {}
    assert not set("\u202e\u2066\u200f\ufeff") & set(shop.path.read_text("utf-8"))


@pytest.mark.parametrize("kind", SECTIONS)
@pytest.mark.parametrize("stock", [0, -3])
def test_nothing_that_is_oversold_is_advertised_as_there(kind: str, stock: int, tmp_path: Path) -> None:
    """A stock below zero, as shops have it after overselling, is no stock."""
    shop = Shop(tmp_path, kind, product(stock=stock))
    if shop.push(A1="9.99"):
        assert kind == "idealo"
        return
    text = shop.path.read_text("utf-8")
    assert not any(said in text for said in ("in_stock", "in stock", 'avail="1"', "<DELIVERY_DATE>0<", str(-3)))


@pytest.mark.parametrize(("kind", "code"), [("skapiec", "EUR"), ("heureka", "PLN"), ("idealo", "PLN")])
def test_a_currency_that_a_portal_does_not_take_is_refused(kind: str, code: str, tmp_path: Path) -> None:
    """No feed is written with prices that would be read as another currency's."""
    shop = Shop(tmp_path, kind, product(), extra=f'currency = "{code}"')
    shop.currency = code
    assert code in shop.push(A1="5.00")["A1"]
    assert not shop.path.exists()


def test_the_gzip_variant_holds_the_same_bytes(tmp_path: Path) -> None:
    """It is written with the plain file, stays untouched with it, and comes back when it was deleted."""
    shop = Shop(tmp_path, "google", product(), extra="gzip = true")
    packed = shop.path.with_name("out.feed.gz")
    shop.push(A1="5.00")
    assert gzip.decompress(packed.read_bytes()) == shop.path.read_bytes()
    before = packed.stat().st_ino
    shop.push(A1="5.00")
    assert packed.stat().st_ino == before
    packed.unlink()
    shop.push(A1="5.00")
    shop.push(A1="6.00")
    assert b"6.00 PLN" in gzip.decompress(packed.read_bytes())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.feed", "out.feed.gz"]


@pytest.mark.parametrize("kind", ["google", "ceneo", "skapiec", "heureka", "template"])
def test_a_feed_with_a_document_type_is_not_read(kind: str, tmp_path: Path) -> None:
    """Entities that grow without end are refused before they do: the file counts as broken and is written anew."""
    shop = Shop(tmp_path, kind, product())
    shop.push(A1="5.00")
    good = shop.path.read_text()
    head, rest = good.split("\n", 1)
    shop.path.write_text(f'{head}\n<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>\n{rest}')
    assert shop.shown() == {}
    shop.push(A1="5.00")
    assert shop.path.read_text() == good
