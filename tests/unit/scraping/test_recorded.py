"""A saved page beside what must be read from it: every difference is told, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricewatch.domain.errors import ConfigError
from pricewatch.domain.offer import SiteKind
from pricewatch.located import build, parse
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import FieldHints, OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.selectors import mistakes
from pricewatch.scraping.recorded import Recording, record_text, recordings, replay
from pricewatch.scraping.site import SiteDefinition

URL = "https://shop.example/p/1"
DRILL = '<html lang="pl"><body><h1>Drill 12 V</h1><p class="price">419,00 zł</p><p>419,00 zł x 10 rat</p></body></html>'
SHOP = SiteContext("shop", SiteKind.SHOP, "Shop", "pl-PL", "PLN")
ROWS = SiteContext(
    "portal",
    SiteKind.COMPARISON,
    locale="pl-PL",
    currency="PLN",
    hints=ReadHints(offers=OfferRowHints(row="li", seller=("b",), price=("i",))),
)
OFFERS = "<h1>Drill</h1><ul><li><b>A</b><i>10,00 zł</i></li><li><b>B</b><i>11,00 zł</i></li></ul>"


@pytest.fixture
def differences(tmp_path: Path):
    """Read a page with a record and list what differs, as words."""

    def compare(html: str, record: str, site: SiteContext = SHOP) -> list[str]:
        (tmp_path / "page.html").write_text(html, encoding="utf-8")
        (tmp_path / "page.toml").write_text(f'url = "{URL}"\n{record}', encoding="utf-8")
        found = replay(tmp_path / "page.toml", site).differences
        return [f"{d.key}: {d.expected} / {d.found}" for d in found]

    return compare


def test_a_page_that_reads_as_its_record_differs_in_nothing(differences):
    """Amounts are compared as amounts, and keys that are not there are not looked at."""
    assert differences(DRILL, 'price = "419"\ncurrency = "PLN"\nseller = "Shop"\nwas = "none"') == []


def test_each_difference_is_told_with_both_sides(differences):
    """What was expected, and what was read."""
    told = differences(DRILL, 'price = "399.00"\navailability = "out_of_stock"\ngtin = "4006381333931"')
    assert told == [
        "price: 399.00 / 419.00",
        "availability: out_of_stock / unknown",
        "gtin: 4006381333931 / none",
    ]


def test_amounts_that_may_never_be_prices_are_looked_for_in_every_offer(differences):
    """A bid or an instalment that somebody's offer has as its price."""
    assert differences(OFFERS, 'never = ["11.00", "12.00"]', ROWS) == ["never 11.00: nobody's price / the price of B"]


def test_rows_are_paired_by_seller_and_none_may_be_missing_or_too_many(differences):
    """Their order on the page does not matter."""
    rows = '[[offers]]\nseller = "{}"\nprice = "{}"\n'
    assert differences(OFFERS, rows.format("B", "11.00") + rows.format("A", "10.00"), ROWS) == []
    told = differences(OFFERS, rows.format("A", "10.50") + rows.format("C", "11.00"), ROWS)
    assert told == [
        "offer 1 (A) price: 10.50 / 10.00",
        "offer 2 (C): 11.00 / missing",
        "offers: no more / B 11.00",
    ]


def test_a_page_that_is_no_product_has_no_price(differences):
    """The verdict is compared first; a status makes a page gone."""
    assert differences(DRILL, 'status = 404\nverdict = "gone"\nprice = "none"') == []
    assert differences(DRILL, 'status = 404\nprice = "none"') == ["verdict: product / gone"]


def test_an_ambiguous_price_is_none(differences):
    """Two readings are no price."""
    page = "<h1>Lamp</h1><p class='price'>1.226</p>"
    unsure = SiteContext("shop", SiteKind.SHOP, hints=ReadHints(prices={"regular": (".price",)}))
    assert differences(page, 'price = "none"', unsure) == []
    assert differences(page, 'price = "1226"', unsure) == ["price: 1226 / 1.226 or 1226"]


def test_mistakes_in_a_record_are_shown_at_their_place(tmp_path: Path):
    """With the key that was probably meant; and a record without its page says so."""
    record = tmp_path / "page.toml"
    record.write_text(f'url = "{URL}"\npice = "1.00"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"page\.toml:2"):
        replay(record, SHOP)
    record.write_text(f'url = "{URL}"\nprice = "12,50"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"'12,50' is no amount"):
        replay(record, SHOP)
    record.write_text(f'url = "{URL}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"page\.html cannot be read"):
        replay(record, SHOP)


@pytest.mark.parametrize(
    ("html", "site"),
    [
        (DRILL, SHOP),
        (OFFERS, ROWS),
        ("<title>Just a moment...</title>", SHOP),
        (
            '<h1>Old "Zenit" or new</h1><p class="b">1 126,50 zł</p>',
            SiteContext(
                "portal", SiteKind.AUCTION, "", "pl-PL", "PLN", hints=ReadHints(fields=FieldHints(bid=(".b",)))
            ),
        ),
    ],
    ids=["product", "offers", "blocked", "auction"],
)
def test_a_record_that_was_just_written_holds(html, site, tmp_path: Path):
    """What `site record` writes reads as recorded, whatever the page is."""
    page = Page(
        URL, URL + "?x=1", 200, {"content-type": "text/html"}, html.encode(), datetime(2026, 11, 22, tzinfo=UTC)
    )
    (tmp_path / "page.html").write_bytes(page.body)
    (tmp_path / "page.toml").write_text(record_text(page, read_page(page, site)), encoding="utf-8")
    assert recordings(tmp_path) == [tmp_path / "page.toml"]
    assert replay(tmp_path / "page.toml", site).differences == ()


def test_every_example_of_the_guide_is_valid():
    """Definitions and records of docs/how-to/add-a-site.md can be copied as they stand."""
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "add-a-site.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    records = [block for block in blocks if "[[offers]]" in block or block.startswith("url")]
    for block in records:
        build(Recording, parse(block if block.startswith("url") else f'url = "{URL}"\n{block}', "guide"))
    head = 'name = "toolshop"\ndomains = ["toolshop.example"]\n'
    definitions = [block if block.startswith("name") else head + block for block in blocks if block not in records]
    for block in definitions:
        assert mistakes(build(SiteDefinition, parse(block, "guide")).read) == ()
    assert (len(records), len(definitions)) == (2, 3)
