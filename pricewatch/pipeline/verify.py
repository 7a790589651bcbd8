"""The sweep: what every channel shows, compared with the price list; drift is repaired, asked about or adopted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import ChannelError, SetAside
from pricewatch.domain.listing import Desired, Listing, Publication, PublicationState
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.delivery import Pause, chosen, deliver, sole_sender
from pricewatch.pipeline.differences import who_changed
from pricewatch.pipeline.instead import instead
from pricewatch.pipeline.listings import AT_ONCE, ask_for_new, desired_for, in_parts, read_all
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.reading import NEVER, NOT_TAKEN, asks, change, foreign, refusal, shows
from pricewatch.pipeline.sending import REFUSED_HINT, UNREACHABLE_HINT, Sender
from pricewatch.pipeline.settings import DriftPolicy
from pricewatch.pipeline.sight import Sight
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.supplies import Supplies
from pricewatch.pipeline.terms import Wardrobe
from pricewatch.pipeline.timing import next_version_at
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Channel, Freeze, OwnPrice, PublicationChange

BY = "verify"
CHANGED_HINT = "somebody changed it there; repair it there, or decide a new price"
NEVER_TAKEN_HINT = "it accepts the price and shows another; look at its log, its price rules and its cache"
_MOVING = frozenset({PublicationState.PENDING, PublicationState.SENT, PublicationState.UNKNOWN})


async def verify(
    bench: Workbench, *, channels: Sequence[str] | None = None, repair: bool = True, pause: Pause = asyncio.sleep
) -> StageReport:
    """Compare what all channels show with the price list; with `repair` bring back what drifted, by the settings.

    While publishing is stopped it only looks.
    """
    with stage(bench, "verify") as log:
        stopped = bench.store.control.stopped()
        acting = repair and stopped is None
        log.message = "publishing is stopped: drift is reported, not repaired" if repair and stopped else ""
        async with sole_sender(bench):
            await _sweep(bench, log, chosen(bench, channels), pause, acting=acting)
    return log.report()


async def _sweep(bench: Workbench, log: StageLog, names: Sequence[str], pause: Pause, *, acting: bool) -> None:
    sweeps = [_Sweep(bench, bench.channels[name], log, acting) for name in names]
    seen = [sweep for sweep in sweeps if await sweep.look()]
    if acting:
        await _adopt(bench, [drift for sweep in sweeps for drift in sweep.foreign], log)
        await deliver(bench, log, channels=names, pause=pause)
        for sweep in sweeps:
            await Sender(bench, sweep.channel, Board(), log).refresh()
    for sweep in seen:
        await Supplies(bench, sweep.channel, log).compare(acting=acting)


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A price that somebody else set on a channel, to be taken into the price list."""

    row: Publication
    price: Money


@dataclass(slots=True)
class _Sweep:
    """One look over all listings of one channel."""

    bench: Workbench
    channel: Channel
    log: StageLog
    acting: bool
    foreign: list[_Foreign] = field(default_factory=list)
    _own: list[OwnPrice] = field(default_factory=list)
    _entries: Mapping[Sku, PriceEntry] = field(default_factory=dict)
    _withdrawn: frozenset[Sku] = frozenset()
    _sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self._sight = Sight(self.bench, self.channel, Board())

    async def look(self) -> bool:
        """Read everything there, note what is known of each listing, and ask for what is new; False = it was away."""
        name, outbox = self.channel.name, self.bench.store.outbox
        try:
            telling = await read_all(self.bench, self.channel)
        except ChannelError as error:
            self.log.put_aside(SetAside("verify", name, error.message, where=name, hint=error.hint))
            return False
        self._withdrawn = self.bench.store.catalogue.withdrawn()
        group, announces = self.bench.channel_groups[name], self.channel.capabilities.announces
        switching = [listing.remote_id for listing in telling.values() if listing.upcoming is not None]
        numbers = outbox.out_of_step(name, group, announces=announces, also=switching)
        asked = sum(count for (channel, _), (count, _) in outbox.tally().items() if channel == name)
        self.log.count({"in step": asked - len(numbers)})
        for part in in_parts(numbers, AT_ONCE):
            seen = [(row, telling.get(row.desired.remote_id, listing)) for row, listing in outbox.compared(part)]
            self._compare_all(seen)
        if self.acting:
            self.log.count({"new": ask_for_new(self.bench, self.channel)})
        return True

    def _compare_all(self, seen: Sequence[tuple[Publication, Listing | None]]) -> None:
        """Look at publications one by one, each beside what its listing shows."""
        skus = {row.desired.sku for row, _ in seen} - self._withdrawn
        self._entries = self.bench.store.prices.current(self.bench.channel_groups[self.channel.name], skus=skus)
        rows = self._dressed([row for row, _ in seen])
        self._sight.recall({row.desired.sku for row in rows if row.state in _MOVING})
        shown = [_same_product(row, listing) for row, (_, listing) in zip(rows, seen, strict=True)]
        compared = [self._compare(row, listing) for row, listing in zip(rows, shown, strict=True)]
        self.bench.store.outbox.update([c for c in compared if c is not None])
        self.bench.store.prices.record_own(self._own)
        self._own.clear()

    def _dressed(self, rows: Sequence[Publication]) -> Sequence[Publication]:
        """Only a channel that announces reductions shows more of a wish than its price."""
        if not self.channel.capabilities.announces:
            return rows
        wardrobe, now = Wardrobe(self._entries, {}), self.bench.clock.now()
        return [replace(row, desired=wardrobe.dress(row.desired, now)) for row in rows]

    def _behind(self, row: Publication) -> bool:
        """Whether the price list went on while this listing was out of sight."""
        entry = self._entries.get(row.desired.sku)
        return entry is not None and entry.version > row.desired.version

    def _compare(self, row: Publication, listing: Listing | None) -> PublicationChange | None:
        now = self.bench.clock.now()
        if row.desired.sku in self._withdrawn:
            self.log.count({"withdrawn": 1})
            return None
        if words := refusal(row, listing):
            return self._refused(row, listing, words)
        if (row.state in _MOVING and not self._answered(row, listing)) or (listing is not None and self._behind(row)):
            self.log.count({"moving": 1})
            return None
        if shows(row, listing, self.channel.capabilities):
            self.log.count({"in step": 1})
            return None if _known_as_it_is(row) else change(row, PublicationState.VERIFIED, now, listing=listing)
        if listing is None and not self.channel.capabilities.full_state:
            return self._gone(row)
        if row.state in {PublicationState.REFUSED, PublicationState.UNREPRESENTABLE}:
            return self._unwilling(row, listing)
        return self._drifted(row, listing)

    def _answered(self, row: Publication, listing: Listing | None) -> bool:
        """Whether what was waited for has come, and is no answer to an earlier version."""
        mine = self.channel.capabilities
        return bool(mine.answers) and shows(row, listing, mine) and not self._sight.doubtful(row, listing)

    def _refused(self, row: Publication, listing: Listing | None, words: str) -> PublicationChange:
        self.log.count({"refused": 1})
        self._put_aside(row, words, REFUSED_HINT)
        return change(row, PublicationState.REFUSED, self.bench.clock.now(), listing=listing, message=words)

    def _gone(self, row: Publication) -> PublicationChange | None:
        self.log.count({"gone": 1})
        if row.state is PublicationState.REFUSED:
            return None
        self._put_aside(row, foreign(row, None), "put it back on the channel, or take it out of the catalogue")
        return change(row, PublicationState.REFUSED, self.bench.clock.now(), message=foreign(row, None))

    def _unwilling(self, row: Publication, listing: Listing | None) -> PublicationChange | None:
        """A listing that refused its price is asked again after a rest, one that cannot show it when it can, or when it
        asks more than anybody decided.
        """
        now, rest = self.bench.clock.now(), timedelta(hours=self.bench.publishing.refused_rest)
        self.log.count({row.state.value: 1})
        if row.state is PublicationState.UNREPRESENTABLE:
            again = self.channel.predict(row.desired).reachable or self._too_dear(row, listing)
        else:
            again = row.checked_at is None or now - row.checked_at >= rest
        if not (again and self.acting):
            return None
        return replace(change(row, PublicationState.PENDING, now, listing=listing, message=row.message), attempts=0)

    def _too_dear(self, row: Publication, listing: Listing | None) -> bool:
        """Whether there is a price to write in place of one that it cannot show; what nothing can be done about is said
        again.
        """
        shown, price = listing.payable if listing else None, row.desired.price
        near = instead(self.channel, row.desired, shown, self.bench.publishing.unreachable)
        repaired = near is not None and self._policy(row, listing) is DriftPolicy.REPAIR
        if not repaired and shown is not None and shown.currency == price.currency and shown > price:
            self._put_aside(row, f"{row.message.partition('; it ')[0]}; {asks(row, shown)}", UNREACHABLE_HINT)
        return repaired

    def _drifted(self, row: Publication, listing: Listing | None) -> PublicationChange:
        now, payable = self.bench.clock.now(), listing.payable if listing else None
        never = row.message.startswith(NOT_TAKEN) and row.observed == payable
        words = f"{NOT_TAKEN} so far: {foreign(row, listing)}" if never else self._changed(row, listing)
        new = row.state is not PublicationState.DRIFTED or row.observed != payable
        self.log.count({"drifted": 1})
        if new:
            self.bench.store.control.audit("drift", at=now, by=self.channel.name, detail=f"{row.desired.sku} {words}")
            self._remember(row, payable)
        policy = self._policy(row, listing)
        if policy is DriftPolicy.REPAIR:
            return replace(change(row, PublicationState.DRIFTED, now, listing=listing, message=words), attempts=0)
        if policy is DriftPolicy.ADOPT and payable is not None and _within(row.desired, payable):
            self.foreign.append(_Foreign(row, payable))
        else:
            self._put_aside(row, words, NEVER_TAKEN_HINT if never else CHANGED_HINT)
        return change(row, PublicationState.DRIFTED, now, listing=listing, message=words, next_at=NEVER)

    def _changed(self, row: Publication, listing: Listing | None) -> str:
        """What a listing shows instead, with a guess who changed it."""
        words, payable = foreign(row, listing), listing.payable if listing else None
        return f"{words} ({self._guess(row, payable)})" if payable and payable != row.desired.price else words

    def _guess(self, row: Publication, payable: Money) -> str:
        group = self.bench.channel_groups[self.channel.name]
        own = self.bench.store.prices.own_history(row.desired.sku, group)
        return who_changed(row, payable, {price.gross for price in own})

    def _policy(self, row: Publication, listing: Listing | None) -> DriftPolicy:
        """A feed or a label is our own and always repaired, and so is a prior price of ours whose reduction has begun
        or ended; elsewhere a price that was found in the catalogue is never written.
        """
        if not self.acting:
            return DriftPolicy.ASK
        if self.channel.capabilities.shows_found:
            return DriftPolicy.REPAIR
        if row.desired.found:
            return DriftPolicy.ASK
        same = listing is not None and listing.payable == row.desired.price
        if same and (self.bench.publishing.drift is DriftPolicy.ADOPT or self._ours(row, listing)):
            return DriftPolicy.REPAIR
        return self.bench.publishing.drift

    def _ours(self, row: Publication, listing: Listing | None) -> bool:
        """Whether only a prior price is struck that we announced, and announce no longer."""
        told = self._entries[row.desired.sku].announcement if row.desired.sku in self._entries else None
        struck = listing is not None and listing.sale_price is not None and listing.upcoming is None
        return told is not None and listing is not None and struck and listing.price == told.prior

    def _remember(self, row: Publication, payable: Money | None) -> None:
        """A foreign price was ours all the same, for whoever bought at it and for the law on prior prices."""
        if payable is None or payable.minor <= 0 or self.channel.capabilities.full_state:
            return
        group = self.bench.channel_groups[self.channel.name]
        now = self.bench.clock.now()
        self._own.append(OwnPrice(row.desired.sku, group, payable, now, "channel", self.channel.name))

    def _put_aside(self, row: Publication, words: str, hint: str) -> None:
        self.log.put_aside(SetAside("verify", row.desired.sku, words, where=self.channel.name, hint=hint))


def _known_as_it_is(row: Publication) -> bool:
    """What a sweep finds as it was is not written again: the sweep's own run says when that was."""
    return row.state is PublicationState.VERIFIED and row.observed == row.desired.price and not row.message


def _same_product(row: Publication, listing: Listing | None) -> Listing | None:
    return listing if listing is not None and listing.sku == row.desired.sku else None


def _within(desired: Desired, price: Money) -> bool:
    if price.minor <= 0 or desired.floor is None or price.currency != desired.floor.currency or price < desired.floor:
        return False
    return desired.ceiling is None or price <= desired.ceiling


async def _adopt(bench: Workbench, drifts: Sequence[_Foreign], log: StageLog) -> None:
    """Take foreign prices into the price list as found, and freeze those products; the first channel counts."""
    taken: dict[tuple[str, Sku], tuple[_Foreign, PriceEntry]] = {}
    for drift in drifts:
        group, sku = bench.channel_groups[drift.row.desired.channel], drift.row.desired.sku
        entry = bench.store.prices.current(group, skus=[sku]).get(sku)
        if entry is not None:
            taken.setdefault((group, entry.sku), (drift, entry))
    if not taken:
        return
    at = next_version_at(bench)
    entries = [_taken_in(drift, entry, at) for drift, entry in taken.values()]
    previous = {key: entry.gross for key, (_, entry) in taken.items()}
    desired = await desired_for(bench, entries, previous, log)
    plan = max(entry.plan for entry in entries)
    bench.store.prices.append(plan=plan, at=at, entries=entries, desired=desired)
    for entry in entries:
        bench.store.catalogue.freeze(Freeze(entry.sku, entry.reason, BY))
    log.count({"adopted": len(entries)})


def _taken_in(drift: _Foreign, entry: PriceEntry, at: datetime) -> PriceEntry:
    return replace(
        entry,
        version=0,
        gross=drift.price,
        reason=f"changed on {drift.row.desired.channel} and adopted",
        approved_by=BY,
        valid_from=at,
        adopted=True,
        announcement=None,
    )
