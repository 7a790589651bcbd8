"""A word says something of the amount behind it, and of no later one."""

from __future__ import annotations

from datetime import UTC, datetime

from pricewatch.domain.offer import PriceRole
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.extract.page import extract_page

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://shop.example/p/drill"


def read(body: str) -> Extraction:
    html = f"<html lang='pl'><body><h1>Wiertarka udarowa X</h1>{body}<button>Do koszyka</button></body></html>"
    page = Page(
        URL, URL, 200, {"content-type": "text/html; charset=utf-8"}, html.encode(), datetime(2026, 3, 1, tzinfo=UTC)
    )
    return extract_page(page, SiteContext(locale="pl-PL", currency="PLN"))


def test_the_label_of_the_struck_price_is_not_the_labels_of_the_next_one() -> None:
    """`Cena katalogowa 275,00 zł` before 255,00 zł does not make the second one a was-price."""
    (found,) = read(
        '<div class="box"><div class="old">Cena katalogowa: <s>275,00 zł</s></div><div class="price">255,00 zł</div></div>'
    ).findings
    assert str(found.offer.price) == "255.00 PLN"


def test_raised_decimals_belong_to_the_whole_before_them() -> None:
    """667, a raised 49 and the sign in three elements are 667.49 zł, not 49 zł."""
    (found,) = read('<div class="price"><span>667</span><sup>49</sup><span>zł</span></div>').findings
    assert str(found.offer.price) == "667.49 PLN"


def test_decimals_in_an_element_of_their_own_are_kept() -> None:
    """`207` and `,90` are 207.90, not 207."""
    (found,) = read('<p class="price"><b>207</b><span>,90</span> zł</p>').findings
    assert str(found.offer.price) == "207.90 PLN"


def test_a_product_code_before_the_price_makes_no_coupon_price() -> None:
    """`Kod produktu` and `Kod producenta` name the item; only a discount code makes a coupon price."""
    (found,) = read('<p>Kod produktu: EP014118 · Kod: X5</p><div class="price">255,00 zł</div>').findings
    assert (str(found.offer.price), found.offer.role) == ("255.00 PLN", PriceRole.REGULAR)


def test_what_the_site_tells_to_ignore_is_not_read() -> None:
    """Parts that a definition names are cut out before reading, nested ones too."""
    html = (
        "<html lang='pl'><body><h1>Wiertarka</h1><div class='promo'><div class='promo'><p class='price'>9,00 zł</p></div></div>"
        "<p class='price'>255,00 zł</p><button>Do koszyka</button></body></html>"
    )
    page = Page(URL, URL, 200, {"content-type": "text/html; charset=utf-8"}, html.encode(), NOW)
    site = SiteContext(locale="pl-PL", currency="PLN", hints=ReadHints(ignore=(".promo",)))
    (found,) = extract_page(page, site).findings
    assert str(found.offer.price) == "255.00 PLN"
    assert not any("9,00" in lost for lost in found.evidence.rejected)
