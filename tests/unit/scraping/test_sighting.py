"""From findings to what is stored: usable, in quarantine, or set aside with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Evidence, Item, ItemKey, Offer, SiteKind, Verdict
from pricewatch.ports import Extraction, Finding, Page, Sighting, Target
from pricewatch.scraping.sighting import failed, sighting_of

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
URL = "https://shop.pl/p/1"
TARGET = Target("shop", URL, sku="A", etag='"old"', failures=2, message="before")
PAGE = Page(URL, URL, 200, {"etag": '"new"'}, b"x", NOW)
REVISIT = 10_000.0


def finding(price: str | None = "129.00", *, url: str = URL, variant: str = "", **keys) -> Finding:
    item = Item(ItemKey("shop", keys.pop("key", url), variant), keys.pop("item_url", URL), "Wiertarka")
    stock = keys.pop("availability", Availability.IN_STOCK)
    seller = keys.pop("seller", "Shop")
    money = Money.parse(price, "PLN") if price is not None else None
    return Finding(Offer(item, seller, money, availability=stock, url=url), Evidence("hash", "json-ld"), **keys)


def sighting(*findings: Finding, verdict=Verdict.PRODUCT, kind=SiteKind.SHOP, page=PAGE, message="") -> Sighting:
    return sighting_of(TARGET, kind, page, Extraction(verdict, findings, message), revisit=REVISIT)


def test_a_good_reading_renews_its_target():
    """What was known of failures is forgotten, the host's tags are kept, and the page is due in time."""
    seen = sighting(finding())
    assert seen.target == replace(
        TARGET,
        etag='"new"',
        seen_at=NOW,
        due_at=NOW + timedelta(seconds=9_000),
        verdict=Verdict.PRODUCT,
        failures=0,
        message="",
    )
    assert (len(seen.observations), seen.set_aside, seen.observations[0].seen_at) == (1, None, NOW)


def test_out_of_stock_without_a_price_is_an_observation():
    """A definite stock state is worth knowing."""
    assert len(sighting(finding(None, availability=Availability.OUT_OF_STOCK)).observations) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (finding(ambiguous=True, readings=("1.226", "1226")), "1.226 or 1226"),
        (finding("0.00"), "price of 0"),
        (finding(None, availability=Availability.UNKNOWN), "neither"),
    ],
)
def test_what_cannot_be_used_is_set_aside(bad, reason):
    """Ambiguous, zero and empty readings give no observation, and a reason."""
    seen = sighting(bad)
    assert seen.observations == ()
    assert seen.set_aside is not None
    assert reason in seen.set_aside.reason
    assert seen.set_aside.item == URL


def test_bad_offers_do_not_take_the_good_ones_along():
    """On a page with many sellers only the bad rows are left out, counted by reason."""
    rows = (finding(seller="A"), finding("0", seller="B"), finding("0", seller="C"), finding(seller="D"))
    seen = sighting(*rows, kind=SiteKind.COMPARISON)
    assert [o.offer.seller for o in seen.observations] == ["A", "D"]
    assert seen.set_aside is not None
    assert "2 of 4 offers" in seen.set_aside.reason


def test_a_contradiction_waits_in_quarantine():
    """A page that states two prices gives a reading that is kept, not used, and reported."""
    seen = sighting(finding(conflict="json-ld says 99.00 PLN"))
    assert "99.00" in seen.observations[0].quarantine
    assert seen.set_aside is not None


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.GONE, Verdict.LISTING, Verdict.UNREADABLE, Verdict.NONE])
def test_a_page_without_offers_says_what_it_is(verdict):
    """No observation ever comes from such a page, whatever was found on it."""
    seen = sighting(finding(), verdict=verdict, message="because")
    assert (seen.verdict, seen.observations) == (verdict, ())
    assert seen.set_aside is not None
    assert seen.set_aside.reason.endswith("because")
    assert (seen.target.failures, seen.target.etag) == (3, "")


def test_a_product_page_without_findings_is_none():
    """A verdict alone is no product."""
    assert sighting().verdict is Verdict.NONE


@pytest.mark.parametrize(
    ("status", "verdict"), [(404, Verdict.GONE), (410, Verdict.GONE), (403, Verdict.BLOCKED), (418, Verdict.UNREADABLE)]
)
def test_an_error_page_sells_nothing(status, verdict):
    """The products that an error page recommends are not what was asked for."""
    seen = sighting(finding(), page=replace(PAGE, status=status))
    assert (seen.verdict, seen.observations) == (verdict, ())


def test_a_status_is_said_once():
    """Where the reader has named it already, the reason does not repeat it."""
    seen = sighting(verdict=Verdict.GONE, page=replace(PAGE, status=404), message="status 404")
    assert seen.target.message.count("404") == 1


def test_listings_count_where_they_are_offers():
    """A list of auctions is worth reading, a shop's category page is not."""
    assert sighting(finding(), verdict=Verdict.LISTING, kind=SiteKind.AUCTION).observations
    assert not sighting(finding(), verdict=Verdict.LISTING, kind=SiteKind.SHOP).observations


def test_an_unchanged_page_keeps_everything():
    """304 renews the target and says nothing else."""
    page = replace(PAGE, status=304, headers={}, body=b"", not_modified=True)
    seen = sighting_of(
        replace(TARGET, verdict=Verdict.PRODUCT), SiteKind.SHOP, page, Extraction(Verdict.NONE), revisit=REVISIT
    )
    assert (seen.not_modified, seen.verdict, seen.target.etag) == (True, Verdict.PRODUCT, '"old"')
    assert seen.target.seen_at == NOW


def key_of(seen: Sighting) -> ItemKey:
    return seen.observations[0].offer.item.key


def test_an_item_is_known_by_its_page():
    """One spelling of the final address and the variant, whatever the page calls canonical."""
    page = replace(PAGE, final_url="https://SHOP.pl/p/1?utm_source=x#top")
    assert key_of(sighting(finding(key="https://shop.pl/", variant="red"), page=page)) == ItemKey("shop", URL, "red")


def test_all_sellers_of_a_comparison_page_offer_one_item():
    """Rows link to shops; the item stays the page."""
    seen = sighting(
        finding(seller="A", url="https://a.example/1"),
        finding(seller="B", url="https://b.example/2"),
        kind=SiteKind.COMPARISON,
    )
    assert {o.offer.item.key for o in seen.observations} == {ItemKey("shop", URL)}


def test_every_auction_is_an_item_of_its_own():
    """Its own address is its key, with what tells it from others."""
    seen = sighting(finding(url="https://shop.pl/a?id=7&utm_source=x"), kind=SiteKind.AUCTION)
    assert key_of(seen) == ItemKey("shop", "https://shop.pl/a?id=7")


def test_a_failed_page_is_tried_again_sooner_and_later_each_time():
    """The wait doubles with every failure, up to the ordinary one, and never undercuts what the host asked."""
    error = FetchError("late", kind=FetchErrorKind.TIMEOUT, where=URL, hint="wait")
    first = failed(replace(TARGET, failures=0), error, NOW, revisit=86_400)
    later = failed(replace(TARGET, failures=3), error, NOW, revisit=86_400)
    asked = failed(TARGET, FetchError("no", kind=FetchErrorKind.BLOCKED, retry_after=99_999), NOW, revisit=60)
    waits = [(s.target.due_at - NOW).total_seconds() for s in (first, later, asked) if s.target.due_at]
    assert waits == [900, 7_200, 99_999]
    assert (first.verdict, asked.verdict, first.target.failures) == (None, Verdict.BLOCKED, 1)
    assert first.set_aside is not None
    assert (first.set_aside.reason, first.set_aside.hint) == ("late", "wait")
