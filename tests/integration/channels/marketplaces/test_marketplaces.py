"""Marketplaces from their sections of the configuration, and what they have in common."""

from __future__ import annotations

import httpx
import pytest
from market_fakes import FakeTime
from market_fakes.baselinker import BaseLinkerServer
from pydantic import TypeAdapter

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError
from pricewatch.domain.listing import ChannelRole
from pricewatch.domain.product import Assortment
from pricewatch.located import Section, build, parse
from pricewatch.store import DatabaseSettings, open_store

OAUTH = """
client_id = { env = "ID" }
client_secret = { env = "SECRET" }
"""
SECTIONS = {
    "allegro": f'type = "allegro"{OAUTH}refresh_token = {{ file = "allegro.token" }}',
    "ebay": f'type = "ebay"{OAUTH}refresh_token = {{ env = "REFRESH" }}',
    "amazon": f'type = "amazon"{OAUTH}refresh_token = {{ env = "REFRESH" }}\nseller = "A1SELLER99"',
    "kaufland": 'type = "kaufland"\nkey = { env = "ID" }\nsecret = { env = "SECRET" }',
    "mirakl": 'type = "mirakl"\nurl = "https://market.example"\nkey = { env = "ID" }',
    "baselinker": 'type = "baselinker"\ntoken = { env = "ID" }\ninventory = 307\nprice_group = 105',
    "bigcommerce": 'type = "bigcommerce"\nurl = "https://store.example/v3"\ntoken = { env = "ID" }\nprice_list = 2',
}


class _File(Section):
    channel: ChannelSettings


def settings_of(text, **more):
    lines = [f"{key} = {value}" for key, value in more.items()]
    return build(_File, parse("\n".join(["[channel]", text, *lines]), "config.toml")).channel


def channel_of(settings, tmp_path, **more):
    nothing = Assortment(())
    return build_channel(
        "market",
        settings,
        currency="PLN",
        folder=tmp_path,
        stop_check=lambda: False,
        assortment=lambda: nothing,
        **more,
    )


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_type_is_made_from_its_section(kind, tmp_path):
    """Every type stands behind the edge gate, takes money, and states its limits."""
    channel = channel_of(settings_of(SECTIONS[kind]), tmp_path)
    can = channel.capabilities
    assert (channel.name, can.role, can.currency, can.net) == ("market", ChannelRole.CHECKOUT, "PLN", False)
    assert can.batch_size >= 1


@pytest.mark.parametrize("kind", SECTIONS)
def test_no_credentials_no_request(kind, tmp_path, run, monkeypatch):
    """A secret that is nowhere is named, with what to do, before anything is sent."""
    for name in ("ID", "SECRET", "REFRESH"):
        monkeypatch.delenv(name, raising=False)
    sent = []
    transport = httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200))
    channel = channel_of(settings_of(SECTIONS[kind]), tmp_path, transport=transport)
    with pytest.raises(ChannelUnavailable, match="is not set") as caught:
        run(channel, lambda c: c.read(["1"]))
    assert caught.value.hint
    assert sent == []


def test_a_refresh_token_that_allegro_replaces_has_to_stand_in_a_file():
    """In a variable the new one could not be kept."""
    with pytest.raises(ConfigError, match="replaces this token with every use"):
        settings_of(f'type = "allegro"{OAUTH}refresh_token = {{ env = "REFRESH" }}')


@pytest.mark.parametrize(
    ("kind", "key", "value"), [("ebay", "revisions", 251), ("amazon", "rate", 301), ("baselinker", "rate", 101),
                               ("allegro", "rate", 9_001), ("amazon", "feed_messages", 25_001)],
)  # fmt: skip
def test_no_setting_goes_over_a_published_limit(kind, key, value):
    """More than the marketplace takes cannot be configured."""
    with pytest.raises(ConfigError, match=key):
        settings_of(SECTIONS[kind], **{key: value})


def test_the_budget_of_the_configuration_is_the_databases(tmp_path, run, monkeypatch):
    """Channels built from the configuration count where all processes do."""
    monkeypatch.setenv("ID", "token-1")
    market, store = BaseLinkerServer(FakeTime()), open_store(DatabaseSettings(), folder=tmp_path)
    store.upgrade()
    market.add("1", "S1")
    made = settings_of(SECTIONS["baselinker"])
    for _ in range(2):
        channel = channel_of(made, tmp_path, transport=market.server, usage=store.usage)
        run(channel, lambda c: c.read(["1"]))
    with store.database.read() as connection:
        used = connection.exec_driver_sql("SELECT sum(used) FROM channel_usage").scalar()
        accounts = set(connection.exec_driver_sql("SELECT account FROM channel_usage").scalars())
    store.close()
    assert used == len(market.server.requests)
    assert len(accounts) == 1
    assert "token-1" not in accounts.pop()


def test_every_type_is_one_of_the_configurations():
    """The union of all channels knows them."""
    known = TypeAdapter(ChannelSettings).json_schema()["discriminator"]["mapping"]
    assert set(SECTIONS) <= set(known)
