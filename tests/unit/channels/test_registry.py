"""From configuration to a channel behind its gate."""

from __future__ import annotations

import asyncio

import pytest

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, PublishingStopped
from pricewatch.domain.listing import ChannelRole, Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment
from pricewatch.located import build, parse

EXAMPLES = {
    "woocommerce": 'type = "woocommerce"\nurl = "https://shop.example"\nkey = { env = "K" }\nsecret = { env = "S" }\n',
    "prestashop": 'type = "prestashop"\nurl = "https://shop.example"\nkey = { env = "K" }\n',
    "google": 'type = "google"\npath = "feeds/google.xml"\n',
    "ceneo": 'type = "ceneo"\npath = "feeds/ceneo.xml"\n',
    "csv": 'type = "csv"\npath = "feeds/prices.csv"\n',
}


def settings_of(toml):
    return build(ChannelSettings, parse(f"[channels.x]\n{toml}", "config.toml"), ("channels", "x"))


def made(settings, folder, *, stopped=False):
    return build_channel(
        "x",
        settings,
        currency="PLN",
        folder=folder,
        stop_check=lambda: stopped,
        assortment=lambda: Assortment({}),
    )


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("K", "ck")
    monkeypatch.setenv("S", "cs")


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_channel_is_built_behind_the_gate(kind, tmp_path):
    """Whatever the type, the kill switch stops it before anything leaves."""
    channel = made(settings_of(EXAMPLES[kind]), tmp_path, stopped=True)
    wish = Desired("x", "1", "A", 1, Money.parse("9.99", "PLN"), TaxRate(2300), Money.parse("1.00", "PLN"), None)
    with pytest.raises(PublishingStopped):
        asyncio.run(channel.push([wish]))


@pytest.mark.parametrize("kind", EXAMPLES)
def test_shops_are_checkouts_and_feeds_are_adverts(kind, tmp_path):
    """The role is the usual one of its type, and the currency the group's."""
    mine = made(settings_of(EXAMPLES[kind]), tmp_path).capabilities
    assert mine.role is (ChannelRole.CHECKOUT if kind in {"woocommerce", "prestashop"} else ChannelRole.ADVERT)
    assert mine.currency == "PLN"
    assert mine.full_state is (mine.role is ChannelRole.ADVERT)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('type = "woocommerce"\nurl = "shop.example"\nkey = { env = "K" }\nsecret = { env = "S" }\n', "no address"),
        (EXAMPLES["woocommerce"].replace('{ env = "S" }', '"cs_plain"'), "secret"),
        (EXAMPLES["woocommerce"].replace("https://", "https://me:pw@"), "user"),
        (EXAMPLES["csv"] + 'columns = { sku = "sku" }\n', "column for price"),
        (EXAMPLES["csv"] + 'columns = { sku = "sku", price = "price", x = "nonsense" }\n', "nonsense"),
        (EXAMPLES["google"] + 'currency = "ZZZ"\n', "ZZZ"),
        (EXAMPLES["google"] + "gate = { max_cut = 100 }\n", "99"),
        ('type = "bazaar"\n', "bazaar"),
    ],
)
def test_mistakes_in_a_section_are_located(toml, words):
    """Each mistake is a ConfigError with its line, and never shows a secret."""
    with pytest.raises(ConfigError) as caught:
        settings_of(toml)
    assert words in str(caught.value)
    assert caught.value.problems[0].line > 0
    assert "cs_plain" not in str(caught.value)


@pytest.mark.parametrize("kind", ["woocommerce", "prestashop"])
def test_a_missing_secret_stops_only_what_needs_it(kind, tmp_path, monkeypatch):
    """The channel is built and predicts without its key; asked for its listings, it names the variable."""
    monkeypatch.delenv("K")
    channel = made(settings_of(EXAMPLES[kind]), tmp_path)
    assert channel.capabilities.currency == "PLN"
    with pytest.raises(ChannelUnavailable, match="environment variable K: is not set") as caught:
        asyncio.run(anext(channel.listings()))
    assert (caught.value.where, caught.value.hint) == ("x", "set K")


PLUGIN = """
from pricewatch.domain.listing import Capabilities

class Board:
    def __init__(self, name, settings, around):
        self.name, self.settings = name, settings
        self.capabilities = Capabilities(settings.role, settings.options["port"], 60, around.currency)

    async def push(self, batch):
        raise AssertionError("nothing may come this far: " + self.settings.options["token"].reveal())
"""


def test_an_installed_package_can_offer_a_channel(tmp_path, monkeypatch):
    """An entry point makes it from its options; it stands behind the gate like ours."""
    (tmp_path / "acme_board.py").write_text(PLUGIN)
    info = tmp_path / "acme_board-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pricewatch.channels]\nboard = acme_board:Board\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    toml = 'type = "plugin"\nplugin = "board"\noptions = { port = 7, token = { env = "K" } }\n'
    channel = made(settings_of(toml), tmp_path, stopped=True)
    assert (channel.capabilities.batch_size, channel.capabilities.currency) == (7, "PLN")
    with pytest.raises(PublishingStopped):
        asyncio.run(channel.push([]))


def test_a_plugin_that_is_not_installed_is_said_with_what_is(tmp_path):
    """The message names the section and the installed ones."""
    with pytest.raises(ConfigError, match="no installed package offers a channel named 'nope'"):
        made(settings_of('type = "plugin"\nplugin = "nope"\n'), tmp_path)
