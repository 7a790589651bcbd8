"""The world changes while prices are on their way: clocks, channels, currencies. Each has a stated outcome."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from publishing_scene import SKUS, pln
from starlette.responses import JSONResponse

from pricewatch.domain.errors import StoreError
from pricewatch.pipeline.differences import parity
from pricewatch.pipeline.insight import status
from pricewatch.pipeline.staging import staged

LOWER = {"A": "90.00", "B": "91.00", "C": "92.00"}


def away(here, name):
    """A shop that answers nothing but errors from now on."""
    here.instead[name] = httpx.ASGITransport(JSONResponse({"code": "down"}, 503))
    here.bench = here.build()


def back(here, name):
    del here.instead[name]
    here.bench = here.build()


# --- clocks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-400, -7, 7])
def test_a_clock_that_jumps_keeps_no_price_waiting(scene, days):
    """What was to be tried again at a time of the wrong clock is tried again now."""
    here = scene(wait=5)
    away(here, "woo")
    here.apply({"A": "90.00"})
    back(here, "woo")
    here.clock.advance(days=days)
    here.send()
    assert here.shown("A") == ("90.00", "90.00", "90.00")


def test_the_newest_version_is_the_price_in_force_whatever_the_clock_said(scene):
    """Our history of prices, which the law on prior prices asks for, is in the order of the versions."""
    here = scene()
    here.apply({"A": "90.00"})
    here.clock.advance(hours=-5)
    here.apply({"A": "95.00"})
    assert here.store.prices.own_history("A", "default")[-1].gross == pln("95.00")
    assert here.shown("A") == ("95.00", "95.00", "95.00")
    newest, before = here.store.prices.versions()
    assert newest.created_at > before.created_at


def test_a_clock_that_is_days_behind_the_price_list_decides_no_price(scene):
    """Until it is set right; what was decided goes on to its channels, and nothing is lost."""
    here = scene()
    here.apply({"A": "90.00"})
    here.clock.advance(days=-3)
    here.decide({"A": "95.00"})
    with pytest.raises(StoreError, match="no price is decided by a wrong clock"):
        here.publish()
    assert here.shown("A") == ("90.00", "90.00", "90.00")
    here.clock.advance(days=3, seconds=1)
    here.publish()
    assert here.shown("A") == ("95.00", "95.00", "95.00")


# --- channels --------------------------------------------------------------------------------------------------


def without(here, name):
    """The channel is taken out of the configuration."""
    rest = {each: channel for each, channel in here.bench.channels.items() if each != name}
    return replace(here.bench, channels=rest, channel_groups=dict.fromkeys(rest, "default"))


def test_a_channel_that_leaves_the_configuration_holds_nothing_up(scene):
    """What was open there is left alone and not counted; back again it is asked for the newest price."""
    here = scene(wait=5)
    away(here, "presta")
    here.apply({"A": "90.00"})
    assert here.woo.shown("A") == "90.00"
    here.bench = without(here, "presta")
    report = here.apply({"A": "95.00"})
    assert (here.woo.shown("A"), here.feed_prices()["A"]) == ("95.00", "95.00")
    assert (report.counts["open"], report.set_aside) == (0, ())
    assert [each.name for each in status(here.bench).channels] == ["woo", "feed"]
    assert parity(here.bench).differences == ()
    back(here, "presta")
    here.verify()
    assert here.shown("A") == ("95.00", "95.00", "95.00")


def test_a_staged_version_does_not_wait_for_a_channel_that_is_gone(scene):
    """Its first products are verified on the channels that are left."""
    here = scene(wait=5, release={"first": 1})
    here.apply(LOWER)
    away(here, "presta")
    here.apply({"A": "85.00", "B": "86.00", "C": "87.00"})
    assert here.woo.shown("B") == "91.00"
    here.bench = without(here, "presta")
    here.send()
    assert {sku: here.woo.shown(sku) for sku in SKUS} == {"A": "85.00", "B": "86.00", "C": "87.00"}
    assert staged(here.bench) == ()


# --- the currency ----------------------------------------------------------------------------------------------


def test_another_currency_in_the_configuration_writes_no_price_anywhere(scene):
    """What was decided in zloty is nobody's price in euro: shops keep theirs, the feed the last good one, and it is
    said.
    """
    here = scene(wait=5)
    here.apply({"A": "90.00"})
    before = len(here.writes())
    here.group = replace(here.group, currency="EUR")
    here.bench = here.build()
    report = here.verify()
    assert len(here.writes()) == before
    assert here.shown("A") == ("90.00", "90.00", "90.00")
    assert any("EUR" in each.reason for each in report.set_aside), report.set_aside
