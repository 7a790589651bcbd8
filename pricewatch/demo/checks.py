"""Whether the demo's claims are true: what the rivals really ask and what the channels really show, against the store.

The truth is taken by the back door: the market that the pages were rendered from, the shops' own memory, the feeds'
files. Nothing here asks pricewatch's own reports.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from defusedxml.ElementTree import parse as parse_xml

from pricewatch.demo.market import Ask, Market, Trap
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.offer import Condition, PriceRole
from pricewatch.ports import Store, StoredObservation

STARTS = ("/sitemap.xml", "/lista")
GOOGLE = "{http://base.google.com/ns/1.0}"


class Untrue(Exception):
    """A claim of the demo does not hold."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How one channel's prices compare with the price list."""

    channel: str
    listings: int
    wrong: tuple[str, ...]
    below_floor: tuple[str, ...]


def parity(channel: str, shown: Mapping[str, Decimal], entries: Mapping[str, PriceEntry]) -> Parity:
    """Compare what a channel shows, by SKU, with the price list."""
    wrong = [
        f"{sku} shows {price}, the price list says {entries[sku].gross.amount if sku in entries else 'nothing'}"
        for sku, price in shown.items()
        if sku not in entries or entries[sku].gross.amount != price
    ]
    below = [
        f"{sku} shows {price}, its floor is {floor.amount}"
        for sku, price in shown.items()
        if sku in entries and (floor := entries[sku].floor) is not None and price < floor.amount
    ]
    return Parity(channel, len(shown), tuple(wrong), tuple(below))


def feeds(folder: Path) -> dict[str, dict[str, Decimal]]:
    """What the three feeds say, by feed and SKU."""
    return {
        "google": dict(_google(folder / "google.xml")),
        "ceneo": {o.get("id", ""): Decimal(o.get("price", "")) for o in parse_xml(folder / "ceneo.xml").iter("o")},
        "csv": dict(_csv(folder / "prices.csv")),
    }


def _google(file: Path) -> Iterator[tuple[str, Decimal]]:
    for item in parse_xml(file).iter("item"):
        yield item.findtext(f"{GOOGLE}id", ""), Decimal(item.findtext(f"{GOOGLE}price", "").split()[0])


def _csv(file: Path) -> Iterator[tuple[str, Decimal]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            yield row["sku"], Decimal(row["price"].replace(",", "."))


@dataclass(frozen=True, slots=True)
class Readings:
    """How many asks were read as they were meant, are held back, or stand on pages that were set aside with a reason,
    or whose site's first page was; and which were misread or missed without a word.
    """

    right: int
    held: int
    aside: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]


def readings(market: Market, store: Store, addresses: Mapping[str, str]) -> Readings:
    """Compare every offer that the store believes in with what its seller really asks."""
    found = _by_place(store.sightings.current(), addresses)
    set_aside = {item.item for run in store.runs.recent(stage="scrape", limit=50) for item in run.set_aside}
    right, held, aside, wrong, missed = 0, 0, 0, [], []
    for place, ask in _asks(market):
        seen = found.get(place)
        if seen is None and not set_aside.isdisjoint(addresses[place[0]] + path for path in (place[1], *STARTS)):
            aside += 1
        elif seen is None:
            missed.append(" ".join(part for part in place if part))
        elif seen.observation.quarantine:
            held += 1
        elif complaint := _misread(ask, seen):
            wrong.append(f"{' '.join(place)}: {complaint}")
        else:
            right += 1
    return Readings(right, held, aside, tuple(wrong), tuple(missed))


Place = tuple[str, str, str]


def _asks(market: Market) -> Iterator[tuple[Place, Ask]]:
    for page in market.pages:
        if page.trap is Trap.GONE and market.round > 1:
            continue
        several = len(page.asks) > 1
        for ask in page.asks:
            own = ask.article.gtin if several and page.site == "elektroport" else ask.seller
            yield (page.site, page.path, own), ask


def _by_place(
    observations: Sequence[StoredObservation], addresses: Mapping[str, str]
) -> dict[Place, StoredObservation]:
    found: dict[Place, StoredObservation] = {}
    for seen in observations:
        offer = seen.observation.offer
        key = offer.item.key
        path = (seen.observation.target or offer.item.url).removeprefix(addresses[key.site]).partition("?")[0]
        found[key.site, path, offer.item.gtin if key.variant and key.site == "elektroport" else offer.seller] = seen
    return found


def _misread(ask: Ask, seen: StoredObservation) -> str:
    offer = seen.observation.offer
    asked = (ask.price, ask.currency) if ask.price is not None else None
    read = (offer.price.minor, offer.price.currency.code) if offer.price else None
    if asked != read:
        return f"asked {asked}, read {read}"
    if read and offer.role not in (PriceRole.REGULAR, PriceRole.SALE):
        return f"is the price, read as a {offer.role} price"
    unsaid = ask.condition is Condition.NEW and offer.condition is Condition.UNKNOWN
    return "" if unsaid or ask.condition is offer.condition else f"is {ask.condition}, read as {offer.condition}"
