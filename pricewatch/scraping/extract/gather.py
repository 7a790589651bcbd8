"""Everything that the sources of one page say, collected once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.scraping.extract import (
    jsonld,
    meta,
    microdata,
    offers,
    picked,
    ranges,
    reductions,
    rows,
    schema,
    score,
    selectors,
    sellers,
    state,
    tiers,
    visible,
)
from pricewatch.scraping.extract.currencies import (
    CODES,
    currency_of_host,
    currency_of_locale,
    is_bare_dollar,
    meant,
)
from pricewatch.scraping.extract.decide import POINTS, Choice, Context, choose, settled
from pricewatch.scraping.extract.dollars import language, whose
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.doubts import ENOUGH, PLAINLY_SHOWN
from pricewatch.scraping.extract.facts import facts_in
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.identifiers import Identity, identity, is_foreign, main_products, names_variant
from pricewatch.scraping.extract.records import Candidate, OfferFacts, ProductFacts, RowFacts, Source

ALIKE = score.ALIKE
_TWO_DECIMALS = re.compile(r"[.,](?=\d{2}$)")
SHOWN = 30  # points of a visible price that structured data confirms
WORN = frozenset({Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX})  # what is not sold as new
_NOT_LISTED = frozenset({score.FAR_BEFORE, score.JUST_BEFORE, score.AMONG_OTHERS})
LONG_LIST = 8  # amounts of one pattern below the title
OBVIOUS = 80  # points of a visible price that nothing else states


class Gathered(NamedTuple):
    """The page with what was found on it and what was chosen."""

    document: Document
    site: SiteContext
    found: tuple[ProductFacts, ...]
    main: tuple[ProductFacts, ...]
    identity: Identity
    scan: visible.Scan
    visible: tuple[Candidate, ...]
    context: Context
    choice: Choice
    scored: tuple[Candidate | None, ...]
    rows: tuple[RowFacts, ...]
    variants: tuple[RowFacts, ...]
    bound: bool
    condition: str


def gather(document: Document, site: SiteContext) -> Gathered:
    """Collect and decide; the order of the sources does not matter, only what they say.

    Where structured data and the text around the heading agree, the rest of the page is not looked at.
    """
    found = structured(document)
    main = main_products(found, document)
    walker = visible.Walker(document)
    if _may_be_plain(main, document, site):
        near = _chosen(document, site, main, walker.near())
        plain = _is_plain(near.choice, near.scan)
        if plain and not (sellers.may_have_rows(document) or sellers.heads_offers(near.scan.titles())):
            return _looked_at(document, site, found, near)
    return _looked_at(document, site, found, _chosen(document, site, main, walker.walk()))


def _may_be_plain(main: list[ProductFacts], document: Document, site: SiteContext) -> bool:
    """Whether the page may have one item of one seller, below a heading."""
    if site.kind is not SiteKind.SHOP or site.hints.offers.row or not document.heading:
        return False
    offers = [o for p in main if p.source is not Source.META for o in p.offers if o.prices]
    return not any(o.aggregate for o in offers) and len({o.seller for o in offers}) <= 1


def _is_plain(choice: Choice, scan: visible.Scan) -> bool:
    """Whether the price is shown, and nothing contradicts: structured data says the same, or it is hard to miss."""
    if choice.winner is None or choice.conflict or len(choice.amounts) != 1:
        return False
    shown = max(c.score for c in choice.agreeing)
    rival = max((c.score for c in choice.rejected if c.role in _OPEN), default=0)
    if {c.source for c in choice.agreeing} & {Source.JSON_LD, Source.MICRODATA, Source.RDFA}:
        return shown >= SHOWN and rival < shown
    if any(c.source in POINTS for c in choice.rejected) or rival >= shown - ENOUGH:
        return False
    enough = OBVIOUS if {c.source for c in choice.agreeing} == {Source.VISIBLE} else PLAINLY_SHOWN
    return shown >= enough and scan.offers_to_buy(0, 80)


class _Chosen(NamedTuple):
    """What was seen and stated, and the price chosen of it."""

    main: list[ProductFacts]
    scan: visible.Scan
    scored: list[Candidate | None]
    seen: list[Candidate]
    stated: list[Candidate]
    by_hand: list[Candidate]
    context: Context
    choice: Choice


def _chosen(document: Document, site: SiteContext, main: list[ProductFacts], scan: visible.Scan) -> _Chosen:
    scored = ranges.told(scan, tiers.told(scan, score.scored(scan)))
    main, scored = _of_this_page(main, document, scored)
    stated = [c for product in main for c in stated_prices(product, document.url)]
    scored = reductions.told(scan, picked.told(document, scan, scored, stated), stated)
    stated = tiers.in_data(stated, scored)
    seen = score.ranked(scored)
    if told := selectors.bid(document, site):
        stated, seen = _as_told(stated, told), _as_told(seen, told)
    if told := selectors.shipping(document, site):
        seen = _delivery_told(seen, told)
    by_hand = selectors.prices(document, site)
    if selectors.only_bid(document, site, by_hand):
        stated, seen = _no_price(stated), _no_price(seen)
    elif not by_hand and scan.only_takes_bids():
        reason = "bids are taken, and nothing can be bought at once"
        seen = [c.as_role(PriceRole.BID, reason) if c.role in _OPEN else c for c in seen]
        stated = _running(stated, seen, reason)
    context = context_of(document, site, stated, seen, scan.texts)
    choice = choose([*by_hand, *stated, *seen], context)
    if (place := _under_others(choice, scan, scored)) >= 0:
        scored = [_of_another(c) if c and n >= place else c for n, c in enumerate(scored)]
        seen = score.ranked(scored)
        choice = choose([*by_hand, *stated, *seen], context)
    return _Chosen(main, scan, scored, seen, stated, by_hand, context, choice)


def _under_others(choice: Choice, scan: visible.Scan, scored: Sequence[Candidate | None]) -> int:
    """From which amount on the page shows other items' although no title says so; -1 where the price is the page's."""
    winner = choice.winner
    if winner is None or any(c.source is not Source.VISIBLE or score.LABELLED in c.why for c in choice.agreeing):
        return -1
    place = next((n for n, c in enumerate(scored) if c and c.role in _OPEN and c.amounts == winner.amounts), -1)
    begins = scan.under_others(scan.spots[place].order - 1) if place >= 0 else -1
    return next((n for n, spot in enumerate(scan.spots) if spot.order > begins), -1) if begins >= 0 else -1


def _of_another(candidate: Candidate) -> Candidate:
    if candidate.role not in _OPEN:
        return candidate
    return candidate.as_role(PriceRole.OTHER_PRODUCT, "another item's")


def _of_this_page(
    main: list[ProductFacts], document: Document, scored: list[Candidate | None]
) -> tuple[list[ProductFacts], list[Candidate | None]]:
    """The items of structured data, those left out that are called otherwise and whose price the page does not show.

    A price behind a list of items is not the page's: what structured data calls otherwise is one of them.
    """
    foreign = [product for product in main if is_foreign(product, document)]
    if not foreign:
        return main, scored
    end = _list_begins(scored)
    shown = {c.amount for c in scored[:end] if c and c.role in _OPEN and c.score >= SHOWN}
    stated = {id(p): {c.amount for c in stated_prices(p, document.url)} for p in foreign}
    others = [product for product in foreign if not stated[id(product)] & shown]
    document.notes.extend(f"{p.source.value} describes another item: {p.name[:60]}" for p in others)
    listed = {amount for product in others for amount in stated[id(product)]}
    behind = [
        c.as_role(PriceRole.OTHER_PRODUCT, "another item's") if c and c.role in _OPEN and c.amount in listed else c
        for c in scored[end:]
    ]
    return [product for product in main if product not in others], [*scored[:end], *behind]


def _list_begins(scored: Sequence[Candidate | None]) -> int:
    """The place behind a list of many items below the title: what stands there is one of its items, at most."""
    below = [n for n, c in enumerate(scored) if c and score.ALIKE in c.why and _NOT_LISTED.isdisjoint(c.why)]
    return below[LONG_LIST] if len(below) > LONG_LIST else len(scored)


def _running(stated: list[Candidate], seen: list[Candidate], reason: str) -> list[Candidate]:
    """What structured data states where only bids are taken; what the page shows as the starting bid stays."""
    first = {c.amount for c in seen if c.role is PriceRole.BID and any("start" in why for why in c.why)}
    return [c.as_role(PriceRole.BID, reason) if c.role in _OPEN and c.amount not in first else c for c in stated]


def _looked_at(document: Document, site: SiteContext, found: list[ProductFacts], chosen: _Chosen) -> Gathered:
    main, scan, choice = chosen.main, chosen.scan, chosen.choice
    facts = facts_in(scan.near(), scan.lower()[scan.first :])
    told = {name: value for _, name, value in reversed(facts)}
    known = identity(document, main, site.hints.fields, scan.near(), told)
    if scan.whole and not chosen.by_hand and _unsure(choice):
        embedded = _in_full(
            state.prices(document, (known.name, document.heading), (known.sku, known.mpn, known.gtin)), chosen.seen
        )
        if not embedded and choice.winner is None and document.heading:
            embedded = state.attributes(document)
        if embedded:
            stated = [*chosen.stated, *embedded]
            choice = choose([*stated, *chosen.seen], context_of(document, site, stated, chosen.seen, scan.texts))
    listed = _listed(document, site, main, scan, chosen.scored)
    if (choice.winner is None or _is_no_row_to_take(choice, listed)) and (
        taken := _taken_of(listed, chosen.context, scan)
    ):
        choice = choice._replace(winner=taken, amounts=taken.amounts, currency=taken.currency, agreeing=(taken,))
    return Gathered(
        document,
        site,
        tuple(found),
        tuple(main),
        known,
        scan,
        tuple(chosen.seen),
        chosen.context,
        choice,
        tuple(chosen.scored),
        tuple(listed),
        () if listed else tuple(_variants(document, main, choice)),
        any(_named(v, document.url) for product in main for v in product.variants),
        next((value for place, name, value in facts if name == "condition" and place >= scan.heading - scan.first), ""),
    )


def _in_full(embedded: list[Candidate], seen: list[Candidate]) -> list[Candidate]:
    """The amounts of scripts, those in hundredths of what the page shows brought to whole units: `6995` of `69.95`."""
    shown = {amount for c in seen for amount in c.amounts}
    hundredths = {100 * amount for amount in shown if amount % 1} - shown
    return [
        c._replace(amounts=(c.amount.scaleb(-2),)) if len(c.amounts) == 1 and c.amount in hundredths else c
        for c in embedded
    ]


def _is_no_row_to_take(choice: Choice, listed: list[RowFacts]) -> bool:
    """Whether the price that was chosen is that of a used thing beside new ones, or one of rows without their order.

    A lowest price in words or data that no new thing in the rows has is another condition's; where nothing but rows is
    on the page, the one that it puts first is taken, or the cheapest.
    """
    fresh = [row for row in listed if row.price and row.condition not in WORN]
    if not fresh or len(listed) < 2 or choice.winner is None:
        return False
    amounts = {row.price.amounts for row in fresh if row.price}
    if choice.amounts not in amounts:
        used = {row.price.amounts for row in listed if row.price}
        return choice.amounts in used or all(c.role is PriceRole.FROM for c in choice.agreeing if c.codes)
    return {c.source for c in choice.agreeing} == {Source.VISIBLE} and ALIKE in choice.winner.why


def _taken_of(listed: list[RowFacts], context: Context, scan: visible.Scan) -> Candidate | None:
    """The price of the rows at which the page can be bought: that of the one it puts first, where it sells itself."""
    first = [row for row in listed if row.featured and row.condition not in WORN]
    buys = first and scan.offers_to_buy(8, 80)
    return _lowest(first if buys else listed, context)


def _lowest(listed: list[RowFacts], context: Context) -> Candidate | None:
    """The lowest price of the rows, of used things only where there are no others: what the page can be bought at."""
    fresh = [row for row in listed if row.condition not in WORN] or listed
    prices = [settled(row.price, context) for row in fresh if row.price]
    below = (c for c in prices if len(c.amounts) == 1 and score.FAR_BEFORE not in c.why)
    return min(below, key=lambda c: c.amount, default=None)


def _listed(
    document: Document,
    site: SiteContext,
    main: list[ProductFacts],
    scan: visible.Scan,
    scored: list[Candidate | None],
) -> list[RowFacts]:
    """The rows of several sellers: where the site says, as structured data lists them, or as they look."""
    if not scan.whole:
        return []
    return (
        offers.from_hints(document, site)
        or next((r for product in main if (r := offers.from_structured(product))), [])
        or rows.offer_rows(document, scan, scored, site)
    )


def _as_told(candidates: list[Candidate], told: Candidate) -> list[Candidate]:
    """What the site's selector calls a running bid is one wherever the amount stands."""
    reason = f"the site's {told.role.value}"
    return [c.as_role(told.role, reason) if c.amounts == told.amounts else c for c in candidates]


def _no_price(candidates: list[Candidate]) -> list[Candidate]:
    reason = "a bid is running, and the site's selectors find no price to buy at"
    return [c.as_role(PriceRole.OTHER_PRODUCT, reason) if c.role in _OPEN else c for c in candidates]


def _delivery_told(seen: list[Candidate], told: Candidate) -> list[Candidate]:
    """What the site's selector calls the delivery cost is the least plainly shown of the same amounts."""
    same = [c for c in seen if c.amounts == told.amounts]
    cost = same[-1] if same else None
    return [c.as_role(told.role, "the site's delivery cost") if c is cost else c for c in seen]


def _variants(document: Document, main: list[ProductFacts], choice: Choice) -> list[RowFacts]:
    stated = next((v for product in main if (v := offers.variants_of(product))), [])
    if stated or any(offer.prices for product in main for offer in product.offers):
        return stated
    shown = rows.radios(document)
    of_this = any(row.price and row.price.amount in choice.amounts for row in shown)
    return shown if of_this else rows.choices(document)


def _unsure(choice: Choice) -> bool:
    """Whether embedded state is worth a search: no price, a conflict, or one source that is not plainly shown."""
    if choice.winner is None or choice.conflict:
        return True
    return len({c.source for c in choice.agreeing}) == 1 and max(c.score for c in choice.agreeing) < PLAINLY_SHOWN


def structured(document: Document) -> list[ProductFacts]:
    """Every product that structured data describes, by source."""
    found = schema.products(jsonld.nodes(document), Source.JSON_LD)
    found += schema.products(microdata.microdata(document), Source.MICRODATA)
    found += schema.products(microdata.rdfa(document), Source.RDFA)
    described = meta.product(document)
    return [*found, described] if described else found


def stated_prices(product: ProductFacts, url: str) -> list[Candidate]:
    """The prices of the offers that the page is about: the variant its address names, else the product's own.

    Of several open offers the lowest stands; the others are kept as another variant's.
    """
    named = [v for v in product.variants if _named(v, url)]
    if named:
        return [c for v in named[:1] for o in v.offers for c in o.prices]
    own = _offers_of(product, url) or [o for v in product.variants for o in v.offers]
    if not any(o.prices for o in own):
        own = [o for v in product.variants for o in v.offers]
    fresh = [o for o in own if o.condition not in WORN] if any(o.condition in WORN for o in own) else own
    if any(o.prices and not o.aggregate for o in fresh):
        worn = {c.amount for o in own if o.condition in WORN for c in o.prices}
        fresh = [o for o in fresh if not (o.aggregate and worn.intersection(c.amount for c in o.prices))]
    else:
        fresh = own
    open_offers = [o for o in fresh if o.availability is not Availability.OUT_OF_STOCK and o.prices] or fresh
    lowest = min((c.amount for o in open_offers for c in o.prices if c.role in _OPEN), default=None)
    return [
        c.as_role(PriceRole.OTHER_PRODUCT, "another variant") if c.role in _OPEN and c.amount != lowest else c
        for o in own
        for c in o.prices
    ]


_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})


def _named(variant: ProductFacts, url: str) -> bool:
    return names_variant(url, variant.sku, variant.gtin, *(o.sku for o in variant.offers), _tail(variant.url))


def _tail(url: str) -> str:
    return url.rstrip("/").rsplit("=", 1)[-1] if "=" in url else ""


def _offers_of(product: ProductFacts, url: str) -> list[OfferFacts]:
    named = [o for o in product.offers if names_variant(url, o.sku, o.gtin, _tail(o.url))]
    if named and len(named) < len(product.offers):
        return named
    return list(product.offers)


def context_of(
    document: Document, site: SiteContext, stated: list[Candidate], seen: list[Candidate], texts: Sequence[str]
) -> Context:
    """What settles signs and separators: the site's settings, then the page's own words."""
    hints = site.hints
    locale = site.locale or hints.locale or document.language
    if not locale and any(is_bare_dollar(c.codes) for c in seen):
        locale = language(texts)
    currency, assumed = _page_currency(document, site, locale, stated, seen, texts)
    if assumed:
        document.notes.append(f"nothing says whose dollar the sign is: taken for {currency}")
    return Context(
        currency=currency,
        assumed=assumed,
        locale=locale,
        decimal=hints.decimal,
        siblings=(mark,) if (mark := _sibling_style(seen)) else (),
        count_coupon=hints.count_coupon,
        count_club=hints.count_club,
        prefer_structured=hints.prefer == "structured",
        net=hints.tax == "net",
        last=(site.last.amount, site.last.currency.code) if site.last else None,
    )


def _sibling_style(seen: list[Candidate]) -> str:
    """How the most likely amount with two decimals writes them."""
    mark = next((found[0] for c in seen[:40] if (found := _TWO_DECIMALS.search(c.digits))), "")
    return f"1{mark}00" if mark else ""


def _page_currency(
    document: Document,
    site: SiteContext,
    locale: str,
    stated: list[Candidate],
    seen: list[Candidate],
    texts: Sequence[str],
) -> tuple[str, bool]:
    """The currency of the page's prices, and whether it is only what a bare dollar sign means to most."""
    if site.currency or site.hints.currency:
        return site.currency or site.hints.currency, False
    named = next((c.currency for c in stated if c.currency), "")
    if named:
        return named, False
    sure = next((c.codes[0] for c in seen if len(c.codes) == 1 and c.score > 0 and c.codes[0] in CODES), "")
    told = currency_of_host(document.host) or sure or currency_of_locale(locale)
    signs = {c.codes for c in seen if len(c.codes) > 1}
    if len(signs) != 1 or told in (codes := next(iter(signs))):
        return told, False
    known = whose(document, texts, codes) or told
    return known or meant(codes, locale), is_bare_dollar(codes) and not known
