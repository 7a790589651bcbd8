"""Read kept pages again with today's definition and reader, and say what would read differently now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Observation, Offer, SiteKind
from pricewatch.ports import KeptPage, Page, Sighting, StoredObservation, Target
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.urls import is_web_address

LOST = "not read any more"


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept page with the readings that rest on it."""

    page: Page
    target: Target
    readings: tuple[StoredObservation, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One reading that would come out differently: what it said, and what the same page says now."""

    reading: int
    url: str
    title: str
    seller: str
    field: str
    before: Money | str | None
    now: Money | str | None


def kept_pages(
    site: SiteDefinition, readings: Iterable[StoredObservation], kept: Mapping[str, KeptPage]
) -> Iterator[Kept]:
    """The pages that readings rest on, as far as they are kept, each with its readings; `kept` by page hash."""
    on_a_page = [r for r in readings if r.observation.evidence.page_hash in kept and _target(r)]
    for (page_hash, url), group in groupby(sorted(on_a_page, key=_page), key=_page):
        found = tuple(group)
        final = _final_url(site, found[0].observation) or url
        seen_at = found[0].observation.seen_at
        yield Kept(as_page(kept[page_hash], url, final, seen_at), Target(site.name, url), found)


def as_page(kept: KeptPage, url: str, final_url: str, seen_at: datetime) -> Page:
    """A kept page as if it came now: its Content-Type decides how its bytes are read, as it did then."""
    headers = {"content-type": kept.content_type} if kept.content_type else {}
    return Page(url, final_url, 200, headers, kept.body, seen_at)


def _page(reading: StoredObservation) -> tuple[str, str]:
    return reading.observation.evidence.page_hash, _target(reading)


def _target(reading: StoredObservation) -> str:
    return reading.observation.target or reading.observation.offer.item.url


def _final_url(site: SiteDefinition, observation: Observation) -> str:
    """The address that the page was read at, after redirects: where the page itself is the item."""
    url = observation.offer.item.url
    return url if site.kind in {SiteKind.SHOP, SiteKind.COMPARISON} and is_web_address(url) else ""


def differences(kept: Kept, now: Sighting) -> tuple[Difference, ...]:
    """What the page said then and says now, offer by offer; what nobody took then is not looked at."""
    today: dict[object, list[Offer]] = {}
    for observation in now.observations:
        today.setdefault(_key(observation.offer), []).append(observation.offer)
    reason = now.set_aside.reason if now.set_aside else ""
    return tuple(d for reading in kept.readings for d in _compared(reading, today, reason))


def _key(offer: Offer) -> object:
    return offer.item.key, offer.seller


def _compared(reading: StoredObservation, today: Mapping[object, Sequence[Offer]], reason: str) -> Iterator[Difference]:
    before = reading.observation.offer
    same = today.get(_key(before), ())
    if not same:
        yield _difference(reading, "offer", before.price, f"{LOST}: {reason}" if reason else LOST)
        return
    facts = [min((_facts(before, offer) for offer in same), key=len)]
    yield from (_difference(reading, *fact) for fact in facts[0])


def _facts(before: Offer, now: Offer) -> list[tuple[str, Money | str | None, Money | str | None]]:
    """The fields in which two readings of one offer differ."""
    names = ("price", "shipping", "was_price", "bid", "availability", "condition", "role")
    pairs = [(name, attrgetter(name)(before), attrgetter(name)(now)) for name in names]
    return [(name.removesuffix("_price"), _plain(old), _plain(new)) for name, old, new in pairs if old != new]


def _plain(value: object) -> Money | str | None:
    return value if value is None or isinstance(value, Money) else str(value)


def _difference(
    reading: StoredObservation, field: str, before: Money | str | None, now: Money | str | None
) -> Difference:
    offer = reading.observation.offer
    return Difference(reading.id, _target(reading), offer.item.title, offer.seller, field, before, now)
