"""Site definitions: what a person writes, checked, and the ones that come along."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from pricewatch.domain.errors import ConfigError
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import Product
from pricewatch.located import build, parse, read
from pricewatch.scraping.extract.selectors import mistakes
from pricewatch.scraping.recorded import recordings
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition, site_for

SHIPPED = sorted((Path(__file__).parents[3] / "scrapers").glob("*.toml"))
NAMES = ("woocommerce", "prestashop", "shopify", "magento", "example-comparison", "example-auction")
REAL = [file for file in SHIPPED if file.stem not in NAMES]
PAGES = Path(__file__).parents[2] / "sites"
TEMPLATES = [file for file in SHIPPED if file.stem in NAMES]
MINIMAL = 'name = "shop"\ndomains = ["shop.pl"]\n'


def site(text: str = "") -> SiteDefinition:
    return build(SiteDefinition, parse(MINIMAL + text, "shop.toml"))


def problems(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        site(text)
    return str(caught.value)


def test_a_name_and_a_domain_are_enough():
    """Everything else has a default, and generic reading needs no hints."""
    shop = site()
    assert (shop.kind, shop.enabled, shop.allow_private) == (SiteKind.SHOP, True, False)
    assert shop.info().name == "shop"
    assert shop.context().seller == "shop"


def test_targets_are_addresses_with_or_without_a_sku():
    """Both spellings say the same."""
    shop = site('[crawl]\ntargets = ["https://shop.pl/1", { url = "https://www.shop.pl/2", sku = "A" }]')
    assert [(t.url, t.sku) for t in shop.crawl.targets] == [("https://shop.pl/1", ""), ("https://www.shop.pl/2", "A")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[crawl]\ntargets = ["https://other.example/1"]', "add its host to domains"),
        ('[crawl]\ntargets = ["shop.pl/1"]', "no web address"),
        ('[crawl]\nstart = ["ftp://shop.pl/1"]', "no web address"),
        ('currency = "ZLO"', "unknown currency"),
        ('kind = "shopp"', "shop"),
        ('locale = "polish!"', "locale"),
        ('[terms]\nverdict = "forbidden"', "switch the site off"),
        ("[crawl]\ndelay = -1", "delay"),
        ("[crawl]\nproduct_link = []", "product_links"),
        ('tax = "netto"', "net"),
        ('[search]\ngtin = "https://shop.pl/?q="', "does not say where to put {gtin}"),
        ('[search]\nmpn = "https://shop.pl/?q={mpn}"', "{brand} and {mpn}"),
        ('[search]\nname = "shop.pl/?q={name}"', "no web address"),
        ('[search]\nname = "https://other.example/?q={name}"', "add its host to domains"),
        ("[terms]\nverified = false", "pricewatch site test shop URL"),
        ("[terms]\nverified = true", "nobody has read its terms of use"),
    ],
)
def test_mistakes_are_found_and_placed(text, complaint):
    """Each is shown with its file and line, in words that help."""
    shown = problems(text)
    assert "shop.toml:" in shown
    assert complaint in shown


def test_the_top_of_the_file_outweighs_the_reading_hints():
    """Currency, locale and tax may stand in either place."""
    shop = site('currency = "EUR"\ntax = "net"\n[read]\ncurrency = "PLN"\nlocale = "pl-PL"\ntax = "gross"')
    context = shop.context()
    assert (context.currency, context.locale, context.tax_included) == ("EUR", "pl-PL", False)
    assert site().context().tax_included is None


def test_only_a_shop_is_its_own_seller():
    """On a comparison site an unnamed seller stays unnamed."""
    assert site('kind = "comparison"').context().seller == ""
    assert site('seller = "Shop S.A."').context().seller == "Shop S.A."


def test_the_most_specific_domain_takes_an_address():
    """A subdomain, or a port, with a definition of its own is not the parent's."""
    shop = site()
    outlet = SiteDefinition(name="outlet", domains=("outlet.shop.pl",))
    port = SiteDefinition(name="port", domains=("shop.pl:8443",))
    found = [
        site_for((shop, outlet, port), url)
        for url in ("https://www.shop.pl/p", "https://outlet.shop.pl/p", "https://shop.pl:8443/p")
    ]
    assert found == [shop, outlet, port]
    assert site_for((shop,), "https://other.example/") is None
    assert site_for((shop,), "nonsense") is None


def test_patterns_choose_products():
    """A path pattern looks at path and query, any other at the whole address."""
    crawl = site('[crawl]\nproduct_links = ["/p/*", "https://m.shop.pl/*"]\nexclude = ["*?print=1"]').crawl
    assert crawl.is_product("https://shop.pl/p/1?x=1")
    assert crawl.is_product("https://m.shop.pl/x")
    assert not crawl.is_product("https://shop.pl/x/p/1")
    assert crawl.is_excluded("https://shop.pl/p/1?print=1")
    assert site().crawl.is_product("https://shop.pl/anything")


def test_a_site_that_is_not_verified_can_only_be_switched_off():
    """A written `verified = false` holds until somebody has tried it and read the terms."""
    assert not site("enabled = false\n[terms]\nverified = false").enabled
    assert site('[terms]\nverified = true\nverdict = "unclear"').enabled
    assert site().enabled  # one's own definition that says nothing of it


def test_a_site_is_asked_by_the_surest_thing_known():
    """EAN first, then brand and part number, then the name, each escaped."""
    search = site(
        '[search]\ngtin = "https://shop.pl/?ean={gtin}"\nmpn = "https://shop.pl/{brand}/{mpn}"\n'
        'name = "https://shop.pl/?q={name}"'
    ).search
    rate = TaxRate.parse("23")
    known = Product("A", "Drill & bit", rate, gtin="4006381333931", brand="Bosch", mpn="GSR/12")
    assert search.of(known) == "https://shop.pl/?ean=4006381333931"
    assert search.of(replace(known, gtin="")) == "https://shop.pl/Bosch/GSR%2F12"
    assert search.of(replace(known, gtin="", mpn="")) == "https://shop.pl/?q=Drill%20%26%20bit"
    assert site().search.of(known) == ""


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_definition_is_valid_and_switched_off(file):
    """Every template loads, bears its file's name, and waits for a person's verdict."""
    definition = build(SiteDefinition, read(file))
    assert definition.name == file.stem
    assert not definition.enabled
    assert (definition.terms.verdict, definition.terms.verified) == ("unchecked", False)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_every_key_of_a_template_is_explained(file):
    """Above each key of the files that people start from stands a comment."""
    lines = file.read_text("utf-8").splitlines()
    bare = [
        line for before, line in zip(["", *lines], lines, strict=False) if is_key(line) and not before.startswith("#")
    ]
    assert bare == []
    assert sum(map(is_key, lines)) == sum(1 for _ in leaves(tomllib.loads("\n".join(lines))))


def is_key(line: str) -> bool:
    return line[:1].isalpha() and " = " in line


def leaves(table):
    for value in table.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value


def test_at_least_the_known_platforms_are_shipped():
    """Four platforms and two documented examples."""
    assert {file.stem for file in TEMPLATES} == set(NAMES)


def test_the_crawler_names_itself_and_whom_to_write_to():
    """robots.txt goes by the name alone; the header carries version and contact."""
    settings = ScrapingSettings(user_agent="acme-prices/2.1", contact="mailto:data@acme.example")
    assert settings.robots_token == "acme-prices"
    assert settings.identity == "acme-prices/2.1 (+mailto:data@acme.example)"
    assert ScrapingSettings().identity == "pricewatch"


@pytest.mark.parametrize("keys", [{"user_agent": "x\r\nCookie: y"}, {"contact": "a\nb"}, {"user_agent": ""}])
def test_no_setting_can_add_a_header(keys):
    """Names and contacts with line breaks are refused."""
    with pytest.raises(ValueError):
        ScrapingSettings(**keys)


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.stem)
def test_a_shipped_site_has_recorded_pages_and_says_that_nobody_tried_it(file):
    """Its selectors are CSS, its verdict is open in words, and it tells how it is tried."""
    definition = build(SiteDefinition, read(file))
    assert recordings(PAGES / definition.name)
    assert mistakes(definition.read) == ()
    assert f"pricewatch site test {definition.name} URL" in file.read_text("utf-8")
    assert definition.country
    assert definition.currency
    assert definition.locale
    assert definition.search.addresses()
    assert definition.terms.note
    assert definition.terms.robots
    assert (definition.crawl.delay or 0) >= 5


def test_sites_of_the_markets_that_pricewatch_is_made_for_are_shipped():
    """Thirty and more, from Poland, Germany, the Netherlands and Czechia, of every kind but feeds."""
    found = [build(SiteDefinition, read(file)) for file in REAL]
    assert len(found) >= 30
    assert {"PL", "DE", "NL", "CZ"} <= {site.country for site in found}
    assert {site.kind for site in found} == set(SiteKind) - {SiteKind.FEED}


def test_no_page_is_recorded_for_a_site_that_is_not_there():
    """A folder bears its site's name."""
    assert {folder.name for folder in PAGES.iterdir()} == {file.stem for file in REAL}
