"""Which pages of a site are read when, and why: by value, inside each host's budget, none left for too long."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

import numpy as np

from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.revisit import Bounds, intervals, rates
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Activity, HostRecord, SiteInfo, Target

DAY = 86_400.0
WATCHED = timedelta(days=30)
RECENTLY = timedelta(days=7)
EARLY = 0.9  # due a tenth early, so that a schedule with the same interval does not miss it by seconds
KVI, CLOSE, MATCHED = 3.0, 2.0, 1.0
UNMATCHED = 0.5  # it moves no price of ours yet
NEAR = 500  # basis points above our price within which a rival is close
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Visit:
    """One page: when it is read next, how often, and what that rests on; `held` says why it has to wait all the same.

    `every` is in seconds, `rate` in changes a day.
    """

    target: Target
    due_at: datetime
    every: float
    rate: float
    weight: float
    reasons: tuple[str, ...]
    held: str = ""

    @property
    def worth(self) -> float:
        """What a reading a day is worth beside others."""
        return self.weight * self.rate


@dataclass(frozen=True, slots=True)
class Agenda:
    """The visits of one site, most pressing first; hosts that are left alone, with their reason and until when."""

    site: str
    at: datetime
    visits: tuple[Visit, ...]
    paused: Mapping[str, tuple[str, datetime]]

    def due(self, *, everything: bool = False) -> tuple[Target, ...]:
        """The pages to read now; with `everything` those that are not due yet as well, after the others."""
        return tuple(v.target for v in self.visits if not v.held and (everything or v.due_at <= self.at))

    def held(self, *, everything: bool = False) -> Mapping[str, int]:
        """How many of the pages that `due` would give have to wait, by the reason."""
        return Counter(v.held for v in self.visits if v.held and (everything or v.due_at <= self.at))


def agenda(
    bench: Workbench, site: str, targets: Sequence[Target], told: Mapping[str, datetime] = MappingProxyType({})
) -> Agenda:
    """Plan the readings of a site's pages; reads the database only.

    `told` is when its sitemap says that they changed.
    """
    info, at = bench.sites[site], bench.clock.now()
    weights, reasons = _weigh(bench, site, targets)
    news = _news(targets, told)
    known = bench.store.sightings.activity(site, since=at - WATCHED, recent=at - RECENTLY)
    records = {record.host: record for record in bench.store.hosts.load()}
    visits: list[Visit] = []
    for host, mine in _by_host(targets).items():
        planned = [_at_once(visit, news, at) for visit in _planned(info, mine, known, weights, reasons, at)]
        visits += _within_means(bench, info, planned, records.get(host, HostRecord(host)), at)
    visits.sort(key=lambda visit: (visit.due_at > at, -_pressing(visit, at)))
    paused = {
        name: (records[name].reason or "asked for it", until)
        for name in _by_host(targets)
        if name in records and (until := records[name].paused(at))
    }
    return Agenda(site, at, tuple(visits), paused)


def _news(targets: Sequence[Target], told: Mapping[str, datetime]) -> frozenset[str]:
    """Pages that changed since they were read, as the sitemap has it; if it says so of most, it is not believed."""
    read = [target for target in targets if target.seen_at and target.url in told]
    newer = frozenset(t.url for t in read if t.seen_at and t.seen_at < told[t.url] and not t.failures)
    return newer if len(newer) <= max(3, len(read) // 2) else frozenset()


def _at_once(visit: Visit, news: frozenset[str], at: datetime) -> Visit:
    if visit.target.url not in news:
        return visit
    return replace(visit, due_at=min(visit.due_at, at), reasons=(*visit.reasons, "its sitemap says that it changed"))


def _pressing(visit: Visit, at: datetime) -> float:
    """Longest overdue by its own measure first, weighted; new pages before all others."""
    if visit.target.seen_at is None:
        return 1e9
    return visit.weight * (at - visit.target.seen_at).total_seconds() / max(visit.every, 1.0)


def _by_host(targets: Iterable[Target]) -> Mapping[str, list[Target]]:
    found: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        found[_host(target.url)].append(target)
    return found


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{(parts.hostname or '').rstrip('.')}:{parts.port or _PORTS.get(parts.scheme)}"
    except ValueError:
        return ""


# --- how often -------------------------------------------------------------------------------------------------


def _planned(
    info: SiteInfo,
    targets: Sequence[Target],
    known: Mapping[str, Activity],
    weights: Mapping[str, float],
    reasons: Mapping[str, tuple[str, ...]],
    at: datetime,
) -> list[Visit]:
    activities = [known.get(target.url, Activity()) for target in targets]
    watched = [min(_days(activity.since, at), WATCHED.days) for activity in activities]
    rate = rates(
        np.array([activity.changes for activity in activities], dtype=np.float64),
        np.array(watched, dtype=np.float64),
        np.array([activity.recent for activity in activities], dtype=np.float64),
        np.minimum(np.array(watched, dtype=np.float64), RECENTLY.days),
    )
    swing = np.array([1.0 + min(activity.swing, 1_000) / 1_000 for activity in activities])
    weight = np.array([weights[target.url] for target in targets]) * swing
    every = intervals(rate, weight, _bounds(info, len(targets))) * DAY
    return [
        Visit(
            target,
            _due(target, float(seconds), at),
            float(seconds),
            float(changes),
            float(value),
            _explained(reasons[target.url], activity, target),
        )
        for target, seconds, changes, value, activity in zip(targets, every, rate, weight, activities, strict=True)
    ]


def _bounds(info: SiteInfo, pages: int) -> Bounds:
    """As many readings as one every `revisit` seconds for each page, or as the budget lets."""
    readings = pages * DAY / max(info.revisit, 1.0)
    longest = max(info.longest, info.revisit) / DAY
    if info.daily_budget:
        readings = min(readings, info.daily_budget)
        longest = max(longest, pages / info.daily_budget)
    return Bounds(readings, min(info.shortest, info.revisit) / DAY, longest)


def _days(since: datetime | None, at: datetime) -> float:
    return max((at - since).total_seconds() / DAY, 0.0) if since else 0.0


def _due(target: Target, every: float, at: datetime) -> datetime:
    """A page that failed has its own time; a new one is due now."""
    if target.seen_at is None or target.failures:
        return target.due_at or at
    return target.seen_at + timedelta(seconds=every * EARLY)


def _explained(reasons: tuple[str, ...], activity: Activity, target: Target) -> tuple[str, ...]:
    found = list(reasons)
    if target.seen_at is None:
        found.insert(0, "never read")
    if target.failures:
        found.append(f"failed {target.failures} times in a row")
    if activity.changes:
        found.append(f"{activity.changes} changes in 30 days, {activity.recent} in 7")
    if activity.swing:
        found.append(f"swings by {activity.swing / 100:.0f} %")
    return tuple(found)


def _within_means(
    bench: Workbench, info: SiteInfo, visits: Sequence[Visit], host: HostRecord, at: datetime
) -> list[Visit]:
    """Hold back what a pause or the day's budget does not allow; the most pressing come first."""
    left, until = _left(info, host, at), host.paused(at)
    ordered = sorted(visits, key=lambda visit: (visit.due_at > at, -_pressing(visit, at)))
    if until:
        return [replace(visit, held=_left_alone(bench, host, until)) for visit in ordered]
    if not info.daily_budget:
        return ordered
    held = f"the {info.daily_budget:,} requests a day that {host.host} gets are used"
    return [replace(visit, held=held if place >= left else "") for place, visit in enumerate(ordered)]


def _left(info: SiteInfo, host: HostRecord, at: datetime) -> int:
    """How many requests of its day a host has left."""
    return max(info.daily_budget - (host.asked if host.day == f"{at:%Y-%m-%d}" else 0), 0)


def _left_alone(bench: Workbench, host: HostRecord, until: datetime) -> str:
    return f"{host.host} {host.reason or 'asked for it'}: left alone until {bench.told(until)}"


def beside(bench: Workbench, site: str, found: Sequence[Target]) -> tuple[list[Target], Mapping[str, int]]:
    """Of addresses that were just found those that may be asked for beside the known pages, and how many have to wait,
    by the reason: none of a host that is left alone, and at most half of what is left of a host's day.
    """
    info, at = bench.sites[site], bench.clock.now()
    records = {record.host: record for record in bench.store.hosts.load()}
    held: dict[str, str] = {}
    for host, mine in _by_host(found).items():
        record = records.get(host, HostRecord(host))
        if until := record.paused(at):
            held |= dict.fromkeys((target.url for target in mine), _left_alone(bench, record, until))
        elif info.daily_budget:
            words = f"half of what is left of the {info.daily_budget:,} requests a day of {host} is for known pages"
            held |= dict.fromkeys((target.url for target in mine[_left(info, record, at) // 2 :]), words)
    return [target for target in found if target.url not in held], Counter(held.values())


# --- what matters ----------------------------------------------------------------------------------------------


def _weigh(
    bench: Workbench, site: str, targets: Sequence[Target]
) -> tuple[Mapping[str, float], Mapping[str, tuple[str, ...]]]:
    """A page's weight by what it shows of ours: key items most, close rivals next, what is not matched least."""
    products, ours = bench.store.catalogue.load().products, _our_prices(bench)
    skus: dict[str, set[Sku]] = {target.url: {target.sku} if target.sku else set() for target in targets}
    prices: dict[str, list[Money]] = defaultdict(list)
    for stored in bench.store.sightings.current(site=site):
        url = stored.observation.target
        if url in skus and stored.sku:
            skus[url].add(stored.sku)
            if stored.observation.offer.price is not None:
                prices[url].append(stored.observation.offer.price)
    weights, reasons = {}, {}
    for url, mine in skus.items():
        kvi = any(sku in products and products[sku].kvi for sku in mine)
        close = any(_is_close(price, ours[sku]) for sku in mine if sku in ours for price in prices[url])
        weights[url] = max(KVI * kvi, CLOSE * close, MATCHED if mine else UNMATCHED)
        told = (("key item", kvi), ("close to our price", close), ("not matched", not mine))
        reasons[url] = tuple(words for words, holds in told if holds)
    return weights, reasons


def _our_prices(bench: Workbench) -> Mapping[Sku, Money]:
    catalogue = {sku: p.price for sku, p in bench.store.catalogue.load().products.items() if p.price is not None}
    listed = {sku: entry.gross for g in bench.groups for sku, entry in bench.store.prices.current(g.name).items()}
    return {**catalogue, **listed}


def _is_close(theirs: Money, ours: Money) -> bool:
    return theirs.currency == ours.currency and theirs.minor * 10_000 <= ours.minor * (10_000 + NEAR)
