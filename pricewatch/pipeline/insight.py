"""What is, what was, and why: read-only views for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Decision, DecisionStatus, Market, Plan, PriceEntry
from pricewatch.domain.errors import UsageError
from pricewatch.domain.listing import OPEN_STATES, Listing, Publication, PublicationState
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import Verdict
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.found import FoundPrice, held_prices
from pricewatch.pipeline.market import market_frame, whole_families
from pricewatch.pipeline.staging import StagedVersion, staged
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Freeze, LearntRow, OwnPrice, PageGroup, RunRecord, StopState, StoredObservation
from pricewatch.pricing.engine import decide

T = TypeVar("T")

_UNUSED = re.compile(r"(\d+) of (\d+) offers not used")


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How far one channel is in step with the price list; `parity` is in basis points of its listings. `waits` is for
    whose answer how many of them wait.
    """

    name: str
    listings: int
    states: Mapping[PublicationState, int]
    parity: int | None
    oldest_open: datetime | None
    waits: str = ""


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """How a site is doing: its targets by verdict, when one was last read, how many lost their offers, and which
    hosts are left alone.
    """

    name: str
    enabled: bool
    targets: int
    verdicts: Mapping[str, int]
    seen_at: datetime | None
    lost: int = 0
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance."""

    at: datetime
    products: int
    sites: tuple[SiteStatus, ...]
    offers: int
    quarantined: int
    matches: Mapping[MatchStatus, int]
    plan: Plan | None
    pending: int
    price_list: int
    priced: int
    channels: tuple[ChannelStatus, ...]
    drifted: tuple[Publication, ...]
    stopped: StopState | None
    frozen: tuple[Freeze, ...]
    runs: tuple[RunRecord, ...]
    staged: tuple[StagedVersion, ...] = ()
    held: int = 0


def status(bench: Workbench) -> Status:
    """Sum up what pricewatch knows and how far the channels are in step."""
    store, now = bench.store, bench.clock.now()
    newest = store.plans.get()
    offers, held = store.sightings.count()
    tally, pages = store.outbox.tally(), store.sightings.pages()
    return Status(
        at=now,
        products=store.catalogue.count(),
        sites=tuple(_site_status(bench, name, pages) for name in bench.sites),
        offers=offers,
        quarantined=held,
        matches=store.matches.count(),
        plan=newest,
        pending=_pending(bench, newest),
        price_list=store.prices.newest(),
        priced=sum(store.prices.count(group.name) for group in bench.groups),
        channels=tuple(_channel_status(n, tally, each.capabilities.answers) for n, each in bench.channels.items()),
        drifted=store.outbox.publications(states=[PublicationState.DRIFTED]),
        stopped=store.control.stopped(),
        frozen=store.catalogue.frozen(now),
        runs=store.runs.recent(limit=10),
        staged=staged(bench),
        held=len(held_prices(bench)),
    )


def _pending(bench: Workbench, newest: Plan | None) -> int:
    if newest is None or newest.status != "open":
        return 0
    return bench.store.plans.count(newest.number)[DecisionStatus.PENDING]


def _site_status(bench: Workbench, name: str, pages: Sequence[PageGroup]) -> SiteStatus:
    mine = [group for group in pages if group.site == name]
    verdicts: Counter[str] = Counter()
    for group in mine:
        verdicts[group.verdict.value if group.verdict else "unread"] += group.count
    return SiteStatus(
        name=name,
        enabled=bench.sites[name].enabled,
        targets=verdicts.total(),
        verdicts=verdicts,
        seen_at=max((group.seen_at for group in mine if group.seen_at), default=None),
        lost=lost_pages(mine),
        paused=_paused(bench, name),
    )


def _paused(bench: Workbench, site: str) -> tuple[str, ...]:
    """The hosts of a site that are left alone now, in words."""
    at, zone = bench.clock.now(), ZoneInfo(bench.groups[0].timezone)
    return tuple(
        f"{record.host} {record.reason or 'asked for it'}: left alone until {until.astimezone(zone):%Y-%m-%d %H:%M}"
        for record in bench.store.hosts.load()
        if record.site == site and (until := record.paused(at))
    )


def lost_pages(pages: Sequence[PageGroup]) -> int:
    """How many pages that once had offers show no usable one now, when it is half of what was read; else 0.

    So it looks when a site has changed its layout.
    """
    read = sum(group.count for group in pages if group.verdict is not None)
    lost = sum(group.count for group in pages if group.changed and _shows_nothing(group))
    return lost if 2 * lost >= read else 0


def _shows_nothing(pages: PageGroup) -> bool:
    if pages.verdict is not Verdict.PRODUCT or not pages.message:
        return pages.verdict is Verdict.NONE and pages.failing
    part = _UNUSED.match(pages.message)
    return part is None or part[1] == part[2]


_SENT = (PublicationState.SENT, PublicationState.UNKNOWN)


def _channel_status(
    name: str, tally: Mapping[tuple[str, PublicationState], tuple[int, datetime]], answers: str
) -> ChannelStatus:
    mine = {state: found for (channel, state), found in tally.items() if channel == name}
    states = Counter({state: number for state, (number, _) in mine.items()})
    listings, waiting = states.total(), sum(states[state] for state in _SENT)
    return ChannelStatus(
        name=name,
        listings=listings,
        states=states,
        parity=states[PublicationState.VERIFIED] * 10_000 // listings if listings else None,
        oldest_open=min((oldest for state, (_, oldest) in mine.items() if state in OPEN_STATES), default=None),
        waits=f"{waiting} wait for {answers}" if answers and waiting else "",
    )


@dataclass(frozen=True, slots=True)
class GroupExplanation:
    """Why a product has its price in one price group: the market now, the decision, and what the channels show."""

    group: PriceGroup
    market: Market
    live: Decision | None  # what the rules would say now
    decided: Decision | None  # what was decided last, or in the plan that was asked for
    decided_at: datetime | None
    entry: PriceEntry | None
    said: LearntRow | None = None  # by the demand model when it was decided
    says: LearntRow | None = None  # by the demand model now


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole path of one product's price."""

    product: Product
    groups: tuple[GroupExplanation, ...]
    matches: tuple[Match, ...]
    readings: tuple[StoredObservation, ...]
    listings: tuple[Listing, ...]
    publications: tuple[Publication, ...]
    freeze: Freeze | None
    held: tuple[FoundPrice, ...] = ()


def explain(bench: Workbench, sku: Sku, *, plan: int | None = None) -> Explanation:
    """Lay open the whole path of a price, for now or for a past plan; raises UsageError for an unknown SKU."""
    product = _known(bench, sku)
    store = bench.store
    return Explanation(
        product=product,
        groups=tuple(_explain_group(bench, group, sku, plan) for group in bench.groups),
        matches=store.matches.of_sku(sku),
        readings=store.sightings.current(sku=sku),
        listings=store.outbox.listings(sku=sku),
        publications=store.outbox.publications(sku=sku),
        freeze=next((freeze for freeze in store.catalogue.frozen(bench.clock.now()) if freeze.sku == sku), None),
        held=tuple(held_prices(bench, [sku])),
    )


def _known(bench: Workbench, sku: Sku) -> Product:
    product = bench.store.catalogue.get(sku)
    if product is None:
        raise UsageError(
            f"no product {sku!r} in the catalogue", hint="SKUs are case-sensitive; `pricewatch status` counts them"
        )
    return product


def _explain_group(bench: Workbench, group: PriceGroup, sku: Sku, plan: int | None) -> GroupExplanation:
    frame = market_frame(bench, group, whole_families(bench, [sku]))
    result = decide(frame, bench.rulebook, bench.pricing)
    live = next((each for each in result.proposals() if each.sku == sku), None)
    found = _decided(bench, group, sku, plan)
    row = frame.products.sku.index(sku)
    now = frame.products.learnt[row] if frame.products.learnt is not None else b""
    return GroupExplanation(
        group=group,
        said=bench.store.learning.said(found[1].plan, group.name, sku) if found else None,
        says=LearntRow(sku, group.name, frame.model, now) if now else None,
        market=result.market(row),
        live=Decision(plan=0, proposal=live, status=DecisionStatus.NONE) if live else None,
        decided=found[1] if found else None,
        decided_at=found[0] if found else None,
        entry=bench.store.prices.current(group.name, skus=[sku]).get(sku),
    )


def _decided(bench: Workbench, group: PriceGroup, sku: Sku, plan: int | None) -> tuple[datetime, Decision] | None:
    past = [found for found in bench.store.plans.decisions_of(sku, limit=200) if found[1].proposal.group == group.name]
    if plan is None:
        return past[0] if past else None
    return next((found for found in past if found[1].plan == plan), None)


@dataclass(frozen=True, slots=True)
class History:
    """How a product's prices came to be: ours, theirs, and the decisions."""

    product: Product
    own: tuple[OwnPrice, ...]
    offers: tuple[StoredObservation, ...]
    decisions: tuple[tuple[datetime, Decision], ...]


def history(bench: Workbench, sku: Sku, *, limit: int = 50) -> History:
    """The newest `limit` changes of our price, of matched offers and of decisions, oldest first."""
    product = _known(bench, sku)
    own = [price for group in bench.groups for price in bench.store.prices.own_history(sku, group.name)]
    return History(
        product=product,
        own=_newest(sorted(own, key=lambda price: price.since), limit),
        offers=_newest(bench.store.sightings.history(sku), limit),
        decisions=tuple(reversed(bench.store.plans.decisions_of(sku, limit=limit))),
    )


def _newest(rows: Sequence[T], limit: int) -> tuple[T, ...]:
    return tuple(rows[-limit:]) if limit else ()
