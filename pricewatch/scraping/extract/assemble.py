"""From what was gathered to the reading: price, stock, condition, shipping and verdict."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind, Verdict
from pricewatch.scraping.extract import rows, stock, verdict
from pricewatch.scraping.extract.condition import condition_of, whole_line
from pricewatch.scraping.extract.decide import settled
from pricewatch.scraping.extract.dom import text_of
from pricewatch.scraping.extract.doubts import ENOUGH, PLAINLY_SHOWN
from pricewatch.scraping.extract.facts import from_whom, sold_by
from pricewatch.scraping.extract.featured import sold_first
from pricewatch.scraping.extract.findings import findings, sells_itself
from pricewatch.scraping.extract.gather import Gathered
from pricewatch.scraping.extract.offers import FREE, THRESHOLD, says_free_delivery, shipping_of, whole_number
from pricewatch.scraping.extract.reading import Reading, money
from pricewatch.scraping.extract.records import Candidate, ProductFacts, RowFacts, Source
from pricewatch.scraping.extract.reductions import HIGHER
from pricewatch.scraping.extract.score import AMONG_OTHERS
from pricewatch.scraping.extract.selectors import bid as bid_of
from pricewatch.scraping.extract.selectors import first
from pricewatch.scraping.extract.stock import availability_of, pieces_of

MAX_REJECTED = 12
MAX_LINKS = 500
MAX_CURRENCIES = 12  # of those that a sign can mean
_HIDDEN = (
    "[hidden],[style*='display:none'],[style*='display: none'],.hidden,.hide,.d-none,"
    ".price:not(.price--sold-out) .price__badge-sold-out,.visually-hidden,.sr-only"
)
MAX_HIDDEN = 200
SAID = 45  # texts from the title on in which sold out is said of the item
ALIKE = 5  # points that the prices of offers in a list differ by
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
BUY_BOX = 25  # texts from the title on in which the page's own seller is named
NEAR = 25  # points of a delivery cost that stands near the price


def assembled(page: Gathered, digest: str) -> Reading:
    """Make the reading of a page that could be read."""
    choice = page.choice
    winner = choice.winner
    ambiguous = len(choice.amounts) > 1
    price = money(choice.amounts[0], choice.currency) if winner and not ambiguous else None
    open_to = winner.codes[:MAX_CURRENCIES] if winner and not choice.currency and len(choice.amounts) == 1 else ()
    reading = Reading(
        verdict=Verdict.PRODUCT,
        message=f"the sign at {winner.text.strip()!r} can be {', '.join(open_to)}" if winner and open_to else "",
        page_hash=digest,
        identity=page.identity,
        price=price,
        role=winner.role if winner else PriceRole.REGULAR,
        was=_was(page, price),
        availability=_availability(page),
        condition=_condition(page),
        shipping=_shipping(page, choice.currency or page.context.currency),
        seller=_seller(page),
        pieces=_pieces(page),
        ambiguous=ambiguous or bool(open_to),
        readings=tuple(f"{a:f} {code}".strip() for a in choice.amounts for code in open_to or ("",)),
        currency=choice.currency,
        conflict=choice.conflict,
        confidence=choice.confidence,
        source=winner.source if winner else None,
        where=winner.where if winner else "",
        snippet=winner.text.strip() if winner else "",
        agreeing=choice.agreeing,
        rejected=_delivery_named(page)[:MAX_REJECTED],
        rows=_rows(page),
        variants=tuple(_settled_row(row, page) for row in page.variants),
        notes=tuple(dict.fromkeys(page.document.notes))[:10],
    )
    if page.site.kind is SiteKind.COMPARISON and page.site.hints.offers.row and not page.rows:
        reading = _without_price(reading)  # what stands in no row of a comparison is nobody's offer
    judged = _judged(reading, page)
    return replace(judged, findings=findings(judged, page)) if judged.verdict is Verdict.PRODUCT else judged


def _delivery_named(page: Gathered) -> tuple[Candidate, ...]:
    """The amounts that lost; what a row says its delivery costs is called so."""
    prices = {row.price.amount for row in page.rows if row.price}
    costs = {row.shipping for row in page.rows if row.shipping} - prices
    return tuple(
        c.as_role(PriceRole.SHIPPING, "a row's delivery")
        if c.role is PriceRole.REGULAR and c.source is Source.VISIBLE and c.amount in costs
        else c
        for c in page.choice.rejected
    )


def _seller(page: Gathered) -> str:
    """Who sells: as the site's selector finds it; on marketplaces and unknown sites as the page states or shows it."""
    own = first(page.document, page.site.hints.fields.seller)[:200]
    if own or (page.site.kind is SiteKind.SHOP and page.site.name):
        return own or page.site.seller
    stated = next((o.seller for p in page.main for o in p.offers if o.seller), "")
    return stated[:200] or sold_by(page.scan.texts[max(page.scan.heading, 0) :][:150]) or page.site.seller


def _rows(page: Gathered) -> tuple[RowFacts, ...]:
    """The offers of several sellers; where the page sells itself, the one that its button buys is the featured one."""
    rows = tuple(_settled_row(row, page) for row in page.rows)
    if not rows or not sells_itself(page):
        return rows
    seller = _seller(page) or from_whom(page.scan.texts[max(page.scan.heading, 0) :][:BUY_BOX])
    return sold_first(_with_own(rows, seller, page), seller, page.choice.amounts)


def _with_own(rows: tuple[RowFacts, ...], seller: str, page: Gathered) -> tuple[RowFacts, ...]:
    """The rows, in front of them the page's own offer where it stands in none: the others' are listed below it."""
    winner = page.choice.winner
    listed = {row.seller.casefold() for row in rows} | {row.price.amounts for row in rows if row.price}
    if winner is None or not seller or listed & {seller.casefold(), winner.amounts} or page.choice.conflict:
        return rows
    shipping = _shown_shipping(page, page.choice.currency)
    own = RowFacts(
        price=winner,
        seller=seller,
        shipping=shipping.amount if shipping is not None else None,
        availability=Availability.IN_STOCK,
        condition=_condition(page),
        currency=page.choice.currency,
        where=winner.where,
        featured=not any(row.featured for row in rows),
    )
    return (own, *rows)


def _pieces(page: Gathered) -> int | None:
    told = page.site.hints.fields.pieces
    if told:
        text = first(page.document, told)
        return pieces_of(text) or whole_number(text)
    return stock.pieces_shown(page.scan.window(2, 60, stock.MAX_PHRASE))


def _settled_row(row: RowFacts, page: Gathered) -> RowFacts:
    price = settled(row.price, page.context) if row.price else None
    return row._replace(price=price, currency=price.currency if price else row.currency or page.context.currency)


def _judged(reading: Reading, page: Gathered) -> Reading:
    """Turn the reading of a page that is no product page into a listing or into nothing."""
    own = [p for p in page.main if p.source is not Source.META or _states_stock(p)]
    stated = any(o.prices for p in own for o in p.offers) or any(p.variants for p in own)
    if not (stated or page.rows or _is_for_sale(page)) and (reason := verdict.turned_away(page.document)):
        return Reading(Verdict.BLOCKED, reason, reading.page_hash)
    over = verdict.ended(page.scan) if not page.rows and reading.availability is not Availability.IN_STOCK else ""
    unseen = all(c.source is not Source.VISIBLE for c in reading.agreeing)
    if not over and unseen and not page.rows and reading.availability is not Availability.IN_STOCK:
        over = verdict.withdrawn(page.scan)
        stated = stated and not over
    if over and not (stated and reading.price):
        return Reading(Verdict.GONE, f"the page says {over[:60]!r}", reading.page_hash, rejected=_all_lost(reading))
    if over:
        return replace(reading, availability=Availability.OUT_OF_STOCK, message=f"the page says {over[:60]!r}")
    if page.rows or stated or reading.source is Source.SELECTOR or bid_of(page.document, page.site) is not None:
        return reading
    if not (reading.price or reading.ambiguous) and page.scan.only_takes_bids():
        return replace(reading, message="bids are taken, and nothing can be bought at once")
    reason = verdict.listing(page.document, page.scan, page.choice.winner, known=bool(own))
    items = _items(page) if reason or not (own or page.document.heading) else ()
    if not reason and len({row.url for row in items if row.url}) > 1 and not _stands_out(page):
        reason = f"{len(items)} items and no heading"
    if reason and first(page.document, page.site.hints.fields.name):
        return _without_price(reading)
    if reason:
        links = tuple(dict.fromkeys(row.url for row in items or _items(page) if row.url))
        return Reading(
            Verdict.LISTING,
            reason,
            reading.page_hash,
            rejected=reading.rejected,
            siblings=items,
            notes=reading.notes,
            links=links[:MAX_LINKS],
        )
    return _doubtful(reading, page, known=bool(own))


def _is_for_sale(page: Gathered) -> bool:
    """Whether the page plainly shows a price, or a button to buy."""
    winner = page.choice.winner
    return (winner is not None and winner.score >= PLAINLY_SHOWN) or page.scan.offers_to_buy(8, 80)


def _stands_out(page: Gathered) -> bool:
    """Whether one price is marked as the page's own, and far more plainly shown than any other."""
    winner = page.choice.winner
    if winner is None or winner.score < PLAINLY_SHOWN:
        return False
    rivals = (c.score for c in page.choice.rejected if c.role in _OPEN and c.amounts != winner.amounts)
    return winner.score - max(rivals, default=0) >= ENOUGH


def _doubtful(reading: Reading, page: Gathered, *, known: bool) -> Reading:
    """What a page is whose price nothing but its text states, or that has none."""
    priced = reading.price is not None or reading.ambiguous
    if said := "" if priced else verdict.gone_below(page.scan):
        return Reading(Verdict.GONE, f"the page says {said[:60]!r}", reading.page_hash, rejected=reading.rejected)
    if priced or known or reading.availability is not Availability.UNKNOWN:
        return reading
    if first(page.document, page.site.hints.fields.name):
        return reading
    if reason := verdict.walled(page.document):
        return Reading(Verdict.BLOCKED, reason, reading.page_hash)
    return replace(reading, verdict=Verdict.NONE, message="no price and no product found")


def _all_lost(reading: Reading) -> tuple[Candidate, ...]:
    return (*reading.agreeing, *reading.rejected)[:MAX_REJECTED]


def _without_price(reading: Reading) -> Reading:
    """An item by its site's own title selector, on a page whose prices are those of other items."""
    return replace(
        reading,
        price=None,
        was=None,
        ambiguous=False,
        readings=(),
        conflict="",
        confidence=0,
        source=None,
        where="",
        snippet="",
        agreeing=(),
        rejected=_all_lost(reading),
    )


def _items(page: Gathered) -> tuple[RowFacts, ...]:
    return tuple(_settled_row(row, page) for row in rows.tiles(page.document, page.scan, page.scored))


def _states_stock(product: ProductFacts) -> bool:
    """Whether an item's stock is stated: shops put `og:type product` on lists, too, but no stock."""
    return any(offer.availability is not Availability.UNKNOWN for offer in product.offers)


def _availability(page: Gathered) -> Availability:
    """Stock as structured data says, unless the page plainly says sold out and offers no way to buy."""
    hints = page.site.hints
    own = first(page.document, hints.fields.availability)
    if own:
        return availability_of(own, hints.stock)
    if rows_say := {row.availability for row in page.rows} - {Availability.UNKNOWN}:
        return Availability.IN_STOCK if Availability.IN_STOCK in rows_say else min(rows_say)
    stated = _stated_availability(page)
    window = page.scan.window(12, stock.WINDOW, stock.MAX_PHRASE)
    seen = stock.told(window, hints.stock) or _shown_of_the_item(page) or stock.shown(window)[0]
    if stated not in {Availability.UNKNOWN, Availability.IN_STOCK}:
        offered = page.choice.winner is not None and page.scan.offers_to_buy(0, 45)
        contradicted = stated is Availability.OUT_OF_STOCK and offered and seen is not Availability.OUT_OF_STOCK
        return Availability.IN_STOCK if contradicted else stated
    buy = page.scan.offers_to_buy(40, 200)
    if seen is Availability.OUT_OF_STOCK and not page.scan.offers_to_buy(40, 200, pressable=True):
        return seen
    if _says_none_left(page, stated):
        return Availability.OUT_OF_STOCK
    if stated is not Availability.UNKNOWN:
        return stated
    if seen in {Availability.PRE_ORDER, Availability.BACK_ORDER}:
        return seen
    has_price = page.choice.winner is not None
    return Availability.IN_STOCK if has_price and (buy or seen is Availability.IN_STOCK) else Availability.UNKNOWN


def _shown_of_the_item(page: Gathered) -> Availability | None:
    """What is said in front of other items' sections; None where nothing is, or where it is of many sellers."""
    end = page.scan.end_of_item(stock.WINDOW)
    if page.rows or end == stock.WINDOW:
        return None
    seen = stock.shown(page.scan.window(12, end, stock.MAX_PHRASE))[0]
    return seen if seen is not Availability.UNKNOWN else None


def _says_none_left(page: Gathered, stated: Availability) -> bool:
    """Whether a line about the item that is not hidden says that none is left, whatever can be pressed.

    Where structured data says otherwise only a count of zero is believed; several such lines are about choices.
    """
    lines = page.scan.of_the_item(SAID, stock.MAX_PHRASE)
    if not stock.none_left(lines):
        return False
    hidden = {line for node in page.document.all(_HIDDEN)[:MAX_HIDDEN] for line in _lines_of(node)}
    shown = "\n".join(line for line in lines.splitlines() if line not in hidden)
    if stated is Availability.IN_STOCK:
        return stock.counts_none(shown)
    return stock.none_left(shown) == 1 and not stock.some_left(shown)


def _lines_of(node: LexborNode) -> list[str]:
    return [line.strip() for line in text_of(node, 600, "|").lower().split("|")]


def _stated_availability(page: Gathered) -> Availability:
    for product in page.main:
        offers = [o for v in product.variants for o in v.offers] if not product.offers else product.offers
        known = [o.availability for o in offers if o.availability is not Availability.UNKNOWN]
        if known:
            return Availability.IN_STOCK if Availability.IN_STOCK in known else known[0]
    return Availability.UNKNOWN


def _condition(page: Gathered) -> Condition:
    own = condition_of(first(page.document, page.site.hints.fields.condition), page.site.hints.conditions)
    if own is not Condition.UNKNOWN:
        return own
    stated = [o.condition for p in page.main for o in p.offers] + [p.condition for p in page.main]
    known = next((c for c in stated if c is not Condition.UNKNOWN), Condition.UNKNOWN)
    return known if known is not Condition.UNKNOWN or page.rows else _shown_condition(page)


def _shown_condition(page: Gathered) -> Condition:
    """What the text says of the condition: after its label, or a line near the title that is nothing else."""
    if page.condition:
        return condition_of(page.condition, page.site.hints.conditions)
    lines = page.scan.window(0, 25, 40).splitlines()
    whole = next((c for line in lines if (c := whole_line(line)) is not Condition.UNKNOWN), Condition.UNKNOWN)
    return whole if whole is not Condition.NEW else Condition.UNKNOWN


def _shipping(page: Gathered, currency: str) -> Money | None:
    fields = page.site.hints.fields
    if fields.shipping:
        return money(shipping_of(first(page.document, fields.shipping), page.site, page.document.language), currency)
    if page.rows and page.choice.winner:
        same = {r.shipping for r in page.rows if r.price and r.price.amounts == page.choice.amounts}
        return money(same.pop(), currency) if len(same) == 1 else None
    stated = next((o.shipping for p in page.main for o in p.offers if o.shipping), None)
    if stated:
        return money(stated.amount, stated.currency or currency)
    return _shown_shipping(page, currency)


def _shown_shipping(page: Gathered, currency: str) -> Money | None:
    """The one delivery cost near the price, or free delivery that no sum is asked for."""
    costs = [c for c in page.choice.rejected if c.role is PriceRole.SHIPPING and c.source is Source.VISIBLE]
    near = [c for c in costs if c.score >= NEAR and not THRESHOLD.search(c.text) and not FREE.search(c.text)]
    amounts = {c.amounts for c in near}
    free = says_free_delivery(page.scan.window(0, 60, 60))
    if near and (free or len(near) > 1) and _shows_alike(page):
        return None  # each offer has its own
    if len(amounts) == 1 and len(near[0].amounts) == 1:
        return money(near[0].amount, near[0].currency or currency)
    return money(Decimal(0), currency) if free and not near else None


def _shows_alike(page: Gathered) -> bool:
    """Whether other prices are shown as plainly as the one that was chosen."""
    shown = max((c.score for c in page.choice.agreeing), default=0)
    others = (c for c in page.choice.rejected if c.role is PriceRole.REGULAR and c.source is Source.VISIBLE)
    return any(c.score > shown - ALIKE for c in others)


def _was(page: Gathered, price: Money | None) -> Money | None:
    if price is None:
        return None
    among_others = any(AMONG_OTHERS in candidate.why for candidate in page.choice.agreeing)
    for candidate in page.choice.rejected:
        own = candidate.source is not Source.VISIBLE or (
            candidate.score > 0 and HIGHER not in candidate.why and (among_others or AMONG_OTHERS not in candidate.why)
        )
        if candidate.role is PriceRole.WAS and own and len(candidate.amounts) == 1:
            was = money(candidate.amount, candidate.currency)
            if was and was.currency == price.currency and was > price:
                return was
    return None
