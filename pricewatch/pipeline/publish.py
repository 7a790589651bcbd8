"""Approved decisions become the price list, and the price list reaches every channel: `pricewatch apply`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Announcement, Decision, DecisionStatus, Plan, PriceEntry
from pricewatch.domain.errors import (
    BreakerTripped,
    ChannelError,
    NotApproved,
    PublishingStopped,
    SetAside,
    UsageError,
)
from pricewatch.domain.listing import OPEN_STATES, Desired, Listing, Publication
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.sending import Sender
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Channel

LOCK = "publishing"
ADOPTED = "found in the catalogue, not decided yet"

Pause = Callable[[float], Awaitable[None]]


async def publish(bench: Workbench, number: int | None = None, *, pause: Pause = asyncio.sleep) -> StageReport:
    """Make the approved decisions of a plan the next price list version, in one transaction with its publications,
    then send and read back; raises NotApproved, BreakerTripped or PublishingStopped.
    """
    with stage(bench, "publish") as log:
        refuse_stopped(bench)
        async with sole_sender(bench):
            plan, approved = _approved(bench, number)
            version = await _append(bench, plan, approved, log)
            await deliver(bench, log, pause=pause)
        log.message = f"price list {version}" if version else "no price changed"
    return log.report()


async def send(bench: Workbench, *, channels: Sequence[str] | None = None, pause: Pause = asyncio.sleep) -> StageReport:
    """Bring every listing that is still on its way to its price, as far as the channels allow now."""
    with stage(bench, "send") as log:
        refuse_stopped(bench)
        async with sole_sender(bench):
            await deliver(bench, log, channels=channels, pause=pause)
    return log.report()


@asynccontextmanager
async def sole_sender(bench: Workbench) -> AsyncIterator[None]:
    """Be the only sender of this database; raises Locked. At the end the channels' connections are closed."""
    with bench.store.lock(LOCK):
        try:
            yield
        finally:
            for channel in bench.channels.values():
                await channel.close()


def refuse_stopped(bench: Workbench) -> None:
    """Raise PublishingStopped while the kill switch is on."""
    if (stopped := bench.store.control.stopped()) is not None:
        raise PublishingStopped(
            f"publishing was stopped by {stopped.by} at {stopped.at:%Y-%m-%d %H:%M} UTC: {stopped.reason}",
            hint="`pricewatch resume` lets prices out again",
        )


# --- decisions to price list -----------------------------------------------------------------------------------


def _approved(bench: Workbench, number: int | None) -> tuple[Plan, Sequence[Decision]]:
    """The decisions to publish; none when the newest plan has nothing to change or was applied already."""
    plan = bench.store.plans.get(number)
    if plan is None:
        wanted = f"plan {number}" if number else "plan yet"
        raise NotApproved(f"there is no {wanted}", hint="`pricewatch plan` makes one")
    if plan.status == "superseded":
        hint = "look at the newer plan and approve that one"
        raise NotApproved(f"plan {plan.number} was superseded by a newer one", hint=hint)
    if plan.breakers:
        words = "; ".join(breaker.text for breaker in plan.breakers)
        hint = "look at the plan; `pricewatch breaker reset` with a reason lets it go on"
        raise BreakerTripped(f"plan {plan.number} is abnormal: {words}", hint=hint)
    approved = bench.store.plans.decisions(plan.number, status=DecisionStatus.APPROVED)
    pending = 0 if approved else bench.store.plans.count(plan.number)[DecisionStatus.PENDING]
    if pending:
        message = f"{pending} decisions of plan {plan.number} wait for approval, none is approved"
        raise NotApproved(message, hint="`pricewatch approve`, then `pricewatch apply`")
    return plan, approved


@dataclass(slots=True)
class _Version:
    """The next price list version while it is put together."""

    entries: list[PriceEntry] = field(default_factory=list)
    previous: dict[tuple[str, Sku], Money] = field(default_factory=dict)


async def _append(bench: Workbench, plan: Plan, approved: Sequence[Decision], log: StageLog) -> int:
    """Write the next version of the price list and what each listing shall show; 0 when nothing changed."""
    products = bench.store.catalogue.load().products
    version = _Version()
    for group in bench.groups:
        mine = [decision for decision in approved if decision.proposal.group == group.name]
        _decide(bench, group, mine, products, version, log)
        _adopt(bench, group, plan.number, products, version, log)
    if not version.entries:
        return 0
    desired = await desired_for(bench, version.entries, version.previous, log)
    saved = bench.store.prices.append(plan=plan.number, at=bench.clock.now(), entries=version.entries, desired=desired)
    log.count({"listings": len(desired)})
    return saved.version


def _decide(
    bench: Workbench,
    group: PriceGroup,
    approved: Sequence[Decision],
    products: Mapping[Sku, Product],
    version: _Version,
    log: StageLog,
) -> None:
    current = bench.store.prices.current(group.name)
    now = bench.clock.now()
    for decision in approved:
        product, entry = products.get(decision.proposal.sku), current.get(decision.proposal.sku)
        reason = _unfit(decision, product, entry, group) or _unannounceable(decision.proposal.announcement, group, now)
        if product is None or reason:
            log.put_aside(SetAside("publish", decision.proposal.sku, reason, hint="`pricewatch plan` decides it anew"))
            continue
        version.entries.append(_entry(decision, product, group, now))
        base = _base(product, entry, group)
        if base is not None:
            version.previous[group.name, product.sku] = base
        log.count({"decided": 1})


def _unfit(decision: Decision, product: Product | None, entry: PriceEntry | None, group: PriceGroup) -> str:
    """Why an approved decision may not become a price now: its base is stale, or it breaks limits of then or now."""
    proposal = decision.proposal
    if product is None:
        return "is not in the catalogue any more"
    if proposal.proposed is None or proposal.floor is None:
        return "was approved without a price or a floor"
    if proposal.proposed < proposal.floor or (proposal.ceiling is not None and proposal.proposed > proposal.ceiling):
        return f"{proposal.proposed} is outside its own floor and ceiling"
    base = _base(product, entry, group)
    if proposal.current != base:
        return f"was decided on a price of {proposal.current or 'nothing'}, which is {base or 'nothing'} by now"
    return _beyond(proposal.proposed, product)


def _unannounceable(announcement: Announcement | None, group: PriceGroup, now: datetime) -> str:
    """Why a reduction may not be announced now: its prior price is that of the day for which it was planned."""
    if announcement is None:
        return ""
    zone = ZoneInfo(group.timezone)
    if announcement.starts.astimezone(zone).date() != now.astimezone(zone).date():
        return (
            f"its reduction was planned for {announcement.starts.astimezone(zone).date()}, with the prior price of then"
        )
    return "its reduction is over" if announcement.ends is not None and announcement.ends <= now else ""


def _beyond(price: Money, product: Product) -> str:
    """Which limit of today's catalogue a price would break, as far as it is in the price's currency."""
    floor, ceiling = product.floor, product.ceiling
    if floor is not None and floor.currency == price.currency and price < floor:
        return f"{price} is below the floor of {floor} that the catalogue has by now"
    if ceiling is not None and ceiling.currency == price.currency and price > ceiling:
        return f"{price} is above the ceiling of {ceiling} that the catalogue has by now"
    return ""


def _base(product: Product, entry: PriceEntry | None, group: PriceGroup) -> Money | None:
    """The price now: the price list's or else the catalogue's, if it is in the group's currency."""
    known = (entry.gross if entry is not None else None, product.price)
    return next((price for price in known if price is not None and price.currency.code == group.currency), None)


def _entry(decision: Decision, product: Product, group: PriceGroup, at: datetime) -> PriceEntry:
    proposal = decision.proposal
    assert proposal.proposed is not None
    return PriceEntry(
        version=0,
        sku=product.sku,
        group=proposal.group,
        gross=proposal.proposed,
        tax=group.tax(product.tax),
        floor=proposal.floor,
        ceiling=proposal.ceiling,
        plan=decision.plan,
        reason=proposal.reasons[-1].text if proposal.reasons else "",
        approved_by=decision.decided_by,
        valid_from=at,
        announcement=proposal.announcement,
    )


def _adopt(
    bench: Workbench,
    group: PriceGroup,
    number: int,
    products: Mapping[Sku, Product],
    version: _Version,
    log: StageLog,
) -> None:
    """Take in the catalogue's price of everything that was never decided here, so that feeds can show it."""
    current = bench.store.prices.current(group.name)
    decided = {entry.sku for entry in version.entries if entry.group == group.name}
    now = bench.clock.now()
    for product in products.values():
        known, price = current.get(product.sku), product.price
        if product.sku in decided or (known is not None and (not known.adopted or known.gross == price)):
            continue
        if price is None or price.minor <= 0 or price.currency.code != group.currency:
            continue
        if known is not None:
            version.previous[group.name, product.sku] = known.gross
        version.entries.append(_adopted(product, price, group, number, now))
        log.count({"adopted": 1})


def _adopted(product: Product, price: Money, group: PriceGroup, number: int, at: datetime) -> PriceEntry:
    return PriceEntry(
        version=0,
        sku=product.sku,
        group=group.name,
        gross=price,
        tax=group.tax(product.tax),
        floor=None,
        ceiling=None,
        plan=number,
        reason=ADOPTED,
        approved_by="",
        valid_from=at,
        adopted=True,
    )


# --- price list to listings ------------------------------------------------------------------------------------


async def desired_for(
    bench: Workbench, entries: Sequence[PriceEntry], previous: Mapping[tuple[str, Sku], Money], log: StageLog
) -> list[Desired]:
    """What every listing of these entries shall show, on all channels of their groups."""
    desired: list[Desired] = []
    for name, channel in bench.channels.items():
        mine = {entry.sku: entry for entry in entries if entry.group == bench.channel_groups[name]}
        if mine:
            await mirror(bench, channel, log)
            desired += [
                wanted(channel, remote_id, mine[sku], previous.get((mine[sku].group, sku)))
                for remote_id, sku in slots(channel, bench.store.outbox.listings(name), mine)
            ]
    return desired


async def mirror(bench: Workbench, channel: Channel, log: StageLog) -> bool:
    """Read all listings of a channel into the store; when it is unavailable, the last known ones stay."""
    try:
        listings = [listing async for listing in channel.listings()]
    except ChannelError as error:
        log.put_aside(SetAside("publish", channel.name, error.message, where=channel.name, hint=error.hint))
        return False
    bench.store.outbox.save_listings(channel.name, listings, at=bench.clock.now())
    return True


def slots(channel: Channel, listings: Iterable[Listing], skus: Iterable[Sku]) -> Iterator[tuple[str, Sku]]:
    """The places on a channel that show these products; a feed has one for every product."""
    if channel.capabilities.full_state:
        yield from ((sku, sku) for sku in skus)
        return
    known = set(skus)
    for listing in listings:
        if listing.sku in known:
            yield listing.remote_id, listing.sku


def ask_for_new(bench: Workbench, channel: Channel) -> int:
    """Ask for the price of listings whose price nobody has asked for; returns how many."""
    outbox = bench.store.outbox
    entries = offered(bench, bench.channel_groups[channel.name])
    new = unasked(channel, entries, outbox.publications(channel=channel.name), outbox.listings(channel.name))
    return outbox.enqueue(new, at=bench.clock.now())


def offered(bench: Workbench, group: str) -> Mapping[Sku, PriceEntry]:
    """The price list's prices of what is in the catalogue."""
    gone = bench.store.catalogue.withdrawn()
    return {sku: entry for sku, entry in bench.store.prices.current(group).items() if sku not in gone}


def unasked(
    channel: Channel, entries: Mapping[Sku, PriceEntry], rows: Iterable[Publication], listings: Iterable[Listing]
) -> list[Desired]:
    """What listings of priced products shall show and have no publication for: new ones, and those that were out of
    sight when the price list went on. `entries` are the prices of what is in the catalogue.
    """
    asked = {(row.desired.remote_id, row.desired.sku): row.desired.version for row in rows}
    known = {listing.remote_id: listing for listing in listings}
    shown = {remote_id: listing.payable for remote_id, listing in known.items()}
    return [
        wanted(channel, remote_id, entries[sku], shown.get(remote_id))
        for remote_id, sku in slots(channel, known.values(), entries)
        if asked.get((remote_id, sku), 0) < entries[sku].version
    ]


def wanted(channel: Channel, remote_id: str, entry: PriceEntry, previous: Money | None) -> Desired:
    """What one listing shall show by its price list entry."""
    return Desired(
        channel=channel.name,
        remote_id=remote_id,
        sku=entry.sku,
        version=entry.version,
        price=entry.gross,
        tax=entry.tax,
        floor=entry.floor,
        ceiling=entry.ceiling,
        previous=previous,
        adopted=entry.adopted,
    )


# --- listings to channels --------------------------------------------------------------------------------------


async def deliver(
    bench: Workbench, log: StageLog, *, channels: Sequence[str] | None = None, pause: Pause = asyncio.sleep
) -> None:
    """Send what is open, in the order that keeps every checkout at or below every advert; the caller has the lock."""
    senders = _senders(bench, channels, log)
    bench.store.outbox.release()
    if senders and _open_skus(bench):
        await _acquaint(bench, senders[0].board, log)
        skus = _open_skus(bench)
        for sender in _on_board(bench, senders, log):
            await sender.lay_out(skus)
        await _rounds(bench, senders, pause)
    _finish(bench, senders, log)


def _open_skus(bench: Workbench) -> frozenset[Sku]:
    rows = bench.store.outbox.publications(states=OPEN_STATES)
    return frozenset(row.desired.sku for row in rows if row.desired.channel in bench.channels)


async def _acquaint(bench: Workbench, board: Board, log: StageLog) -> None:
    """Know all listings before any is written: what cannot be read yet has to be waited for, and what a killed run
    saw without asking for its price gets one.
    """
    for name, channel in bench.channels.items():
        unseen = not channel.capabilities.full_state and not bench.store.outbox.listings(name)
        if unseen and not await mirror(bench, channel, log):
            board.unread(bench.channel_groups[name], channel.capabilities.role, name)
        else:
            log.count({"new": ask_for_new(bench, channel)})


def chosen(bench: Workbench, channels: Sequence[str] | None) -> list[str]:
    """The names of the channels that are meant, all when none is named; raises UsageError for an unknown one."""
    unknown = [name for name in channels or () if name not in bench.channels]
    if unknown:
        hint = f"channels: {', '.join(bench.channels) or 'none'}"
        raise UsageError(f"no channel named {', '.join(unknown)}", hint=hint)
    return [name for name in bench.channels if channels is None or name in channels]


def _senders(bench: Workbench, channels: Sequence[str] | None, log: StageLog) -> list[Sender]:
    board, gone = Board(bench.publishing.on_failure), bench.store.catalogue.withdrawn()
    return [Sender(bench, bench.channels[name], board, log, withdrawn=gone) for name in chosen(bench, channels)]


def _on_board(bench: Workbench, senders: Sequence[Sender], log: StageLog) -> Iterator[Sender]:
    """All channels count for the order of writes, also those that nothing is sent to now."""
    yield from senders
    sending = {sender.name for sender in senders}
    for name, channel in bench.channels.items():
        if senders and name not in sending:
            yield Sender(bench, channel, senders[0].board, log)


async def _rounds(bench: Workbench, senders: Sequence[Sender], pause: Pause) -> None:
    """Round after round while something moves; then wait for what is due soon, within the configured time."""
    left = bench.publishing.wait
    while True:
        rounds = await asyncio.gather(*(sender.round() for sender in senders), return_exceptions=True)
        for outcome in rounds:
            if isinstance(outcome, BaseException):
                raise outcome
        if any(sender.stopped for sender in senders):
            return
        if not any(rounds):
            wait = _next_due(bench, senders)
            if wait is None or wait > left:
                return
            left -= wait
            await pause(wait)


def _next_due(bench: Workbench, senders: Sequence[Sender]) -> float | None:
    """In how many seconds the next listing is due; None when there is none to wait for."""
    now = bench.clock.now()
    active = {sender.name for sender in senders if not sender.gave_up}
    rows = bench.store.outbox.publications(states=OPEN_STATES)
    due = [row.next_at for row in rows if row.desired.channel in active and row.next_at is not None]
    return min(((at - now).total_seconds() for at in due if at > now), default=None)


def _finish(bench: Workbench, senders: Sequence[Sender], log: StageLog) -> None:
    names = {sender.name for sender in senders}
    rows = bench.store.outbox.publications(states=OPEN_STATES)
    log.count({"open": sum(row.desired.channel in names for row in rows)})
    refuse_stopped(bench)
