"""The models of config.toml: the sections of every room, and those that belong to none."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from pricewatch.channels.settings import ChannelSettings
from pricewatch.domain.money import Currency, known_currency_codes
from pricewatch.domain.product import PriceGroup
from pricewatch.intake.settings import CatalogueSettings
from pricewatch.located import LocalPath, Mistake, Secret, Section, did_you_mean
from pricewatch.matching.settings import MatchingSettings
from pricewatch.notify.settings import NotifySettings
from pricewatch.pipeline.schedule import Schedule, parse_cron, parse_interval, parse_times
from pricewatch.pipeline.settings import DiscoverySettings, PublishingSettings
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.values import parse_percent
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.store.settings import DatabaseSettings

# --- kinds of value --------------------------------------------------------------------------------------------


def _currency(code: str) -> str:
    if code.strip().upper() not in known_currency_codes():
        raise Mistake(f"{code!r} is no currency", "use an ISO 4217 code such as PLN, EUR or CZK")
    return Currency.of(code).code


def _country(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Mistake(f"{code!r} is no country code", "use two letters such as PL, DE or CZ")
    return code.upper()


def _vat(value: Any) -> int:
    points = parse_percent(value)
    if not 0 <= points <= 10_000:
        raise Mistake(f"{value!r} is no VAT rate", 'write it as in "23%"')
    return points


VatRate = Annotated[int, PlainValidator(_vat), WithJsonSchema({"type": "string", "examples": ["23%"]})]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        near = did_you_mean(name, {zone.lower(): zone for zone in available_timezones()})
        known = next((zone for zone in available_timezones() if zone.lower() == near), "Europe/Warsaw")
        raise Mistake(f"{name!r} is no time zone", f"did you mean `{known}`?" if near else f"as in {known}") from None


def _name(name: str) -> str:
    if not name or not all(c.isascii() and (c.islower() or c.isdigit() or c in "-_") for c in name):
        raise Mistake(f"`{name}` is no name", "use small letters, digits, - and _")
    return name


def _weekdays(days: tuple[str, ...]) -> tuple[str, ...]:
    parse_times(("00:00",), ZoneInfo("UTC"), days=days)
    return days


def _interval(text: str) -> str:
    parse_interval(text)
    return text


def _time_of_day(text: str) -> str:
    parse_times((text,), ZoneInfo("UTC"))
    return text


def _cron(line: str) -> str:
    parse_cron(line, ZoneInfo("UTC"))
    return line


CurrencyCode = Annotated[str, AfterValidator(_currency)]
CountryCode = Annotated[str, AfterValidator(_country)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Name = Annotated[str, AfterValidator(_name)]
Stage = Literal["scrape", "match", "plan", "publish", "verify"]


# --- sections --------------------------------------------------------------------------------------------------


class ShopSettings(Section):
    """Who we are and where we sell."""

    name: str = Field(min_length=1, max_length=100)
    """The shop's name, as reports and messages show it."""

    country: CountryCode
    """Two-letter code of the country that we sell to."""

    currency: CurrencyCode
    """ISO 4217 code of the currency that the catalogue's amounts are in."""

    timezone: TimeZone
    """Business time zone, such as "Europe/Warsaw": calendar days, schedules and printed times follow it."""

    own_sellers: tuple[str, ...] = ()
    """Names that we and our sister shops sell under on marketplaces and comparison sites: their offers never count
    as competition; default none."""

    own_sites: tuple[str, ...] = ()
    """Names of site definitions that are our own shops: their offers never count as competition; default none."""


class PriceGroupSettings(Section):
    """A market with prices of its own; what is not given here is as in [shop]."""

    country: CountryCode | None = None
    """Two-letter code of the country that the prices hold in; default the shop's."""

    currency: CurrencyCode | None = None
    """ISO 4217 code of the prices' currency; default the shop's."""

    timezone: TimeZone | None = None
    """Business time zone of the market; default the shop's."""

    vat: Mapping[VatRate, VatRate] = Field(default_factory=dict)
    """The VAT rates of this country for the rates of the catalogue, such as { "23%" = "19%", "8%" = "7%" }; a rate that
    is not named here stays; default none.
    """


class PathSettings(Section):
    """Folders that are looked up before the ones beside this file and the ones that come with pricewatch."""

    scrapers: LocalPath | None = None
    """Folder of site definitions; default scrapers/ beside this file."""

    rules: LocalPath | None = None
    """Folder of rule files; default rules/ beside this file, and the rules that come with pricewatch if it has none."""


class ScheduleSettings(Section):
    """A job of the daemon: which stages, and when; exactly one of `every`, `at` and `cron` says when."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    """Stages to run, in this order: scrape, match, plan, publish, verify."""

    sites: tuple[str, ...] = ()
    """Sites to scrape, by the name of their definition; default all that are enabled."""

    every: Annotated[str, AfterValidator(_interval)] | None = None
    """Interval such as "30m", "6h" or "1d", counted from midnight UTC; default none."""

    at: tuple[Annotated[str, AfterValidator(_time_of_day)], ...] = ()
    """Times of day such as ["06:00", "18:00"]; default none."""

    weekdays: Annotated[tuple[str, ...], AfterValidator(_weekdays)] = ()
    """Days on which `at` holds, such as ["mon-fri"]; default every day."""

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """Cron line of five fields (minute hour day month weekday), such as "15 6 * * mon-fri"; default none."""

    timezone: TimeZone | None = None
    """Time zone of `at` and `cron`; default the shop's."""

    @model_validator(mode="after")
    def _says_when(self) -> ScheduleSettings:
        given = [name for name in ("every", "at", "cron") if getattr(self, name)]
        if len(given) != 1:
            raise Mistake(
                f"{' and '.join(f'`{name}`' for name in given)} are both given" if given else "nothing says when",
                'give one of every = "6h", at = ["06:00"] and cron = "15 6 * * *"',
                at=tuple(given[-1:]),
            )
        if self.weekdays and not self.at:
            raise Mistake("`weekdays` goes with `at`", at=("weekdays",))
        return self

    def timing(self, shop_zone: str) -> Schedule:
        """When the job is due; `shop_zone` is the time zone where the schedule names none."""
        zone = ZoneInfo(self.timezone or shop_zone)
        if self.every:
            return parse_interval(self.every)
        return parse_cron(self.cron, zone) if self.cron else parse_times(self.at, zone, days=self.weekdays)


class WebTokenSettings(Section):
    """[web.tokens.NAME]: somebody who may ask, of whose token only the hash stands here (`pricewatch token`)."""

    hash: str = Field(pattern="^[0-9a-f]{64}$")
    """The SHA-256 of the token, as 64 digits."""

    scope: tuple[Literal["feeds", "prices", "lookup"], ...] = ()
    """What it opens: "feeds", "prices", "lookup"; default none: all of them."""


class WebSettings(Section):
    """The daemon's web server: feeds, the API and the pricing manager's pages."""

    host: str = "127.0.0.1"
    """Address to listen on; other machines reach it only when it is not a loopback address; default "127.0.0.1"."""

    port: int = Field(default=8080, ge=1, le=65_535)
    """Port to listen on; default 8080."""

    token: Secret | None = None
    """What callers must know; a token is needed when other machines can reach the server; default none."""

    tokens: dict[Name, WebTokenSettings] = Field(default_factory=dict)
    """Tokens of those who may see a part, as [web.tokens.NAME]; default none."""

    @model_validator(mode="after")
    def _guarded(self) -> WebSettings:
        if self.token is None and not self.tokens and not self.loopback:
            hint = 'add token = { env = "PRICEWATCH_TOKEN" }, or host = "127.0.0.1"'
            raise Mistake("other machines can reach this address, and no token guards it", hint, at=("host",))
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class LogSettings(Section):
    """What the log says, and where."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged; default "info"."""

    format: Literal["text", "json"] = "text"
    """One line of text or one JSON object a record; default "text"."""

    file: LocalPath | None = None
    """File that the log is added to; default none: it goes to standard error."""


class ConfigFile(Section):
    """config.toml."""

    shop: ShopSettings
    """Who we are and where we sell."""

    groups: dict[Name, PriceGroupSettings] = Field(default_factory=dict)
    """Markets with prices of their own, as [groups.NAME]; the first one is the catalogue's. Default: one group called
    "default", as [shop] says."""

    paths: PathSettings = PathSettings()
    """Folders of site definitions and rules."""

    database: DatabaseSettings = DatabaseSettings()
    """Where everything is kept."""

    catalogue: CatalogueSettings = CatalogueSettings()
    """How our own product file is read."""

    scraping: ScrapingSettings = ScrapingSettings()
    """How politely and how long pages are read."""

    matching: MatchingSettings = MatchingSettings()
    """When an item of a competitor is taken for one of our products."""

    discovery: DiscoverySettings = DiscoverySettings()
    """How pages are found on which competitors sell what we sell."""

    pricing: PricingSettings = PricingSettings()
    """How far pricewatch may go on its own."""

    publishing: PublishingSettings = PublishingSettings()
    """How prices are sent and checked."""

    channels: dict[Name, ChannelSettings] = Field(default_factory=dict)
    """Where our prices are shown, as [channels.NAME]."""

    schedule: dict[Name, ScheduleSettings] = Field(default_factory=dict)
    """What the daemon does when, as [schedule.NAME]."""

    notify: NotifySettings = NotifySettings()
    """Who is told what happened."""

    web: WebSettings = WebSettings()
    """The daemon's web server."""

    log: LogSettings = LogSettings()
    """What the log says, and where."""

    @property
    def price_groups(self) -> tuple[PriceGroup, ...]:
        """The price groups in file order; without any, one called `default`."""
        shop = self.shop
        return tuple(
            PriceGroup(
                name,
                group.country or shop.country,
                group.currency or shop.currency,
                group.timezone or shop.timezone,
                tuple(sorted(group.vat.items())),
            )
            for name, group in (self.groups or {"default": PriceGroupSettings()}).items()
        )


class Config(ConfigFile):
    """The configuration as it is used: config.toml, and the folder that it stands in."""

    folder: Path
    """The project folder; relative paths count from it."""
