"""What a [source] table may say, and sources that installed packages add."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from pricewatch.domain.errors import ConfigError
from pricewatch.domain.product import Assortment
from pricewatch.located import build, parse
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.sources import registry
from pricewatch.scraping.sources.base import Surroundings
from pricewatch.testing import FixedClock

HEAD = 'name = "rival"\ndomains = ["rival.example"]\n[source]\n'


def site(source: str) -> SiteDefinition:
    return build(SiteDefinition, parse(HEAD + source, "rival.toml"))


def problem(source: str) -> str:
    with pytest.raises(ConfigError) as raised:
        site(source)
    return str(raised.value)


WRONG = {
    'type = "feed"': "either url or path",
    'type = "feed"\nurl = "https://rival.example/f"\npath = "f.csv"': "either url or path",
    'type = "feed"\nurl = "ftp://rival.example/f"': "web address",
    'type = "feed"\nurl = "https://other.example/f"': "add it to domains",
    'type = "feed"\nurl = "https://rival.example/{token}"': "{token}",
    'type = "feed"\nurl = "https://rival.example/f"\nuser = "us"': "password",
    'type = "feed"\nurl = "https://rival.example/f"\n[source.columns]\nprise = "x"': "prise",
    'type = "feed"\nurl = "https://rival.example/f"\ndelimiter = ";;"': "one character",
    'type = "ebay"\nclient_id = "abc"\nclient_secret = { env = "S" }': "secret does not stand in this file",
    'type = "mirakl"\nendpoint = "https://elsewhere.example"\nkey = { env = "K" }': "add it to domains",
    'type = "soap"': "soap",
}


@pytest.mark.parametrize(("source", "words"), WRONG.items())
def test_a_wrong_source_is_told_where_it_is_wrong(source, words):
    """Each mistake names itself and its file."""
    told = problem(source)
    assert words in told
    assert told.startswith("rival.toml:")


def test_a_local_path_counts_from_the_definitions_folder(tmp_path: Path):
    """So a project can be moved."""
    file = tmp_path / "rival.toml"
    file.write_text(HEAD + 'type = "feed"\npath = "lists/rival.csv"\n', encoding="utf-8")
    found = build(SiteDefinition, parse(file.read_text(encoding="utf-8"), str(file)))
    assert found.source is not None
    assert str(found.source.path).endswith("lists/rival.csv")


def surroundings(definition: SiteDefinition) -> Surroundings:

    clock = FixedClock(datetime(2026, 11, 22, tzinfo=UTC))
    settings = ScrapingSettings()
    return Surroundings(definition, HttpFetcher(settings, {}, clock), settings, clock, lambda: Assortment({}))


class Own:
    """A source that a package brings: it is given its options and its surroundings."""

    def __init__(self, settings, around) -> None:
        self.options, self.site = settings.options, around.site.name


def test_an_installed_package_adds_a_source(monkeypatch):
    """The entry point is called with the table and what a source works with."""
    point = EntryPoint("own", f"{__name__}:Own", registry.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda _: Own)
    monkeypatch.setattr(registry, "entry_points", lambda **keys: EntryPoints([point]).select(**keys))
    definition = site('type = "plugin"\nplugin = "own"\n[source.options]\nlist = "a"')
    assert definition.source is not None
    made = registry.build_source(definition.source, surroundings(definition))
    assert (made.options, made.site) == ({"list": "a"}, "rival")


def test_a_missing_plug_in_is_named():
    """With what is installed."""
    definition = site('type = "plugin"\nplugin = "nobody"')
    with pytest.raises(ConfigError, match="nobody"):
        registry.build_source(definition.source, surroundings(definition))
