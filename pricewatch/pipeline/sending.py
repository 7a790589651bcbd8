"""The publishing protocol for one channel: claim, read, write what differs, read back, and note what is known.

Nothing is believed that was not read back, nothing is written that is shown already, and a crash at any point is
finished by the next send, because every step starts from what the channel shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pricewatch.domain.errors import (
    ChannelError,
    ChannelRefused,
    ChannelUnavailable,
    PublishingStopped,
    SetAside,
)
from pricewatch.domain.listing import (
    OPEN_STATES,
    ChannelRole,
    Desired,
    Listing,
    Publication,
    PublicationState,
    PushResult,
    PushStatus,
)
from pricewatch.domain.product import Sku
from pricewatch.pacing import backoff
from pricewatch.pipeline.dressing import dress_all
from pricewatch.pipeline.instead import instead
from pricewatch.pipeline.listings import in_parts
from pricewatch.pipeline.meanwhile import meanwhile
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.reading import (
    NEVER,
    NOT_TAKEN,
    asks,
    change,
    foreign,
    matched,
    not_yet,
    refusal,
    shows,
    still_settling,
)
from pricewatch.pipeline.sight import Sight, must_ask_again
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.supplies import Supplies
from pricewatch.pipeline.terms import NAKED, Wardrobe
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Channel, OwnPrice, PublicationChange

CLAIM = 1_000
FEED_CLAIM = 100_000
LONGEST_WAIT = 3_600.0  # seconds; a channel that asks for more is asked again all the same
WITHDRAWN = "is not in the catalogue any more; its price stays as it is"
GIVE_UP = 3  # so often in a row may a channel be unavailable within one send, to read or to write

Shown = Mapping[str, Listing]


@dataclass(slots=True)
class Sender:
    """Sends one channel's open publications; `board` is shared with the senders of the other channels."""

    bench: Workbench
    channel: Channel
    board: Board
    log: StageLog
    withdrawn: frozenset[Sku] = frozenset()
    wardrobe: Wardrobe = NAKED
    stopped: bool = False
    away: int = 0
    unwritten: int = 0
    sight: Sight = field(init=False)
    supplies: Supplies = field(init=False)
    _open: Sequence[int] = ()
    _held: dict[int, Publication] = field(default_factory=dict)
    _instead: dict[int, Desired] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sight = Sight(self.bench, self.channel, self.board)
        self.supplies = Supplies(self.bench, self.channel, self.log)

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    @property
    def group(self) -> str:
        """The price group that the channel shows."""
        return self.sight.group

    @property
    def gave_up(self) -> bool:
        """Whether the channel is left to the next send."""
        return self.stopped or max(self.away, self.unwritten) >= GIVE_UP

    async def lay_out(self, skus: frozenset[str]) -> None:
        """Put on the board what the channel's listings of these products show now; those that are open are sent."""
        self.sight.recall(skus)
        rows = self.bench.store.outbox.publications(channel=self.name, skus=skus)
        self._open = [row.id for row in rows if row.state in OPEN_STATES]
        for part in in_parts(rows, self._size):
            await self._look(part)

    def blank(self) -> frozenset[Sku]:
        """The products that a till or feed knows nothing of yet: its first file has them, even if their prices wait."""
        return self.bench.store.outbox.blank(self.name) if self.channel.capabilities.full_state else frozenset()

    @property
    def _size(self) -> int:
        """How many listings are worked on at a time: what is slow is leased in small parts."""
        mine = self.channel.capabilities
        return FEED_CLAIM if mine.full_state else max(min(CLAIM, mine.requests_per_minute), mine.batch_size)

    async def _look(self, rows: Sequence[Publication]) -> None:
        try:
            listed = await self.channel.read([_id(row) for row in rows])
        except ChannelError:
            for row in rows:
                self.sight.lose(row)
            return
        shown = {listing.remote_id: listing for listing in listed}
        for row in rows:
            self.sight.place(row, shown.get(_id(row)))

    async def round(self) -> bool:
        """Do everything that is due once of what is laid out; says whether anything came nearer to its price."""
        if self.gave_up:
            return False
        moved = False
        claim, lease = self.bench.store.outbox.claim, self.bench.publishing.lease
        try:
            for part in in_parts(self._open, self._size):
                rows = claim(self.name, at=self._now(), limit=len(part), lease=lease, among=part)
                moved = (bool(rows) and await self._work([self._dressed(row) for row in rows])) or moved
                if self._halted():
                    break
        finally:
            self._release(self._held.values())
            self._held.clear()
        return moved

    def _dressed(self, row: Publication) -> Publication:
        dressed = self.wardrobe.dress(row.desired, self._now())
        return row if dressed is row.desired else replace(row, desired=dressed)

    def _halted(self) -> bool:
        return self.stopped or self.away > 0

    async def refresh(self) -> None:
        """Write a feed anew from what it shall show, so that stock and names in it are today's as well. What waits
        keeps the price that is shown; what a till has not answered comes first.
        """
        if not self.channel.capabilities.full_state:
            return
        rows = self.bench.store.outbox.publications(channel=self.name, states=OPEN_STATES)
        waits = [_id(row) for row in rows]
        if waits and self.channel.capabilities.role is ChannelRole.CHECKOUT:
            return
        try:
            listed = await self.channel.read(waits) if waits else ()
            await self.channel.push(self._whole((), {listing.remote_id: listing for listing in listed}))
        except (ChannelError, PublishingStopped) as error:
            self.log.put_aside(SetAside("publish", self.name, error.message, where=self.name, hint=error.hint))

    # --- one batch ----------------------------------------------------------------------------------------------

    async def _work(self, rows: Sequence[Publication]) -> bool:
        try:
            listed = await self.channel.read([_id(row) for row in self._to_read(rows)])
        except ChannelError as error:
            self._wait(rows, error)
            return False
        self.away = 0
        self._instead.clear()
        shown = {listing.remote_id: listing for listing in listed}
        changes: list[PublicationChange] = []
        ready: list[Publication] = []
        for row in rows:
            self.sight.place(row, shown.get(_id(row)))
            decided = self._judge(row, shown.get(row.desired.remote_id))
            if decided is not None:
                changes.append(decided)
                self.supplies.seen(row.desired, shown.get(_id(row)))
            elif reason := self.board.objection(self.group, row):
                self._held[row.id] = replace(row, message=reason)
            else:
                ready.append(row)
        self._note(rows, changes)
        written = await self._write(ready, shown) if ready else False
        return written or any(c.state is PublicationState.VERIFIED for c in changes)

    def _to_read(self, rows: Sequence[Publication]) -> Sequence[Publication]:
        """A feed is written as a whole, so all of it is read."""
        whole = self.channel.capabilities.full_state
        return self.bench.store.outbox.publications(channel=self.name) if whole else rows

    def _judge(self, row: Publication, listing: Listing | None) -> PublicationChange | None:
        """What the read-back says; None = the price has to be written."""
        now, mine = self._now(), self.channel.capabilities
        if row.desired.sku in self.withdrawn:
            return change(row, PublicationState.REFUSED, now, listing=listing, message=WITHDRAWN)
        if listing is not None and listing.sku == row.desired.sku and shows(row, listing, mine):
            if must_ask_again(row, listing, self.sight):
                return self._hopeless(row, listing)
            return matched(row, listing, mine, now, doubtful=self.sight.doubtful(row, listing))
        if not mine.full_state and (listing is None or listing.sku != row.desired.sku):
            return change(row, PublicationState.REFUSED, now, message=foreign(row, listing))
        if row.desired.found and not mine.shows_found:
            message = f"{foreign(row, listing)}; an adopted price is never written"
            return change(row, PublicationState.DRIFTED, now, listing=listing, message=message, next_at=NEVER)
        return self._hopeless(row, listing)

    def _hopeless(self, row: Publication, listing: Listing | None) -> PublicationChange | None:
        """Why there is no sense in writing now; None = write."""
        now, mine = self._now(), self.channel.capabilities
        if words := refusal(row, listing):
            return change(row, PublicationState.REFUSED, now, listing=listing, message=words)
        if until := still_settling(row, mine, now):
            return change(row, row.state, now, listing=listing, message=not_yet(row, listing, mine), next_at=until)
        prediction = self.channel.predict(row.desired)
        if not prediction.reachable:
            return self._unreachable(row, listing, prediction.message)
        if row.attempts >= self.bench.publishing.max_attempts:
            unclear = f" ({row.message})" if row.state is PublicationState.UNKNOWN and row.message else ""
            message = f"{NOT_TAKEN} after {row.attempts} attempts{unclear}: {foreign(row, listing)}"
            return change(row, PublicationState.DRIFTED, now, listing=listing, message=message, next_at=NEVER)
        return None

    def _unreachable(self, row: Publication, listing: Listing | None, words: str) -> PublicationChange | None:
        """It cannot show its price; None = another one is to be written in its place."""
        shown, ours = listing.payable if listing else None, self.bench.publishing
        undercut = self.board.undercut(self.group, row)
        near = instead(self.channel, row.desired, shown, ours.unreachable, undercut=undercut)
        if near is not None and row.attempts < ours.max_attempts:
            self._instead[row.id] = near
            return None
        message = f"{words}; {asks(row, shown)}"
        return change(row, PublicationState.UNREPRESENTABLE, self._now(), listing=listing, message=message)

    # --- writing ------------------------------------------------------------------------------------------------

    async def _write(self, ready: Sequence[Publication], shown: Shown) -> bool:
        mine = self.channel.capabilities
        size = len(ready) if mine.full_state else max(mine.batch_size, 1)
        for start in range(0, len(ready), size):
            part = ready[start : start + size]
            batch = self._whole(part, shown) if mine.full_state else self._asked(part)
            if not await self._push(part, batch):
                self._release(ready[start + size :])
                break
        return True

    def _asked(self, part: Sequence[Publication]) -> list[Desired]:
        return [self._instead.get(row.id) or _wish(row) for row in part]

    async def _push(self, part: Sequence[Publication], batch: Sequence[Desired]) -> bool:
        """Send one batch; what is being sent counts as unknown until there is an answer. False = stop for now."""
        sending = self._begin(part)
        try:
            results = {result.remote_id: result for result in await self.channel.push(batch)}
        except PublishingStopped:
            self.stopped = True
            self._release(part)
            return False
        except ChannelUnavailable as error:
            self.unwritten += 1
            self._wait(part, error)
            return False
        except ChannelError as error:
            status = PushStatus.REFUSED if isinstance(error, ChannelRefused) else PushStatus.UNKNOWN
            results = {d.remote_id: PushResult(d.remote_id, status, error.message) for d in batch}
        self.unwritten = 0
        await self._answered(sending, results)
        return True

    def _begin(self, part: Sequence[Publication]) -> list[Publication]:
        now = self._now()
        self._update([change(row, PublicationState.UNKNOWN, now, message="being sent", sent=True) for row in part])
        sending = [
            replace(row, state=PublicationState.UNKNOWN, attempts=row.attempts + 1, sent_at=now, matching_reads=0)
            for row in part
        ]
        for row in sending:
            self.board.widen(self.group, row, row.desired.price)
        return sending

    async def _answered(self, sending: Sequence[Publication], results: Mapping[str, PushResult]) -> None:
        accepted: list[Publication] = []
        changes: list[PublicationChange] = []
        for row in sending:
            result = results.get(row.desired.remote_id, _SILENT)
            if result.status is PushStatus.ACCEPTED:
                accepted.append(row)
            elif result.status is PushStatus.REFUSED:
                changes.append(change(row, PublicationState.REFUSED, self._now(), message=result.message))
            else:
                changes.append(self._later(row, PublicationState.UNKNOWN, result.message))
        self.log.count({"written": len(accepted)})
        self._note(sending, changes)
        await self._read_back(accepted)

    async def _read_back(self, accepted: Sequence[Publication]) -> None:
        """Read what was accepted, at once where the channel shows prices at once."""
        if not accepted:
            return
        delay = self.channel.capabilities.read_delay
        sent = [replace(row, state=PublicationState.SENT) for row in accepted]
        if delay > 0:
            at = self._now()
            due = at + timedelta(seconds=delay)
            self._note(sent, [change(row, PublicationState.SENT, at, message="accepted", next_at=due) for row in sent])
            return
        try:
            listed = {listing.remote_id: listing for listing in await self.channel.read([_id(row) for row in sent])}
        except ChannelError as error:
            self._note(sent, [self._later(row, PublicationState.SENT, error.message) for row in sent])
            return
        self._note(sent, [self._read(row, listed.get(_id(row))) for row in sent])

    def _read(self, row: Publication, listing: Listing | None) -> PublicationChange:
        self.sight.place(row, listing)
        self.supplies.seen(row.desired, listing)
        mine = self.channel.capabilities
        if listing is not None and shows(row, listing, mine):
            return matched(row, listing, mine, self._now(), doubtful=self.sight.doubtful(row, listing))
        if words := refusal(row, listing):
            return change(row, PublicationState.REFUSED, self._now(), listing=listing, message=words)
        near = self._instead.get(row.id)
        if near is not None and listing is not None and listing.payable == near.price:
            return self._short(row, listing)
        return self._later(row, PublicationState.SENT, f"accepted, but {not_yet(row, listing, mine)}", listing)

    def _short(self, row: Publication, listing: Listing) -> PublicationChange:
        """It shows what was written in the place of a price that it cannot show."""
        self.bench.store.prices.record_own(
            [replace(self._own(row, self._now()), gross=listing.payable or row.desired.price)]
        )
        message = f"{self.channel.predict(row.desired).message}; {asks(row, listing.payable)}"
        return change(row, PublicationState.UNREPRESENTABLE, self._now(), listing=listing, message=message)

    def _later(
        self, row: Publication, state: PublicationState, message: str, listing: Listing | None = None
    ) -> PublicationChange:
        ours, now = self.bench.publishing, self._now()
        wait = backoff(row.attempts - 1, base=ours.retry_base, cap=ours.retry_cap, chance=self.bench.chance)
        return change(row, state, now, listing=listing, message=message, next_at=now + timedelta(seconds=wait))

    def _whole(self, ready: Sequence[Publication], shown: Shown) -> list[Desired]:
        """Everything that a feed shall show now, dressed."""
        return dress_all(self.bench.store, self.group, self._undressed(ready, shown), self._now())

    def _undressed(self, ready: Sequence[Publication], shown: Shown) -> list[Desired]:
        """What has to wait keeps the price that was asked for last, where that waits for an answer, or else the one
        that is shown, or else an earlier one.
        """
        taken = {row.id for row in ready}
        whole: list[Desired] = []
        blank: list[Publication] = []
        rows = self.bench.store.outbox.publications(channel=self.name)
        self.sight.recall({row.desired.sku for row in rows if row.state in OPEN_STATES})  # also what a release puts off
        for row in rows:
            listing = shown.get(row.desired.remote_id)
            if row.id in taken or row.state not in OPEN_STATES:
                whole.append(_wish(row))
            elif kept := self.sight.asked(row, listing) or (listing and listing.payable):
                whole.append(replace(row.desired, price=kept))
            else:
                blank.append(row)
        return [*whole, *self._meanwhile(blank)]

    def _meanwhile(self, blank: Sequence[Publication]) -> list[Desired]:
        """What waits and is shown nowhere here yet: a till could not sell it otherwise, a feed would be without it."""
        if not blank:
            return []
        mine = {row.desired.sku: row for row in blank}
        rows = {sku: row for sku, row in mine.items() if self.board.knows(self.group, row)}
        checkout = self.channel.capabilities.role is ChannelRole.CHECKOUT
        fits = self.board.bears if checkout else self.board.covers
        prices = meanwhile(self.bench.store, fits, self.group, rows)
        for sku, row in rows.items():
            known = (price for price in self.sight.before(row) if fits(self.group, row, price))
            if sku not in prices and (price := next(known, None)):
                prices[sku] = price
        return [replace(rows[sku].desired, price=price) for sku, price in prices.items()]

    # --- what is known ------------------------------------------------------------------------------------------

    def _note(self, rows: Sequence[Publication], changes: Sequence[PublicationChange]) -> None:
        """Keep what is known, count what is settled, and put aside what will not be."""
        by_id = {row.id: row for row in rows}
        confirmed: list[OwnPrice] = []
        counts: Counter[str] = Counter()
        for c in changes:
            row = by_id[c.publication]
            if c.state is PublicationState.VERIFIED:
                counts["verified" if row.attempts else "unchanged"] += 1
                self.board.place(self.group, row, self.channel.capabilities.role, [row.desired.price])
                confirmed.append(self._own(row, c.at))
            elif c.state in _UNSETTLED:
                counts[c.state.value] += 1
                self.board.flag(self.group, row, c.message)
                self.log.put_aside(
                    SetAside("publish", row.desired.sku, c.message, where=self.name, hint=_HINTS[c.state])
                )
        self.log.count(counts)
        if confirmed:  # before the state: a crash in between confirms it once more, and what is known is not lost
            self.bench.store.prices.record_own(confirmed)
        self._update(changes)

    def _own(self, row: Publication, at: datetime) -> OwnPrice:
        return OwnPrice(row.desired.sku, self.group, row.desired.price, row.sent_at or at, "channel", self.name)

    def _wait(self, rows: Sequence[Publication], error: ChannelError) -> None:
        """The whole channel waits; the other channels go on."""
        self.away += 1
        ours, now = self.bench.publishing, self._now()
        wait = backoff(self.away - 1, base=ours.retry_base, cap=ours.retry_cap, chance=self.bench.chance)
        if isinstance(error, ChannelUnavailable) and error.retry_after is not None:
            wait = max(wait, min(error.retry_after, LONGEST_WAIT))
        due = now + timedelta(seconds=wait)
        self._release(rows, error.message, due)
        if self.gave_up:
            self.log.count({"unavailable": 1})
            self.log.put_aside(SetAside("publish", self.name, error.message, where=self.name, hint=error.hint))

    def _release(self, rows: Iterable[Publication], message: str | None = None, due: datetime | None = None) -> None:
        """Nothing was sent: the rows stay as they were."""
        now = self._now()
        kept = [(row, row.message if message is None else message) for row in rows]
        self._update([_as_before(change(r, r.state, now, message=m, next_at=due), r) for r, m in kept])

    def _update(self, changes: Sequence[PublicationChange]) -> None:
        if changes:
            self.bench.store.outbox.update(changes)

    def _now(self) -> datetime:
        return self.bench.clock.now()


REFUSED_HINT = "mend it on the channel or in the catalogue; a later sweep asks again"
UNREACHABLE_HINT = (
    "where it is for the decimals, let the price rules end on a price that the channel can show, or the nearest one "
    'below go out with [publishing] unreachable = "below"; where it has no place for a prior price, announcements = '
    '"omit" on the channel leaves that out'
)
_SILENT = PushResult("", PushStatus.UNKNOWN, "the channel's answer does not mention it")
_UNSETTLED = frozenset({PublicationState.REFUSED, PublicationState.UNREPRESENTABLE, PublicationState.DRIFTED})
_HINTS = {
    PublicationState.REFUSED: REFUSED_HINT,
    PublicationState.UNREPRESENTABLE: UNREACHABLE_HINT,
    PublicationState.DRIFTED: "look who changes it there; `pricewatch verify` repairs what may be repaired",
}


def _as_before(kept: PublicationChange, row: Publication) -> PublicationChange:
    return replace(kept, attempts=row.attempts, matching_reads=row.matching_reads)


def _wish(row: Publication) -> Desired:
    """What is wanted, and whether it was refused before: nothing else that was sent is pending."""
    refused = row.state is PublicationState.PENDING and row.sent_at is not None
    return replace(row.desired, again=True) if refused else row.desired


def _id(row: Publication) -> str:
    return row.desired.remote_id
