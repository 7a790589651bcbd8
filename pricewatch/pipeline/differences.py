"""Every difference between what the channels of a price group show: none is declared but that of another group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.listing import OPEN_STATES, Beside, Listing, Publication, PublicationState
from pricewatch.domain.money import Money, TaxRate, divide
from pricewatch.domain.product import Sku
from pricewatch.pipeline.delivery import chosen
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
    found: list[Difference] = []
    left_out: list[LeftOut] = []
    compared, times = 0, []
    entries = {group.name: bench.store.prices.current(group.name) for group in bench.groups}
    gone = bench.store.catalogue.withdrawn()
    for name in chosen(bench, channels):
        mine, rows = entries[bench.channel_groups[name]], bench.store.outbox.publications(channel=name)
        seen = {listing.remote_id: listing for listing in bench.store.outbox.listings(name)}
        asked = [row for row in rows if row.desired.sku in mine and row.desired.sku not in gone]
        compared += len(asked)
        places = bench.channels[name].capabilities.carries
        left_out += _left_out(name, [mine[row.desired.sku] for row in asked], places, bench.clock.now())
        times += [row.checked_at for row in asked if row.checked_at is not None]
        looked = ((row, mine[row.desired.sku], seen.get(row.desired.remote_id)) for row in asked)
        found += [_difference(row, entry, what) for row, entry, at in looked if (what := _what(row, entry, at))]
        strangers = _unasked(name, mine, rows, seen.values(), gone)
        found += strangers
        compared += len(strangers)
    declared = _declared(entries)
    return ParityReport(
        compared, compared - len(found), tuple(found), declared, min(times, default=None), tuple(left_out)
    )


def _left_out(channel: str, entries: Sequence[PriceEntry], places: frozenset[Beside], now: datetime) -> list[LeftOut]:
    """What a channel has no place for, of what the price list says beside prices."""
    said: Counter[Beside] = Counter()
    for entry in entries:
        terms = entry.terms
        has = {
            Beside.ANNOUNCEMENT: entry.announced_at(now),
            Beside.LOYALTY: terms.loyalty,
            Beside.COUPON: terms.coupon,
            Beside.UNIT: terms.unit,
        }
        said.update(what for what, value in has.items() if value is not None)
    return [LeftOut(channel, what, count) for what, count in sorted(said.items()) if what not in places]


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
    shown = row.desired.price if row.state is PublicationState.VERIFIED else row.observed
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
    asked = {row.desired.remote_id for row in rows}
    return [
        Difference(channel, li.sku, li.remote_id, entries[li.sku].gross, li.payable, "new", "not asked for yet", None)
        for li in listings
        if li.remote_id not in asked
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
