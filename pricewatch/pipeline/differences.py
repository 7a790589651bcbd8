"""Every difference between what the channels of a price group show: none is declared but that of another group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from pricewatch.domain.decision import NO_TERMS, PriceEntry
from pricewatch.domain.listing import OPEN_STATES, Beside, Listing, Publication, PublicationState
from pricewatch.domain.money import Money, TaxRate, divide
from pricewatch.domain.product import Sku
from pricewatch.pipeline.delivery import chosen
from pricewatch.pipeline.listings import AT_ONCE, in_parts
from pricewatch.pipeline.reading import last_shown
from pricewatch.pipeline.supplies import lacking
from pricewatch.pipeline.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Difference:
    """One listing that shows something else than its price group's price list says, as it was read last."""

    channel: str
    sku: Sku
    remote_id: str
    wanted: Money
    shown: Money | None
    state: str
    what: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many listings of a channel leave something out that the price list says beside their price, because the
    channel has no place for it; what it can show, its capabilities declare.
    """

    channel: str
    what: Beside
    listings: int


@dataclass(frozen=True, slots=True)
class ParityReport:
    """How far the channels are alike: compared listings, those in step, every difference that nothing declares, and how
    many products have other prices in other price groups, which the configuration declares. `left_out` are the
    differences that the channels' own capabilities declare. `oldest` is when the
    listing that was not looked at for the longest time was read.
    """

    compared: int
    in_step: int
    differences: tuple[Difference, ...]
    declared: int
    oldest: datetime | None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def parity(self) -> int | None:
        """In basis points."""
        return self.in_step * 10_000 // self.compared if self.compared else None


def parity(bench: Workbench, channels: Sequence[str] | None = None) -> ParityReport:
    """Compare what all channels were last seen to show, product by product; raises UsageError for unknown names."""
    comparison = _Comparison(bench, {name: [] for name in chosen(bench, channels)}, bench.store.catalogue.withdrawn())
    skus = frozenset[Sku]().union(*(bench.store.prices.priced(group.name) for group in bench.groups))
    for part in in_parts(sorted(skus), AT_ONCE):
        comparison.look(part)
    return comparison.report()


@dataclass(slots=True)
class _Comparison:
    """What was found of some products after the other, by channel."""

    bench: Workbench
    found: dict[str, list[Difference]]
    gone: frozenset[Sku]
    compared: int = 0
    declared: int = 0
    oldest: datetime | None = None
    said: Counter[tuple[str, Beside]] = field(default_factory=Counter)

    def look(self, skus: Sequence[Sku]) -> None:
        """Compare what all channels were last seen to show of these products."""
        prices = self.bench.store.prices
        entries = {group.name: prices.current(group.name, skus=skus) for group in self.bench.groups}
        self.declared += _declared(entries)
        for name in self.found:
            self._look(name, entries[self.bench.channel_groups[name]], skus)

    def _look(self, name: str, mine: Mapping[Sku, PriceEntry], skus: Sequence[Sku]) -> None:
        outbox, now = self.bench.store.outbox, self.bench.clock.now()
        rows = outbox.publications(channel=name, skus=skus)
        seen = {listing.remote_id: listing for listing in outbox.listings(name, skus=skus)}
        asked = [row for row in rows if row.desired.sku in mine and row.desired.sku not in self.gone]
        self.said.update((name, what) for row in asked for what in _beside(mine[row.desired.sku], now))
        times = [row.checked_at for row in asked if row.checked_at is not None]
        self.oldest = min([*times, self.oldest] if self.oldest else times, default=None)
        short = self._lacking(name, skus, seen.values())
        looked = ((row, mine[row.desired.sku], seen.get(row.desired.remote_id)) for row in asked)
        strangers = _unasked(name, mine, rows, seen.values(), self.gone)
        self.found[name] += [
            _difference(row, entry, what)
            for row, entry, at in looked
            if (what := _what(row, entry, at) or short.get(row.desired.remote_id, ""))
        ]
        self.found[name] += strangers
        self.compared += len(asked) + len(strangers)

    def _lacking(self, name: str, skus: Sequence[Sku], seen: Collection[Listing]) -> Mapping[str, str]:
        """What listings show of stock and delivery time instead, where both are the catalogue's."""
        channel = self.bench.channels[name]
        if not channel.capabilities.tells:
            return {}
        return lacking(channel, self.bench.store.catalogue.load(skus=skus).products, seen)

    def report(self) -> ParityReport:
        """Sum up."""
        found = tuple(chain.from_iterable(self.found.values()))
        left_out = [LeftOut(name, what, self.said[name, what]) for name in self.found for what in self._left_out(name)]
        in_step = self.compared - len(found)
        return ParityReport(self.compared, in_step, found, self.declared, self.oldest, tuple(left_out))

    def _left_out(self, channel: str) -> Sequence[Beside]:
        """What a channel has no place for, of what the price list says beside prices."""
        places = self.bench.channels[channel].capabilities.carries
        return sorted(what for name, what in self.said if name == channel and what not in places)


def _beside(entry: PriceEntry, now: datetime) -> Iterator[Beside]:
    """What the price list says beside this price."""
    if entry.announcement is not None or entry.terms != NO_TERMS:
        terms = entry.terms
        has = {
            Beside.ANNOUNCEMENT: entry.announced_at(now),
            Beside.LOYALTY: terms.loyalty,
            Beside.COUPON: terms.coupon,
            Beside.UNIT: terms.unit,
        }
        yield from (what for what, value in has.items() if value is not None)


def _what(row: Publication, entry: PriceEntry, listing: Listing | None) -> str:
    """What is different about a listing; empty = it is as it shall be."""
    if row.desired.version < entry.version and row.desired.price != entry.gross:
        return f"was last asked for version {row.desired.version}"
    if row.state is PublicationState.VERIFIED:
        return _struck(row, entry, listing)
    return row.message or ("on its way" if row.state in OPEN_STATES else row.state.value)


def _struck(row: Publication, entry: PriceEntry, listing: Listing | None) -> str:
    """A prior price that a channel strikes without the price list announcing it, or another one than it announces."""
    if listing is None or listing.sale_price is None or listing.payable != row.desired.price:
        return ""
    told = entry.announcement
    if told is None:
        return f"strikes {listing.price}, and the price list announces no reduction"
    return "" if told.prior == listing.price else f"strikes {listing.price} instead of {told.prior}"


def _difference(row: Publication, entry: PriceEntry, what: str) -> Difference:
    shown = row.desired.price if row.state is PublicationState.VERIFIED else last_shown(row)
    wish, since = row.desired, row.checked_at or row.created_at
    return Difference(wish.channel, wish.sku, wish.remote_id, entry.gross, shown, row.state.value, what, since)


def _unasked(
    channel: str,
    entries: Mapping[Sku, PriceEntry],
    rows: Sequence[Publication],
    listings: Collection[Listing],
    gone: frozenset[Sku],
) -> list[Difference]:
    """Listings of priced products that nobody has asked for their price yet, and which show another one."""
    asked = {(row.desired.remote_id, row.desired.sku) for row in rows}
    return [
        Difference(channel, li.sku, li.remote_id, entries[li.sku].gross, li.payable, "new", "not asked for yet", None)
        for li in listings
        if (li.remote_id, li.sku) not in asked
        and li.sku in entries
        and li.sku not in gone
        and li.payable != entries[li.sku].gross
    ]


def _declared(entries: Mapping[str, Mapping[Sku, PriceEntry]]) -> int:
    prices: Counter[Sku] = Counter()
    for group in entries.values():
        prices.update(group.keys())
    several = [sku for sku, count in prices.items() if count > 1]
    return sum(len({group[sku].gross for group in entries.values() if sku in group}) > 1 for sku in several)


# --- who changed it --------------------------------------------------------------------------------------------


def who_changed(row: Publication, shown: Money, earlier: Collection[Money]) -> str:
    """A guess who set another price, from how it looks; never more than a guess."""
    return next(_guesses(row.desired.price, shown, row.desired.tax, earlier), "somebody there, or a program of theirs")


def _guesses(price: Money, shown: Money, tax: TaxRate, earlier: Collection[Money]) -> Iterator[str]:
    if shown.currency != price.currency:
        yield "a currency setting there"
        return
    if shown in earlier:
        yield "a price of ours from before: an import, a backup or a cache there brought it back"
    if tax.basis_points and shown == tax.net_of(price):
        yield "our price without tax: a tax setting there"
    if tax.basis_points and shown == tax.gross_of(price):
        yield "our price with tax on top: a tax setting there"
    if shown.minor in {price.minor * 100, price.minor // 100}:
        yield "our price with the decimal point elsewhere: an import there"
    percent = divide((price.minor - shown.minor) * 100, price.minor)
    if 0 < abs(percent) <= 90 and abs(price.minor * (100 - percent) - shown.minor * 100) < 100:
        yield f"{abs(percent)} % {'off' if percent > 0 else 'on top'}: a discount rule or bulk edit there"
