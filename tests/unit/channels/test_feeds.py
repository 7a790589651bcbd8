"""Feeds: written whole, checked, atomic, and read back by parsers that are not ours."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricewatch.channels.ceneo import CeneoFormat
from pricewatch.channels.csvfile import CsvFormat
from pricewatch.channels.feed import Feed
from pricewatch.channels.google import GoogleFormat
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable
from pricewatch.domain.listing import ChannelRole, Desired, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product

G = "{http://base.google.com/ns/1.0}"
COLUMNS = {"Symbol": "sku", "Nazwa": "name", "Cena": "price", "Netto": "net_price", "Stan": "availability"}


def product(sku="A1", **more):
    values = {
        "name": "Wiertarka <udarowa> & młot",
        "stock": 3,
        "brand": "Acme",
        "gtin": "5907170000011",
        "category": "Narzędzia > Wiertarki",
        "url": f"https://shop.example/p/{sku}",
        "image_url": "https://shop.example/i.jpg",
        **more,
    }
    return Product(sku=sku, tax=TaxRate(2300), **values)


def desired(sku="A1", price="1299.00", currency="PLN"):
    money = Money.parse(price, currency)
    return Desired("feed", sku, sku, 1, money, TaxRate(2300), floor=money, ceiling=None)


def layouts():
    return {
        "google": GoogleFormat(title="Sklep", link="https://shop.example", unknown_stock="leave_out"),
        "ceneo": CeneoFormat(),
        "csv": CsvFormat(delimiter=";", decimal=",", columns=COLUMNS),
    }


def feed(folder, kind, products, *, currency="PLN", max_shrink=50):
    assortment = Assortment({p.sku: p for p in products})
    return Feed(
        "feed", folder / "feeds" / f"out.{kind}", layouts()[kind], role=ChannelRole.ADVERT, currency=currency,
        max_shrink=max_shrink, assortment=lambda: assortment,
    )  # fmt: skip


def push(channel, *batch):
    return {r.remote_id: r for r in asyncio.run(channel.push(batch))}


def read(channel):
    async def everything():
        return {listing.sku: listing.payable async for listing in channel.listings()}

    return asyncio.run(everything())


@pytest.mark.parametrize("kind", ["google", "ceneo", "csv"])
def test_the_same_prices_make_the_same_file_in_whatever_order_they_come(tmp_path, kind):
    """Two days' feeds can be compared line by line."""
    files = []
    for folder, order in (("one", ("A1", "B2", "C3")), ("two", ("C3", "A1", "B2"))):
        channel = feed(tmp_path / folder, kind, [product(sku) for sku in order])
        push(channel, *(desired(sku) for sku in order))
        files.append((tmp_path / folder / "feeds" / f"out.{kind}").read_bytes())
    assert files[0] == files[1]


def test_google_is_what_the_specification_says(tmp_path):
    """An independent parser finds the fields, the price with its currency, and the text as it was."""
    push(feed(tmp_path, "google", [product()]), desired())
    item = ET.parse(tmp_path / "feeds" / "out.google").find("channel/item")
    fields = {e.tag.removeprefix(G): e.text for e in item}
    assert fields["price"] == "1299.00 PLN"
    assert fields["title"] == "Wiertarka <udarowa> & młot"
    assert (fields["id"], fields["availability"], fields["condition"]) == ("A1", "in_stock", "new")


def test_ceneo_is_what_the_description_says(tmp_path):
    """An independent parser finds offers with id, url, price, avail, category, name and named attributes."""
    push(feed(tmp_path, "ceneo", [product()]), desired())
    offer = ET.parse(tmp_path / "feeds" / "out.ceneo").find("group/o")
    assert dict(offer.attrib) == {
        "id": "A1", "url": "https://shop.example/p/A1", "price": "1299.00", "avail": "1", "set": "0", "stock": "3",
    }  # fmt: skip
    assert offer.findtext("name") == "Wiertarka <udarowa> & młot"
    assert {a.get("name"): a.text for a in offer.findall("attrs/a")} == {"Producent": "Acme", "EAN": "5907170000011"}


def test_csv_has_the_configured_columns_and_decimals(tmp_path):
    """Headers, order, delimiter and decimal comma are the shop's choice; the net price is exact."""
    push(feed(tmp_path, "csv", [product(name="Wiertarka; 2 szt.")]), desired())
    with (tmp_path / "feeds" / "out.csv").open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    assert rows == [list(COLUMNS), ["A1", "Wiertarka; 2 szt.", "1299,00", "1056,10", "in_stock"]]


@pytest.mark.parametrize("name", ["=1+1", "+48 123", "-5 %", "@cmd", "=HYPERLINK(1)"])
def test_csv_text_cannot_run_as_a_formula(tmp_path, name):
    """A cell that a spreadsheet would run is defused."""
    push(feed(tmp_path, "csv", [product(name=name)]), desired())
    assert f"'{name}" in (tmp_path / "feeds" / "out.csv").read_text()


def test_a_sku_that_looks_like_a_formula_reads_back_as_itself(tmp_path):
    """Defusing does not break the read-back."""
    channel = feed(tmp_path, "csv", [product("-1")])
    push(channel, desired("-1"))
    assert read(channel) == {"-1": Money.parse("1299.00", "PLN")}


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("google", {"url": ""}, "link to the product page"),
        ("google", {"image_url": "javascript:alert(1)"}, "image"),
        ("google", {"stock": None}, "stock is not known"),
        ("google", {"name": " "}, "title"),
        ("ceneo", {"category": ""}, "category"),
        ("ceneo", {"url": "ftp://x"}, "link"),
    ],
)
def test_what_breaks_a_rule_of_the_format_is_left_out_and_said(tmp_path, kind, change, words):
    """The item is refused with the rule; the others are in the feed."""
    channel = feed(tmp_path, kind, [replace(product(), **change), product("A2")])
    results = push(channel, desired(), desired("A2"))
    assert results["A1"].status is PushStatus.REFUSED
    assert words in results["A1"].message
    assert list(read(channel)) == ["A2"]


def test_a_product_that_left_the_catalogue_leaves_the_feed(tmp_path):
    """What we do not sell any more is not advertised."""
    channel = feed(tmp_path, "csv", [product()])
    assert push(channel, desired(), desired("GONE"))["GONE"].status is PushStatus.REFUSED
    assert list(read(channel)) == ["A1"]


def test_the_same_feed_again_does_not_touch_the_file(tmp_path):
    """Equal content is not written again."""
    channel = feed(tmp_path, "google", [product()])
    push(channel, desired())
    path = tmp_path / "feeds" / "out.google"
    before = path.stat()
    push(channel, desired())
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_feed_that_would_lose_most_of_its_items_is_not_written(tmp_path):
    """The last good one stays, and the message says how far it would shrink."""
    channel = feed(tmp_path, "csv", [product(f"A{n}") for n in range(10)])
    push(channel, *(desired(f"A{n}") for n in range(10)))
    with pytest.raises(ChannelRefused, match="from 10 to 4 items"):
        push(channel, *(desired(f"A{n}", "5.00") for n in range(4)))
    assert read(channel) == {f"A{n}": Money.parse("1299.00", "PLN") for n in range(10)}


def test_a_feed_that_does_not_read_back_keeps_the_last_good_one(tmp_path):
    """A layout that writes something else than it was asked is caught before the file is replaced."""

    class Broken(CeneoFormat):
        def write(self, stream, items):
            super().write(stream, [item._replace(price=item.price * 10) for item in items])

    good = feed(tmp_path, "ceneo", [product()])
    push(good, desired())
    good._layout = Broken()
    with pytest.raises(ChannelRefused, match="does not read back"):
        push(good, desired(price="5.00"))
    assert read(good) == {"A1": Money.parse("1299.00", "PLN")}
    assert [p.name for p in (tmp_path / "feeds").iterdir()] == ["out.ceneo"]


def test_a_folder_that_cannot_be_written_makes_the_channel_unavailable(tmp_path):
    """The path, the reason and a hint are said; nothing is lost."""
    (tmp_path / "feeds").write_text("a file is in the way")
    with pytest.raises(ChannelUnavailable, match="cannot be written"):
        push(feed(tmp_path, "csv", [product()]), desired())


def test_the_file_can_be_read_by_the_web_server(tmp_path):
    """Feeds are pulled by others: the file is readable for all."""
    push(feed(tmp_path, "csv", [product()]), desired())
    assert (tmp_path / "feeds" / "out.csv").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("currency", "price", "text"), [("JPY", "1299", "1299"), ("KWD", "1.234", "1.234")])
def test_other_currencies_keep_their_own_decimals(tmp_path, currency, price, text):
    """Money is formatted with exactly the decimals of its currency."""
    channel = feed(tmp_path, "google", [product()], currency=currency)
    push(channel, desired(price=price, currency=currency))
    assert f"<g:price>{text} {currency}</g:price>" in (tmp_path / "feeds" / "out.google").read_text()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.text(min_size=1, max_size=60), minor=st.integers(1, 10**9), kind=st.sampled_from(["google", "ceneo", "csv"])
)
def test_any_text_and_any_price_read_back_exactly(tmp_path, name, minor, kind):
    """Whatever stands in a name, the feed stays well-formed and the price exact."""
    channel = feed(tmp_path, kind, [product(name=name, description=name)], max_shrink=100)
    price = Money.parse(f"{minor // 100}.{minor % 100:02d}", "PLN")
    results = push(channel, desired(price=price.text))
    if results["A1"].status is PushStatus.ACCEPTED:
        assert read(channel) == {"A1": price}
        if kind != "csv":
            ET.parse(tmp_path / "feeds" / f"out.{kind}")
