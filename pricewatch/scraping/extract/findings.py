"""What a reading hands on: a finding for every offer, with its evidence."""

from __future__ import annotations

from dataclasses import replace

from pricewatch.domain.offer import Condition, Evidence, Item, ItemKey, Offer, PriceRole, SiteKind
from pricewatch.ports import Finding
from pricewatch.scraping.extract.decide import settled
from pricewatch.scraping.extract.gather import Gathered
from pricewatch.scraping.extract.identifiers import clean_gtin
from pricewatch.scraping.extract.offers import end_time, whole_number
from pricewatch.scraping.extract.reading import Reading, money
from pricewatch.scraping.extract.records import Candidate, RowFacts, Source
from pricewatch.scraping.extract.score import NET
from pricewatch.scraping.extract.selectors import bid as bid_of
from pricewatch.scraping.extract.selectors import first
from pricewatch.scraping.extract.tax import taxed


def sells_itself(page: Gathered) -> bool:
    """Whether a button of the page buys the offer that it shows first; one in each row buys that row's."""
    if page.choice.winner is None or not page.scan.offers_to_buy(8, 80):
        return False
    return not page.rows or page.scan.buttons_below() != len(page.rows)


def _is_first(page: Gathered) -> bool:
    """Whether the page's own offer is its buy box: as the site's selector says, or since it stands above others."""
    if page.choice.winner is None:
        return False
    told = page.site.hints.fields.featured
    return bool(first(page.document, told)) if told else bool(page.rows) and sells_itself(page)


def _tax_included(page: Gathered) -> bool | None:
    """What the page itself says of the price, before what its definition says of all its pages."""
    if any(NET in candidate.why for candidate in page.choice.agreeing):
        return False
    beside = (lost.amount for lost in page.choice.rejected if lost.net)
    return True if any(taxed(net, page.choice.amounts) for net in beside) else page.site.tax_included


def findings(reading: Reading, page: Gathered) -> tuple[Finding, ...]:
    """One finding an offer: of every seller, else of every variant that has a number of its own, else the one."""
    item = _item(reading, page)
    main = _main_finding(reading, page, item)
    if reading.rows:
        found = tuple(f for row in reading.rows if (f := _row_finding(row, reading, page, item)))
        listed = {f.offer.price for f in found}
        own = reading.price is not None and reading.price not in listed and page.site.kind is not SiteKind.COMPARISON
        return (main, *found) if own or not found else found
    numbered = [row for row in reading.variants if row.sku or row.gtin]
    if not numbered and len({row.price.amounts for row in reading.variants if row.price}) > 1:
        numbered = [row for row in reading.variants if row.name]
    if len(numbered) > 1 and not page.bound:
        found = tuple(f for row in numbered if (f := _row_finding(row, reading, page, item)))
        return found or (main,)
    return (main,)


def _item(reading: Reading, page: Gathered) -> Item:
    known = reading.identity
    return Item(
        ItemKey(page.site.name, known.url or page.document.url),
        page.document.url,
        known.name,
        known.brand,
        known.gtin,
        known.mpn,
        known.category,
        known.image,
    )


def _running(reading: Reading, page: Gathered) -> Candidate | None:
    """The bid that an auction shows most plainly where nothing can be bought at once: no price, but what is bid."""
    if reading.price is not None or page.rows or not page.scan.only_takes_bids():
        return None
    bids = [settled(c, page.context) for c in page.choice.rejected if c.role is PriceRole.BID and len(c.amounts) == 1]
    return max(bids, key=lambda c: c.score, default=None)


def _main_finding(reading: Reading, page: Gathered, item: Item) -> Finding:
    fields, document = page.site.hints.fields, page.document
    bid = bid_of(page.document, page.site) or _running(reading, page)
    offer = Offer(
        item=item,
        seller=reading.seller,
        price=reading.price,
        role=reading.role,
        availability=reading.availability,
        condition=reading.condition,
        shipping=reading.shipping,
        was_price=reading.was,
        bid=money(bid.amount, bid.currency or reading.currency) if bid else None,
        bids=whole_number(first(document, fields.bids)) if fields.bids else None,
        ends_at=end_time(first(document, fields.ends_at)) if fields.ends_at else None,
        pieces=reading.pieces,
        featured=_is_first(page),
        tax_included=_tax_included(page),
        url=document.url,
    )
    rejected = tuple(str(c) for c in reading.rejected)
    source = reading.source.value if reading.source else ""
    evidence = Evidence(reading.page_hash, source, reading.where, reading.snippet, rejected)
    readings = reading.readings if reading.ambiguous else ()
    return Finding(offer, evidence, reading.ambiguous, readings, reading.conflict, reading.confidence or 10_000)


def _row_finding(row: RowFacts, reading: Reading, page: Gathered, item: Item) -> Finding | None:
    price, currency = row.price, row.currency
    ambiguous = price is not None and len(price.amounts) > 1
    amount = money(price.amount, currency) if price and not ambiguous else None
    if amount is None and row.bid is None and not ambiguous:
        return None
    marketplace = page.site.kind in {SiteKind.AUCTION, SiteKind.MARKETPLACE}
    own = replace(item, title=row.name or item.title)
    if row.name and marketplace and row.url:
        own = replace(own, key=ItemKey(page.site.name, row.url.partition("?")[0]), url=row.url)
    elif variant := row.sku or row.gtin or ("" if row.seller else row.name[:80]):
        own = replace(
            own,
            key=ItemKey(page.site.name, own.key.item, variant),
            gtin=clean_gtin(row.gtin) or ("" if row.gtin else own.gtin),
            mpn=row.mpn or own.mpn,
        )
    offer = Offer(
        item=own,
        seller=row.seller or page.site.seller,
        price=amount,
        availability=row.availability,
        condition=row.condition if row.condition is not Condition.UNKNOWN else reading.condition,
        shipping=money(row.shipping, currency),
        bid=money(row.bid, currency),
        bids=row.bids,
        ends_at=end_time(row.ends_at),
        seller_rating=row.rating,
        featured=row.featured,
        tax_included=page.site.tax_included,
        url=row.url or page.document.url,
    )
    source = price.source.value if price else Source.SELECTOR.value
    evidence = Evidence(reading.page_hash, source, row.where, price.text if price else "", row.rejected)
    readings = tuple(f"{a:f}" for a in price.amounts) if price and ambiguous else ()
    return Finding(offer, evidence, ambiguous, readings)
