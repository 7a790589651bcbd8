"""Why an amount that was found on a page is not its price, in a sentence."""

from __future__ import annotations

from pricewatch.domain.offer import PriceRole, Verdict
from pricewatch.scraping.extract.decide import POINTS
from pricewatch.scraping.extract.reading import Reading
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.term_words import TERMS

_NO_PRICE = {
    PriceRole.WAS: "an earlier or suggested price",
    PriceRole.LOWEST_30_DAYS: "the lowest of the last 30 days",
    PriceRole.SHIPPING: "what delivery costs",
    PriceRole.UNIT: "the price of a unit of measure",
    PriceRole.INSTALMENT: "one instalment",
    PriceRole.BID: "a bid, at which nothing can be bought",
    PriceRole.CLUB: "only for members",
    PriceRole.STORE_CARD: "only with the shop's card",
    PriceRole.COUPON: "only with a code",
}


def verdict_on(candidate: Candidate, reading: Reading) -> str:
    """What became of one candidate of a reading: the price, or why it is not."""
    if candidate in reading.agreeing:
        sources = sorted({c.source.value for c in reading.agreeing})
        return "the price" if len(sources) == 1 else f"the price: {' and '.join(sources)} agree"
    if reading.verdict is Verdict.GONE:
        return "of an offer that is over"
    if candidate.net:
        return "without tax"
    if candidate.role in _NO_PRICE:
        return _NO_PRICE[candidate.role]
    if sellers := _sellers(candidate, reading):
        return f"the offer of {sellers}"
    if candidate.role is PriceRole.OTHER_PRODUCT:
        return _other(candidate)
    if candidate.source is not Source.VISIBLE:
        return f"stated as {candidate.source.value}, but the page shows or states another price more plainly"
    best = max((c.score + POINTS.get(c.source, 0) for c in reading.agreeing), default=0)
    return f"shown less plainly: {candidate.score} points, the price has {best}" if best else "too doubtful alone"


def _sellers(candidate: Candidate, reading: Reading) -> str:
    rows = [row for row in reading.rows if row.price is not None and row.price.amounts == candidate.amounts]
    return ", ".join(dict.fromkeys(row.seller for row in rows if row.seller))[:80]


def _other(candidate: Candidate) -> str:
    """What an amount is that belongs to something else; the last of its reasons says to what."""
    reason = candidate.why[-1] if candidate.why else ""
    if any(reason.startswith(f"{term.why}: ") for term in TERMS.values()):
        return reason
    if reason in {"taken off", "the upper end of a range", "another variant"} or reason.startswith("bids are"):
        return reason
    return "of another item, or no price of an item at all"
