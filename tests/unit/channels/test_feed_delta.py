"""Feed deltas: what changed since a full feed, never older than it, and counted anew in time."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product
from pricewatch.located import build, parse

VAT = TaxRate(2300)
CSV = 'type = "csv"\npath = "shop.csv"\ndelta = true\nmax_shrink = 100'


class Scene:
    """A feed of three products, and time that is pushed."""

    def __init__(self, folder, section=CSV):
        self.folder, self.at = folder, datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
        url = "https://shop.example/a"
        more = {"stock": 3, "category": "Tools", "brand": "Acme", "url": url, "image_url": f"{url}.jpg"}
        self.products = {sku: Product(sku, f"Item {sku}", VAT, **more) for sku in "ABC"}
        self.prices = dict.fromkeys("ABC", "10.00")
        self.settings = build(ChannelSettings, parse(section, "t"))

    def write(self):
        feed = build_channel(
            "feed", self.settings, currency="PLN", folder=self.folder, stop_check=lambda: False,
            assortment=lambda: Assortment(self.products), now=lambda: self.at,
        )  # fmt: skip
        floor = Money.parse("1.00", "PLN")
        wishes = [Desired("feed", s, s, 1, Money.parse(p, "PLN"), VAT, floor, None) for s, p in self.prices.items()]
        return asyncio.run(feed.push(wishes))

    def delta(self, name="shop.delta.csv"):
        with (self.folder / name).open(newline="") as stream:
            return {row["sku"]: row["price"] for row in csv.DictReader(stream)}

    def note(self):
        return json.loads((self.folder / "shop.delta.json").read_text())


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_it_holds_what_changed_since_the_full_feed_and_nothing_else(scene):
    """Empty at first; then the new price, the new stock and the new product, as often as it is written."""
    scene.write()
    assert (scene.delta(), scene.note()["items"]) == ({}, 0)
    scene.prices["A"] = "11.00"
    scene.products["B"] = replace(scene.products["B"], stock=0)
    scene.products["D"], scene.prices["D"] = replace(scene.products["C"], sku="D"), "12.00"
    for _ in range(2):
        scene.at += timedelta(hours=1)
        scene.write()
        assert scene.delta() == {"A": "11.00", "B": "10.00", "D": "12.00"}
    assert scene.note()["since"] == "2026-11-22T08:00:00+00:00"


def test_what_left_the_feed_stands_in_the_note(scene):
    """No format can say that a product is gone, so the note does."""
    scene.write()
    del scene.prices["B"]
    scene.write()
    assert (scene.delta(), scene.note()["removed"]) == ({}, ["B"])


def test_changes_are_counted_anew_after_a_day(scene):
    """Then the full feed of that moment is what the delta is of, even when nothing changed since."""
    scene.write()
    scene.prices["A"] = "11.00"
    scene.write()
    scene.at += timedelta(hours=24)
    scene.write()
    assert (scene.delta(), scene.note()["since"]) == ({}, "2026-11-23T08:00:00+00:00")
    scene.prices["B"] = "12.00"
    scene.write()
    assert scene.delta() == {"B": "12.00"}


@pytest.mark.parametrize("rubbish", [b"", b"yesterday\n", b"2026-11-22T08:00:00+00:00\nno line\n", b"\xff\xfe"])
def test_a_base_that_cannot_be_read_counts_anew(scene, rubbish):
    """Rubbish in its place is no reason to stop, and none to guess."""
    scene.write()
    (scene.folder / ".shop.csv.base").write_bytes(rubbish)
    scene.prices["A"] = "11.00"
    scene.write()
    assert (scene.delta(), scene.note()["removed"]) == ({}, [])


def test_the_compressed_variant_is_the_same_file(tmp_path):
    """With gzip, the delta has one too."""
    scene = Scene(tmp_path, f"{CSV}\ngzip = true")
    scene.write()
    scene.prices["A"] = "11.00"
    scene.write()
    plain = (tmp_path / "shop.delta.csv").read_bytes()
    assert gzip.decompress((tmp_path / "shop.delta.csv.gz").read_bytes()) == plain


def test_a_delta_of_xml_is_a_whole_feed_of_fewer_items(tmp_path):
    """A portal reads it as it reads the full one."""
    scene = Scene(tmp_path, 'type = "ceneo"\npath = "shop.xml"\ndelta = true')
    scene.write()
    scene.prices["C"] = "9.99"
    scene.write()
    (offer,) = ET.parse(tmp_path / "shop.delta.xml").iter("o")
    assert (offer.get("id"), offer.get("price")) == ("C", "9.99")


def test_without_the_setting_there_is_none(tmp_path):
    """Only the full feed is written."""
    Scene(tmp_path, 'type = "csv"\npath = "shop.csv"').write()
    assert [path.name for path in tmp_path.iterdir()] == ["shop.csv"]
