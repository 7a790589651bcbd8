"""What the listings of one channel may be showing: what was read of them, and what was asked and may still come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pricewatch.domain.listing import OPEN_STATES, Listing, Publication, PublicationState
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Channel


@dataclass(slots=True)
class Sight:
    """One channel's listings on the board that all channels share."""

    bench: Workbench
    channel: Channel
    board: Board
    _overtaken: dict[str, list[Publication]] = field(default_factory=lambda: defaultdict(list))

    @property
    def group(self) -> str:
        """The price group that the channel shows."""
        return self.bench.channel_groups[self.channel.name]

    def recall(self, skus: Collection[Sku]) -> None:
        """Know what earlier versions asked of these products' listings and nobody has seen answered: where writes apply
        late, or something else has to answer, it may still come.
        """
        self._overtaken.clear()
        mine = self.channel.capabilities
        if mine.late_apply > 0 or mine.answers:
            for row in self.bench.store.outbox.overtaken(self.channel.name, skus):
                self._overtaken[row.desired.remote_id].append(row)

    def place(self, row: Publication, listing: Listing | None) -> None:
        """Note what was read of a listing, with what may still come."""
        mine = self.channel.capabilities
        prices = [listing.payable if listing else None]
        if mine.late_apply > 0 or mine.answers:
            prices = self._with_what_may_come(row, listing, prices)
        self.board.place(self.group, row, mine.role, prices)

    def _with_what_may_come(
        self, row: Publication, listing: Listing | None, prices: list[Money | None]
    ) -> list[Money | None]:
        if prices == [None] and self._may_be_as_before(row, listing):
            prices += [each.desired.previous for each in (*self._overtaken[row.desired.remote_id], row)]
        return [*prices, *(each.desired.price for each in self._on_the_way(row, listing))]

    def lose(self, row: Publication) -> None:
        """Note that nobody could read what a listing shows."""
        self.board.lose(self.group, row, self.channel.capabilities.role)

    def doubtful(self, row: Publication, listing: Listing | None) -> bool:
        """Whether what a listing shows may be from before an earlier price of ours, which has not been answered yet."""
        return bool(self.channel.capabilities.answers) and bool(self._asked_before(row, listing))

    def asked(self, row: Publication, listing: Listing | None) -> Money | None:
        """The price that a listing which has to answer was asked for last and may take any time; None = none is."""
        on_the_way = self._on_the_way(row, listing) if self.channel.capabilities.answers else ()
        return on_the_way[-1].desired.price if on_the_way else None

    def before(self, row: Publication) -> Iterator[Money]:
        """What a listing showed before it was asked for anything that it has not answered, the newest first."""
        asked = (row, *reversed(self._overtaken[row.desired.remote_id]))
        return (each.desired.previous for each in asked if each.desired.previous is not None)

    def _on_the_way(self, row: Publication, listing: Listing | None) -> Sequence[Publication]:
        """What was sent and may still come: until it is answered, or else as long as writes may apply late."""
        mine = self.channel.capabilities
        waits = bool(mine.answers) and row.state in OPEN_STATES
        since = self.bench.clock.now() - timedelta(seconds=mine.late_apply)
        late = mine.late_apply > 0
        sent = [*self._asked_before(row, listing), row]
        return [r for r in sent if r.sent_at is not None and (waits or (late and r.sent_at >= since))]

    def _asked_before(self, row: Publication, listing: Listing | None) -> Sequence[Publication]:
        if listing is not None and listing.answered:
            return ()
        return [each for each in self._overtaken[row.desired.remote_id] if each.sent_at is not None]

    def _may_be_as_before(self, row: Publication, listing: Listing | None) -> bool:
        """Whether a listing that has never answered may show what it did before we asked anything of it."""
        waiting = listing is not None or row.state in OPEN_STATES
        return bool(self.channel.capabilities.answers) and waiting


def must_ask_again(row: Publication, listing: Listing, sight: Sight) -> bool:
    """Whether a listing that shows its price has to be asked for it all the same: its last answer is older than another
    price that it was asked for and may take any time.
    """
    return row.state is not PublicationState.SENT and sight.doubtful(row, listing)
