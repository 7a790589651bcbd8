"""The prior price: every vector of the rule, for one listing and for many at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.prior_price import PriceChange, PriorPriceRules, prior_price, prior_prices, rules_of

WARSAW = ZoneInfo("Europe/Warsaw")
PROMOTION = datetime(2026, 11, 27, 8, 0, tzinfo=WARSAW)
FIRST_DAY = datetime(2026, 10, 28, tzinfo=WARSAW)  # the window is 28 October to 26 November
AUTUMN = datetime(2026, 9, 23, tzinfo=WARSAW)


def change(since: datetime, zloty: int, *, announced: bool = False) -> PriceChange:
    return PriceChange(since, zloty * 100, announced)


def day(number: int, hour: int = 0) -> datetime:
    """A day of the window, counted from its first."""
    return datetime(2026, 10, 28, hour, tzinfo=WARSAW) + timedelta(days=number)


def prior(*changes: PriceChange, at: datetime = PROMOTION, rules: PriorPriceRules | None = None) -> int | None:
    found = prior_price(changes, at, "Europe/Warsaw", rules).gross
    return None if found is None else found // 100


def test_a_stable_price_is_found_although_nothing_changed_in_the_window() -> None:
    """Stable 100 since autumn, promotion at 80: prior 100."""
    assert prior(change(AUTUMN, 100), change(PROMOTION, 80, announced=True)) == 100


def test_the_window_is_thirty_whole_days_that_end_the_day_before() -> None:
    """28 October to 26 November for a promotion on 27 November."""
    found = prior_price([change(AUTUMN, 100)], PROMOTION, "Europe/Warsaw")
    assert (found.first_day.isoformat(), found.last_day.isoformat()) == ("2026-10-28", "2026-11-26")


def test_one_cheap_day_in_the_window_counts() -> None:
    """70 for one day: prior 70."""
    assert prior(change(AUTUMN, 100), change(day(10), 70), change(day(11), 100)) == 70


def test_a_dip_that_was_over_before_the_window_does_not_count() -> None:
    """70 for the day before the window's first, back at its first midnight: prior 100."""
    assert prior(change(AUTUMN, 100), change(day(-1), 70), change(day(0), 100)) == 100


def test_a_dip_whose_last_day_is_the_windows_first_counts() -> None:
    """70 until the end of the window's first day: prior 70."""
    assert prior(change(AUTUMN, 100), change(day(-3), 70), change(day(1), 100)) == 70


def test_a_promotion_above_the_lowest_price_is_refused() -> None:
    """80, then 100, then a promotion at 90: prior 80, and 90 is no reduction."""
    changes = [change(AUTUMN, 80), change(day(12), 100), change(PROMOTION, 90, announced=True)]
    found = prior_price(changes, PROMOTION, "Europe/Warsaw")
    assert found.gross == 8_000
    assert not found.allows(9_000)
    assert not found.allows(8_000)
    assert found.allows(7_999)


def test_a_new_product_takes_the_lowest_price_since_it_was_offered() -> None:
    """On sale for ten days at 50, 45, 50: prior 45."""
    assert prior(change(day(20), 50), change(day(24), 45), change(day(27), 50)) == 45


def test_a_deeper_promotion_is_a_new_reduction() -> None:
    """Promotion at 80 after 100, deepened to 60 after 30 days: prior 80; with a progressive clause 100."""
    start = PROMOTION - timedelta(days=30)
    changes = [
        change(AUTUMN, 100),
        change(start.replace(hour=0), 80, announced=True),
        change(PROMOTION, 60, announced=True),
    ]
    assert prior(*changes) == 80
    assert prior(*changes, rules=PriorPriceRules(progressive=True)) == 100


def test_perishables_take_the_price_before_the_first_reduction() -> None:
    """5, 6, promotion: prior 6."""
    perishable = PriorPriceRules(perishable=True)
    assert prior(change(AUTUMN, 5), change(day(20), 6), rules=perishable) == 6
    reduced = [change(AUTUMN, 5), change(day(20), 6), change(day(28), 4, announced=True)]
    assert prior(*reduced, change(PROMOTION, 3, announced=True), rules=perishable) == 6


def test_the_prior_price_is_frozen_while_the_promotion_runs() -> None:
    """Five days into a promotion of 80: still 100, not 80; the same when the price is written again."""
    running = [change(AUTUMN, 100), change(PROMOTION, 80, announced=True)]
    later = PROMOTION + timedelta(days=5)
    assert prior(*running, at=later) == 100
    assert prior(*running, change(PROMOTION + timedelta(days=2), 80, announced=True), at=later) == 100


def test_an_ordinary_low_price_is_no_promotion() -> None:
    """Repricing to 80 is not announced: later it is simply the lowest price."""
    assert prior(change(AUTUMN, 100), change(day(20), 80)) == 80


def test_prices_scheduled_for_later_do_not_count() -> None:
    """A cheaper price from next week is not a price that was in force."""
    assert prior(change(AUTUMN, 100), change(PROMOTION + timedelta(days=7), 10)) == 100


def test_no_history_is_unknown_and_refuses() -> None:
    """Without a price in the window no reduction may be announced."""
    found = prior_price([], PROMOTION, "Europe/Warsaw")
    assert found.gross is None
    assert not found.allows(1)
    assert prior(change(PROMOTION - timedelta(hours=1), 100)) is None


def test_the_window_follows_the_market_s_calendar() -> None:
    """23:30 UTC on 27 October is already the 28th in Warsaw, and not yet in London."""
    dip = [change(AUTUMN, 100), change(datetime(2026, 10, 1, tzinfo=WARSAW), 70)]
    back = change(datetime.fromisoformat("2026-10-27T23:30:00+00:00"), 100)
    assert prior_price([*dip, back], PROMOTION, "Europe/Warsaw").gross == 7_000
    assert prior_price([*dip, back], PROMOTION, "Europe/London").gross == 10_000


def test_countries_choose_their_clauses() -> None:
    """Poland has no progressive clause, Germany has one; others take the plain rule."""
    assert not rules_of("pl").progressive
    assert rules_of("DE").progressive
    assert rules_of("XX") == PriorPriceRules()


@pytest.mark.parametrize("seed", range(20))
def test_many_listings_at_once_agree_with_one_at_a_time(seed: int) -> None:
    """The column form gives the same prior price for every listing, in any order of change points."""
    random = Random(seed)
    rows = [
        (listing, day(random.choice([0, random.randint(-60, 40)]), random.choice([0, 12])), random.randint(50, 150))
        for listing in range(30)
        for _ in range(random.randint(0, 6))
    ]
    random.shuffle(rows)
    opens, closes = int(FIRST_DAY.timestamp()), int(day(30).timestamp())
    found = prior_prices(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([int(row[1].timestamp()) for row in rows], dtype=np.int64),
        np.array([row[2] * 100 for row in rows], dtype=np.int64),
        30,
        opens,
        closes,
    )
    for listing in range(30):
        one = prior(*(change(since, price) for number, since, price in rows if number == listing))
        assert found[listing] == (MISSING if one is None else one * 100)
