"""What our own price history says: the prior price of the Omnibus directive, the day's start, today's changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given as examples
from hypothesis import strategies as st

from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.ports import OwnPrice
from pricewatch.pricing.frame import MISSING
from pricewatch.testing import FixedClock, MemoryStore

WARSAW = ZoneInfo("Europe/Warsaw")
TODAY = datetime(2026, 11, 22, tzinfo=WARSAW)  # midnight; the window is 23 October to 21 November
NOON = TODAY.replace(hour=12)


def day(number: int) -> datetime:
    """Midnight in Warsaw so many days before today (in calendar days: the clocks change on 25 October)."""
    before = TODAY.date() - timedelta(days=number)
    return datetime(before.year, before.month, before.day, tzinfo=WARSAW)


def own(price: str, since: datetime, **known: object) -> OwnPrice:
    return OwnPrice("A", "default", Money.parse(price, "PLN"), since.astimezone(UTC), "price_list", **known)


def prior(given, *history: OwnPrice) -> str:
    given.product(price=None)
    given.store.prices.record_own(history)
    found = int(given.market(at=NOON.astimezone(UTC)).products.prior[0])
    return "unknown" if found == MISSING else Money(found, Money.parse("1", "PLN").currency).text


def test_a_price_that_has_been_stable_for_long_is_the_prior_price(given):
    """It has no row inside the window, and counts all the same."""
    assert prior(given, own("100", day(200))) == "100.00"


def test_one_low_day_inside_the_window_counts(given):
    """100, one day at 70, 100 again: 70."""
    assert prior(given, own("100", day(200)), own("70", day(20)), own("100", day(19))) == "70.00"


def test_a_dip_that_was_over_before_the_window_does_not_count(given):
    """70 on the day before the window only: 100."""
    assert prior(given, own("100", day(200)), own("70", day(31)), own("100", day(30))) == "100.00"


def test_a_dip_whose_last_day_is_the_first_of_the_window_counts(given):
    """In force when the window began: 70."""
    assert prior(given, own("100", day(200)), own("70", day(40)), own("100", day(29))) == "70.00"


def test_the_window_begins_at_local_midnight(given):
    """A dip that ends a second after the window's first midnight counts; one that ends with it does not."""
    inside = own("100", day(30) + timedelta(seconds=1))
    assert prior(given, own("70", day(40)), inside) == "70.00"
    given.product("B", price=None)
    outside = [
        OwnPrice("B", "default", Money.parse(price, "PLN"), since.astimezone(UTC), "price_list")
        for price, since in (("70", day(40)), ("100", day(30)))
    ]
    given.store.prices.record_own(outside)
    assert given.market(at=NOON.astimezone(UTC), skus=["B"]).products.prior.tolist() == [10_000]


def test_an_earlier_low_price_counts_although_it_was_raised_since(given):
    """80, then 100: a promotion at 90 has a prior price of 80, and is none."""
    assert prior(given, own("80", day(25)), own("100", day(10))) == "80.00"


def test_a_product_on_sale_for_ten_days_has_the_lowest_price_since_then(given):
    """50, 45, 50 in ten days: 45."""
    assert prior(given, own("50", day(10)), own("45", day(6)), own("50", day(3))) == "45.00"


def test_a_promotion_that_ran_for_the_whole_window_is_the_prior_price_of_the_next(given):
    """80 (100 before) for 30 days, deepened today: 80."""
    assert prior(given, own("100", day(200)), own("80", day(30)), own("60", TODAY)) == "80.00"


def test_what_began_today_is_outside_the_window(given):
    """The window ends with yesterday: the promotion's own price does not count."""
    assert prior(given, own("100", day(200)), own("80", TODAY)) == "100.00"


def test_a_price_scheduled_for_later_does_not_count(given):
    """What nobody has asked yet is no prior price."""
    assert prior(given, own("100", day(200)), own("10", NOON + timedelta(days=1))) == "100.00"


def test_without_a_history_before_today_the_prior_price_is_unknown(given):
    """Unknown, and not the price of today."""
    assert prior(given, own("100", TODAY)) == "unknown"


def test_channels_and_groups_have_histories_of_their_own(given):
    """What one channel confirmed is not the price list's history."""
    other = OwnPrice("A", "wholesale", Money.parse("10", "PLN"), day(20).astimezone(UTC), "price_list")
    assert prior(given, own("100", day(200)), own("20", day(20), channel="web"), other) == "100.00"


def test_only_changes_become_points_of_the_history(given):
    """The same price again is no change; the same price announced is one."""
    same = [own("100", day(3)), own("100", day(2)), own("100", day(1), announced=True)]
    given.store.prices.record_own(same)
    given.store.prices.record_own(same[-1:])
    points = given.store.prices.own_history("A", "default")
    assert [(point.since, point.announced) for point in points] == [(day(3), False), (day(1), True)]


def test_a_point_that_is_told_late_finds_its_place(given):
    """What was asked before the newest point is kept, although it is the same price."""
    given.store.prices.record_own([own("100", day(3))])
    given.store.prices.record_own([own("100", day(9)), own("90", day(6))])
    points = given.store.prices.own_history("A", "default")
    assert [point.gross.text for point in points] == ["100.00", "90.00", "100.00"]


def test_history_since_begins_with_the_price_in_force_then(given):
    """Asked from a moment on, it says first what was asked at that moment."""
    given.store.prices.record_own([own("100", day(9)), own("90", day(6)), own("80", day(3))])
    points = given.store.prices.own_history("A", "default", since=day(5).astimezone(UTC))
    assert [point.gross.text for point in points] == ["90.00", "80.00"]


def test_a_catalogue_price_is_in_the_history_from_its_import_on(given):
    """Imported, changed, imported again unchanged: two points."""
    for price in ("100.00", "110.00", "110.00"):
        given.product(price=price)
        given.clock.advance(days=1)
    points = given.store.prices.own_history("A", "default")
    assert [(point.gross.text, point.source) for point in points] == [("100.00", "catalogue"), ("110.00", "catalogue")]


def test_once_the_price_list_speaks_the_catalogue_price_is_no_price_of_ours(given):
    """A late export with an old price must not rewrite what we have been asking."""
    given.product(price="100.00")
    given.priced("95.00")
    given.product(price="120.00")
    points = given.store.prices.own_history("A", "default")
    assert [point.gross.text for point in points] == ["100.00", "95.00"]
    assert given.market().products.current.tolist() == [9_500]


def test_today_begins_at_midnight_in_the_groups_time_zone(given):
    """23:30 UTC the day before is already today in Warsaw; two changes were made since."""
    given.product(price=None)
    half_past_midnight = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    given.store.prices.record_own(
        [own("100", day(5)), own("98", half_past_midnight - timedelta(hours=1)), own("97", half_past_midnight)]
    )
    given.store.prices.record_own([own("96", half_past_midnight + timedelta(hours=2))])
    columns = given.market(at=NOON.astimezone(UTC)).products
    changed = int((half_past_midnight + timedelta(hours=2)).timestamp())
    assert (columns.day_start[0], columns.changes_today[0], columns.changed_at[0]) == (9_800, 2, changed)


def test_a_change_at_midnight_is_a_change_of_the_day_it_begins(given):
    """It counts today, and is the price that the day started with."""
    given.product(price=None)
    given.store.prices.record_own([own("100", day(5)), own("98", TODAY)])
    columns = given.market(at=NOON.astimezone(UTC)).products
    assert (columns.changes_today[0], columns.day_start[0]) == (1, 9_800)


def test_a_price_that_was_imported_and_never_moved_has_never_changed(given):
    """The first price is no change."""
    given.product(price="100.00")
    columns = given.market().products
    assert (columns.changed_at[0], columns.changes_today[0], columns.day_start[0]) == (MISSING, 0, 10_000)


def test_a_change_of_long_ago_is_still_the_last_change(given):
    """The last change may lie far before the window."""
    given.product(price=None)
    given.store.prices.record_own([own("100", day(300)), own("90", day(250))])
    assert given.market(at=NOON.astimezone(UTC)).products.changed_at.tolist() == [int(day(250).timestamp())]


def test_reading_some_products_says_the_same_as_reading_all(given):
    """One SKU asked for alone has the row that it has in the whole market."""
    for sku, price in (("A", "100.00"), ("B", "50.00"), ("C", "70.00")):
        given.product(sku, price)
    given.clock.advance(days=3)
    given.priced("45.00", "B")
    whole, part = given.market().products, given.market(skus=["B"]).products
    row = list(whole.sku).index("B")
    for name in ("current", "prior", "day_start", "changed_at", "changes_today"):
        assert getattr(part, name).tolist() == [getattr(whole, name)[row]]


# --- against a plain oracle --------------------------------------------------------------------------------------

HOURS = st.integers(min_value=-24 * 70, max_value=30)
POINTS = st.lists(st.tuples(HOURS, st.integers(min_value=1, max_value=9)), max_size=8)
ZONES = ("Europe/Warsaw", "America/New_York", "Asia/Kolkata")


def in_force(points: list[tuple[datetime, int]], at: datetime) -> int | None:
    """The price at an instant: of all that began by then the last one."""
    begun = [price for since, price in points if since <= at]
    return begun[-1] if begun else None


@examples(POINTS, st.sampled_from(ZONES))
def test_prior_price_and_day_agree_with_looking_at_every_hour(drawn, zone):
    """For any history: the lowest price of any hour in the 30 days before today, in any time zone."""
    group = PriceGroup("default", "PL", "PLN", zone)
    local = ZoneInfo(zone)
    today = datetime(2026, 11, 22, tzinfo=local)
    at = today + timedelta(hours=20)
    distinct = dict(sorted(drawn))
    points = [((today + timedelta(hours=hour)).astimezone(UTC), price * 100) for hour, price in distinct.items()]
    store = MemoryStore(FixedClock(at.astimezone(UTC)))
    store.catalogue.save([Product("A", "A", TaxRate(0))], at=at.astimezone(UTC), group=group)
    own = [
        OwnPrice("A", "default", Money(price, Money.parse("1", "PLN").currency), since, "price_list")
        for since, price in points
    ]
    store.prices.record_own(own)
    columns = store.plans.market(group, at=at.astimezone(UTC)).products
    start = datetime(2026, 10, 23, tzinfo=local).astimezone(UTC)
    hours = int((today.astimezone(UTC) - start) / timedelta(hours=1))
    every = [in_force(points, start + timedelta(hours=hour)) for hour in range(hours)]
    seen = [price for price in every if price is not None]
    assert columns.prior.tolist() == [min(seen, default=MISSING)]
    first_today = next(
        (price for since, price in points if since >= today.astimezone(UTC) and since <= at.astimezone(UTC)), MISSING
    )
    expected = in_force(points, today.astimezone(UTC))
    assert columns.day_start.tolist() == [first_today if expected is None else expected]
    assert columns.current.tolist() == [MISSING]
    store.close()
