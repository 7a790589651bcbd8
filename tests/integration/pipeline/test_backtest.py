"""Rules replayed over what the market really did."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.located import parse
from pricewatch.pipeline.backtest import ACTUAL, Span, backtest
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import approve, plan
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.scrape import scrape
from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.rules import compile_rulebook

from .conftest import GTINS, RULES

E1, E2 = GTINS[:2]
DAY = timedelta(days=1)


@pytest.fixture
def past(bench, rivals, clock):
    """Six days of market: a rival falls, disappears and comes back; we follow on the first day only."""
    begins = clock.now()
    rivals.ask("alfa", E1, "117.00")
    rivals.ask("beta", E1, "119.00")
    asyncio.run(scrape(bench))
    match(bench)
    number = plan(bench).plan.number
    approve(bench, number, None, by="ann")
    asyncio.run(publish(bench))
    for price in ("110.00", "105.00", None, "100.00", "100.00"):
        clock.advance(days=1)
        if price is None:
            rivals.shown["alfa", f"https://alfa.example/{E1}"] = []
        else:
            rivals.ask("alfa", E1, price)
        asyncio.run(scrape(bench))
        match(bench)
    return bench, Span(begins, clock.now(), DAY)


def path(result, replay, sku="S-1"):
    column = result.skus.index(sku)
    return [None if price == MISSING else price / 100 for price in replay.price[:, column].tolist()]


def test_rules_follow_the_market_as_it_was(past) -> None:
    """One per cent under the lowest of each day; when the rival was gone, under the other one."""
    bench, span = past
    (result,) = backtest(bench, {"live": bench.rulebook}, span)
    actual, live = result.replays
    assert path(result, live) == [115.99, 108.99, 103.99, 117.99, 98.99, 98.99]
    assert path(result, actual) == [115.99] * 6
    assert [value / 100 for value in result.lowest[:, 0].tolist()] == [117, 110, 105, 119, 100, 100]


def test_ranks_margins_and_changes_are_measured(past) -> None:
    """Staying at 115.99 was the lowest twice in six days; following was always the lowest, and earned less."""
    bench, span = past
    (result,) = backtest(bench, {"live": bench.rulebook}, span)
    actual, live = result.replays
    column = result.skus.index("S-1")
    assert actual.rank[:, column].tolist() == [1, 2, 2, 1, 2, 2]
    assert live.rank[:, column].tolist() == [1] * 6
    assert live.changes() == 4
    assert actual.mean_margin(column) > live.mean_margin(column)
    assert live.lowest_share() == 1.0
    assert len(result.replays[0].trips) == 0


def test_rule_books_are_compared_and_nothing_is_saved(past) -> None:
    """Every book gets its own replay from the same start; plans and price list stay as they are."""
    bench, span = past
    before = bench.store.plans.get(), bench.store.prices.version()
    stay = compile_rulebook([parse(RULES.replace('target = "lowest"\nadjust = "-1%"', 'target = "keep"'), "stay.toml")])
    (result,) = backtest(bench, {"live": bench.rulebook, "stay": stay}, span, ["S-1"])
    assert [replay.name for replay in result.replays] == [ACTUAL, "live", "stay"]
    assert result.skus == ("S-1",)
    assert path(result, result.replays[2]) == [115.99] * 6
    assert (bench.store.plans.get(), bench.store.prices.version()) == before


def test_a_step_limit_is_kept_along_the_way(past) -> None:
    """Our own past in the replay is the replay's: a day goes down by three per cent at most."""
    bench, span = past
    slow = compile_rulebook([parse(RULES.replace('"10%"', '"10%"\nmax_cut = "3%"'), "slow.toml")])
    (result,) = backtest(bench, {"slow": slow}, span, ["S-1"])
    prices = path(result, result.replays[1])
    assert all(after >= before * 0.97 - 0.01 for before, after in pairwise(prices))
    assert prices[1] > 108.99


def test_before_our_first_price_nothing_is_made_up(bench, rivals, clock) -> None:
    """A span that begins before the history: unknown is unknown, and the rules start from the catalogue's price."""
    rivals.ask("alfa", E1, "117.00")
    asyncio.run(scrape(bench))
    match(bench)
    clock.advance(days=1)
    (result,) = backtest(bench, {"live": bench.rulebook}, Span(clock.now() - 3 * DAY, clock.now(), DAY), ["S-1"])
    assert set(path(result, result.replays[0])) <= {None, 119.99}
    assert path(result, result.replays[1])[-1] == 115.99
    assert result.lowest[0, 0] == MISSING


def test_a_span_that_cannot_be_replayed_is_a_usage_error(bench, clock) -> None:
    """It ends before it begins, or is too long for its steps."""
    for span in (
        Span(clock.now(), clock.now() - DAY, DAY),
        Span(clock.now() - 400 * DAY, clock.now(), timedelta(seconds=1)),
    ):
        with pytest.raises(UsageError):
            backtest(bench, {"live": bench.rulebook}, span)


def test_equivalents_count_in_a_replay_where_the_rules_say_so(past) -> None:
    """Beta's is what buyers take instead: it sets the price of the day without alfa only where rules count it."""
    bench, span = past
    beta = ItemKey("beta", f"https://beta.example/{E1}")
    bench.store.matches.save([Match("S-1", beta, MatchStatus.ACCEPTED, kind=MatchKind.EQUIVALENT)])
    more = compile_rulebook([parse(f"{RULES}\n[landscape]\nequivalents = true\n", "more.toml")])
    (result,) = backtest(bench, {"live": bench.rulebook, "more": more}, span, ["S-1"])
    assert path(result, result.replays[1]) == [115.99, 108.99, 103.99, 103.99, 98.99, 98.99]
    assert path(result, result.replays[2]) == [115.99, 108.99, 103.99, 117.99, 98.99, 98.99]
    assert [value if value == MISSING else value / 100 for value in result.lowest[:, 0].tolist()] == [
        117, 110, 105, MISSING, 100, 100,
    ]  # fmt: skip
