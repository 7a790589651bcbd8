"""What stands beside a price in feeds: for members, with a coupon, for a unit, and when it is delivered."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.decision import Coupon, Terms, UnitPrice
from pricewatch.domain.errors import ConfigError
from pricewatch.domain.listing import Beside, Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product
from pricewatch.located import build, parse

G = "{http://base.google.com/ns/1.0}"
VAT = TaxRate(2300)
GOOGLE = 'type = "google"\ntitle = "Shop"\nlink = "https://shop.example"'
IDEALO = (
    'type = "idealo"\ndelivery_time = "1-3"\ndelivery_costs = { dhl = "4.99" }\npayment_costs = { paypal = "0.00" }'
)
COLUMNS = """type = "csv"
[channels.x.columns]
sku = "sku"
price = "price"
club = "loyalty_price"
code = "coupon_code"
with_code = "coupon_price"
each = "unit_price"
per = "unit"
sent = "delivery"
"""


def settings(section: str) -> ChannelSettings:
    head, _, columns = section.partition("[channels.x.columns]")
    text = f'{head}\npath = "feed.out"\n' + (f"[columns]{columns}" if columns else "")
    return build(ChannelSettings, parse(text, "t"))


def channel(section: str, folder: Path, currency: str, custom: Mapping[str, str] | None = None):
    url = "https://shop.example/a"
    more = {"custom": custom or {}, "image_url": f"{url}.jpg"}
    product = Product("A", "Wine", VAT, stock=3, brand="Acme", category="Wine", url=url, **more)
    made = settings(section)
    return build_channel(
        "feed", made, currency=currency, folder=folder, stop_check=lambda: False,
        assortment=lambda: Assortment({"A": product}),
    )  # fmt: skip


def written(
    section: str,
    folder: Path,
    currency: str = "PLN",
    custom: Mapping[str, str] | None = None,
    delivery: str = "24 h",
) -> Path:
    def money(text: str) -> Money:
        return Money.parse(text, currency)

    terms = Terms(money("27.00"), Coupon("SPRING", money("25.00")), UnitPrice(money("40.00"), "1 l"))
    wish = Desired("feed", "A", "A", 1, money("30.00"), VAT, money("1.00"), None, terms=terms, delivery=delivery)
    asyncio.run(channel(section, folder, currency, custom).push([wish]))
    return folder / "feed.out"


def test_google_shows_the_price_of_the_loyalty_programme_that_is_named(tmp_path):
    """The member price stands with the labels of programme and tier; without a programme there is none."""
    programme = f'{GOOGLE}\nloyalty_program = "club"\nloyalty_tier = "gold"'
    found = ET.parse(written(programme, tmp_path)).find(f".//{G}loyalty_program")
    assert [(e.tag.removeprefix(G), e.text) for e in found] == [
        ("program_label", "club"), ("tier_label", "gold"), ("price", "27.00 PLN"),
    ]  # fmt: skip
    assert ET.parse(written(GOOGLE, tmp_path)).find(f".//{G}loyalty_program") is None


@pytest.mark.parametrize(
    ("content", "measures"),
    [
        ("0,75 l", ("0.75l", "1l")),
        ("6 x 330 ML", ("1.98l", "1l")),
        ("500 g", ("", "")),
        ("a lot", ("", "")),
        ("", ("", "")),
    ],
)
@pytest.mark.parametrize("form", ["xml", "tsv"])
def test_google_works_out_the_price_for_a_unit_from_the_content(content, measures, form, tmp_path):
    """What is in a piece stands beside the price where our unit price is for the same unit."""
    section = f'{GOOGLE}\ncontent_column = "content"\nform = "{form}"'
    path = written(section, tmp_path, custom={"content": content})
    if form == "tsv":
        with path.open(encoding="utf-8", newline="") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        assert (row["unit_pricing_measure"], row["unit_pricing_base_measure"]) == measures
        return
    item = ET.parse(path).find(".//item")
    names = ("unit_pricing_measure", "unit_pricing_base_measure")
    assert tuple(item.findtext(f"{G}{name}") or "" for name in names) == measures
    assert Beside.UNIT in channel(section, tmp_path, "PLN").capabilities.carries


@pytest.mark.parametrize(
    "more", ['loyalty_program = "club"', 'loyalty_program = "a"\nloyalty_tier = "b"\nform = "tsv"']
)
def test_half_a_loyalty_programme_is_refused(more):
    """A label without a tier, or lines instead of XML, is a mistake in the configuration."""
    with pytest.raises(ConfigError):
        settings(f"{GOOGLE}\n{more}")


def test_idealo_shows_the_base_price(tmp_path):
    """The price for a unit stands in its own column."""
    with written(IDEALO, tmp_path, "EUR").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["basePrice"] == "40.00 EUR / 1 l"


def test_heureka_shows_the_coupon(tmp_path):
    """The code and the price that it gives."""
    voucher = ET.parse(written('type = "heureka"', tmp_path, "CZK")).find(".//SALES_VOUCHER")
    assert (voucher.findtext("CODE"), voucher.findtext("DESC")) == ("SPRING", "25.00 CZK")


def test_a_file_of_ones_own_design_says_all_of_it(tmp_path):
    """Every part of the terms is a field, and so is the delivery time."""
    with written(COLUMNS, tmp_path).open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {
        "sku": "A", "price": "30.00", "club": "27.00", "code": "SPRING", "with_code": "25.00", "each": "40.00",
        "per": "1 l", "sent": "24 h",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("section", "places"),
    [
        (GOOGLE, {Beside.ANNOUNCEMENT, Beside.STOCK, Beside.DELIVERY}),
        ('type = "ceneo"', {Beside.STOCK, Beside.DELIVERY}),
        ('type = "heureka"', {Beside.COUPON, Beside.STOCK, Beside.DELIVERY}),
        (IDEALO, {Beside.ANNOUNCEMENT, Beside.UNIT, Beside.DELIVERY}),
        (COLUMNS, {Beside.LOYALTY, Beside.COUPON, Beside.UNIT, Beside.DELIVERY}),
    ],
    ids=["google", "ceneo", "heureka", "idealo", "csv"],
)
def test_a_feed_declares_what_it_has_a_place_for(section, places, tmp_path):
    """What it does not carry is a declared difference."""
    assert channel(section, tmp_path, "PLN").capabilities.carries == places


@pytest.mark.parametrize(
    ("section", "currency", "column", "text"),
    [
        (GOOGLE, "PLN", f"{G}max_handling_time", "2"),
        ('type = "ceneo"', "PLN", "@avail", "3"),
        ('type = "heureka"', "CZK", "DELIVERY_DATE", "2"),
    ],
    ids=["google", "ceneo", "heureka"],
)
def test_the_delivery_time_is_said_in_the_portals_own_form(section, currency, column, text, tmp_path):
    """Words of the catalogue become days, or the code for the next longer time."""
    tree = ET.parse(written(section, tmp_path, currency, delivery="1-2 days"))
    found = [e.get(column[1:]) for e in tree.iter("o")] if column[0] == "@" else [e.text for e in tree.iter(column)]
    assert found == [text]
