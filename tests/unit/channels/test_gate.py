"""The edge gate: what may leave, and what may not, whatever the engine thought."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.channels.gate import EdgeGate, GateLimits
from pricewatch.domain.errors import PublishingStopped
from pricewatch.domain.listing import Capabilities, ChannelRole, Desired, PushResult, PushStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.testing import FixedClock, MemoryStore

PLN = Currency.of("PLN")


def pln(minor):
    return Money(minor, PLN)


GOOD = Desired(
    "shop", "1", "A", 1, pln(10_000), TaxRate(2300), floor=pln(9_000), ceiling=pln(12_000), previous=pln(9_500)
)


class Recorder:
    """A channel that takes everything and remembers what reached it."""

    name = "shop"

    def __init__(self, **more):
        self.capabilities = Capabilities(ChannelRole.CHECKOUT, 100, 1000, "PLN", **more)
        self.sent = []

    async def push(self, batch):
        self.sent += batch
        return [PushResult(d.remote_id, PushStatus.ACCEPTED) for d in batch]


def gate(channel=None, *, stopped=False, **options):
    return EdgeGate(channel or Recorder(), lambda: stopped, **options)


def push(through, *batch):
    return {r.remote_id: r for r in asyncio.run(through.push(batch))}


def test_a_good_price_passes():
    """Within floor, ceiling and step, in the channel's currency: it leaves."""
    channel = Recorder()
    assert push(gate(channel), GOOD)["1"].status is PushStatus.ACCEPTED
    assert channel.sent == [GOOD]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"floor": None}, "no floor"),
        ({"price": pln(8_999)}, "below the floor 90.00 PLN"),
        ({"price": pln(12_001)}, "above the ceiling 120.00 PLN"),
        ({"price": pln(0), "floor": pln(0), "previous": None}, "not above zero"),
        ({"price": Money(10_000, Currency.of("EUR"))}, "currency PLN"),
        ({"floor": Money(9_000, Currency.of("EUR"))}, "another currency"),
        ({"previous": Money(9_500, Currency.of("EUR"))}, "another currency"),
        ({"previous": pln(3_333)}, "more than 200 % above"),
        ({"previous": pln(20_001)}, "more than 50 % below"),
        ({"adopted": True, "floor": None}, "never written"),
        ({"channel": "other"}, "meant for channel other"),
    ],
)
def test_a_price_that_breaks_a_limit_is_refused_and_never_sent(change, reason):
    """Each limit by itself stops the price, with its reason; nothing is raised for one item."""
    channel = Recorder()
    result = push(gate(channel), replace(GOOD, **change))["1"]
    assert result.status is PushStatus.REFUSED
    assert result.message.startswith("gate: ")
    assert reason in result.message
    assert channel.sent == []


def test_the_rest_of_the_batch_goes_on():
    """One refused item does not hold back its neighbours."""
    results = push(gate(), GOOD, replace(GOOD, remote_id="2", floor=None))
    assert (results["1"].status, results["2"].status) == (PushStatus.ACCEPTED, PushStatus.REFUSED)


def test_a_step_of_exactly_the_limit_passes():
    """Three times and half of the previous price are the last that pass."""
    low = replace(GOOD, floor=pln(1))
    assert push(gate(), replace(low, previous=pln(20_000)))["1"].status is PushStatus.ACCEPTED
    assert push(gate(), replace(low, price=pln(9_999), previous=pln(3_333)))["1"].status is PushStatus.ACCEPTED


def test_the_same_listing_twice_in_a_batch_is_refused():
    """Which of two prices would win is not left to the channel."""
    channel = Recorder()
    push(gate(channel), GOOD, replace(GOOD, price=pln(9_100)))
    assert channel.sent == []


def test_the_kill_switch_stops_the_whole_batch():
    """While publishing is stopped nothing leaves."""
    channel = Recorder()
    with pytest.raises(PublishingStopped):
        push(gate(channel, stopped=True), GOOD)
    assert channel.sent == []


def test_no_more_listings_change_within_an_hour_than_allowed():
    """The run size is limited; the same listing again does not count twice, and an hour later there is room again, in
    which it counts as any other.
    """
    clock = FixedClock(datetime(2026, 3, 2, tzinfo=UTC))
    through = gate(limits=GateLimits(max_changes=2), now=clock.now)
    items = [replace(GOOD, remote_id=str(n)) for n in range(3)]
    assert [r.status for r in push(through, *items).values()].count(PushStatus.REFUSED) == 1
    assert push(through, items[0])["0"].status is PushStatus.ACCEPTED
    clock.advance(seconds=3700)
    assert push(through, items[2])["2"].status is PushStatus.ACCEPTED
    assert push(through, items[0])["0"].status is PushStatus.ACCEPTED
    assert push(through, items[1])["1"].status is PushStatus.REFUSED


def test_the_changes_of_all_processes_count_together():
    """Two gates on one store share the room of an hour, to the last listing; another channel has its own."""
    store = MemoryStore()
    first, second = (gate(limits=GateLimits(max_changes=5), usage=store.usage) for _ in range(2))
    items = [replace(GOOD, remote_id=str(n)) for n in range(8)]
    push(first, *items[:3])
    results = push(second, *items[3:])
    assert [r.status for r in results.values()].count(PushStatus.ACCEPTED) == 2
    assert {r.message for r in results.values() if r.status is PushStatus.REFUSED} == {
        "gate: more than 5 listings changed within an hour"
    }
    store.close()


@pytest.mark.parametrize("kind", ["full_state", "displays"])
def test_a_feed_or_a_label_may_show_an_adopted_price(kind):
    """What has no price of its own shows what was found in the catalogue; it has no floor yet."""
    adopted = replace(GOOD, adopted=True, floor=None)
    assert push(gate(Recorder(**{kind: True})), adopted)["1"].status is PushStatus.ACCEPTED


@given(
    price=st.integers(-100, 100_000),
    floor=st.none() | st.integers(-100, 100_000),
    ceiling=st.none() | st.integers(0, 100_000),
    previous=st.none() | st.integers(1, 100_000),
    adopted=st.booleans(),
)
def test_nothing_outside_its_limits_ever_leaves(price, floor, ceiling, previous, adopted):
    """Whatever is asked, what leaves is positive, at or above its floor, at or below its ceiling, within the step."""
    channel = Recorder()
    asked = Desired(
        "shop", "1", "A", 1, pln(price), TaxRate(2300),
        floor=None if floor is None else pln(floor), ceiling=None if ceiling is None else pln(ceiling),
        previous=None if previous is None else pln(previous), adopted=adopted,
    )  # fmt: skip
    push(gate(channel), asked)
    if channel.sent:
        assert floor is not None
        assert max(1, floor) <= price
        assert ceiling is None or price <= ceiling
        assert previous is None or previous * 50 <= price * 100 <= previous * 300
