"""Observations as rows and back: what counts as a change, and which offers are one and the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pricewatch.domain.money import Money
from pricewatch.domain.offer import (
    Availability,
    Condition,
    Evidence,
    Item,
    ItemKey,
    Observation,
    Offer,
    PriceRole,
)
from pricewatch.store.columns import clean, code, count, digest, money

# What makes a change point when it differs. Addresses do not: many carry a new token on every visit.
FACTS = (
    "currency",
    "price_minor",
    "shipping_minor",
    "was_minor",
    "bid_minor",
    "role",
    "availability",
    "condition",
    "bids",
    "ends_at",
    "pieces",
    "rating",
    "tax_included",
    "featured",
)

_OPEN_TO_ALL = frozenset({PriceRole.REGULAR, PriceRole.SALE})
_AS_NEW = frozenset({Condition.NEW, Condition.UNKNOWN})


@lru_cache(maxsize=1_024)
def item_key(key: ItemKey) -> str:
    """The key of an item's row."""
    return digest(key.site, key.item, key.variant)


def terms(offer: Offer) -> str:
    """What sets a seller's offers for one item apart: used from new, a club price from the one for everybody."""
    apart = [] if offer.condition in _AS_NEW else [offer.condition.value]
    return " ".join(apart + ([] if offer.role in _OPEN_TO_ALL else [offer.role.value]))


def offer_key(offer: Offer) -> str:
    """The key of an offer's row: the same seller, item and terms are the same offer."""
    return digest(item_key(offer.item.key), offer.seller, terms(offer))


def best_of_each(observations: Iterable[Observation]) -> Mapping[str, Observation]:
    """One observation an offer: of several in one sighting the one that a buyer would take, by offer key."""
    best: dict[str, Observation] = {}
    for observation in observations:
        key = offer_key(observation.offer)
        known = best.get(key)
        best[key] = observation if known is None else min(known, observation, key=_preference)
    return best


def _preference(observation: Observation) -> tuple[bool, bool, int]:
    offer = observation.offer
    price = 0 if offer.price is None else offer.price.minor
    return (offer.price is None, offer.availability is not Availability.IN_STOCK, price)


def reading_row(observation: Observation) -> dict[str, Any]:
    """The columns of an observation. Amounts share one currency, the price's; one in another currency cannot be
    compared with it and counts as unknown.
    """
    offer, evidence = observation.offer, observation.evidence
    currency = next(
        (code(amount) for amount in (offer.price, offer.bid, offer.shipping, offer.was_price) if amount is not None),
        None,
    )
    return {
        "seen_at": observation.seen_at,
        "gone": False,
        "doubtful": bool(observation.quarantine),
        "currency": currency,
        "price_minor": _in(currency, offer.price),
        "shipping_minor": _in(currency, offer.shipping),
        "was_minor": _in(currency, offer.was_price),
        "bid_minor": _in(currency, offer.bid),
        "role": offer.role,
        "availability": offer.availability,
        "condition": offer.condition,
        "bids": count(offer.bids),
        "ends_at": offer.ends_at,
        "pieces": count(offer.pieces),
        "rating": count(offer.seller_rating),
        "tax_included": offer.tax_included,
        "featured": offer.featured,
        "url": offer.url,
        "page_hash": evidence.page_hash,
        "source": evidence.source,
        "selector": evidence.selector,
        "snippet": evidence.snippet,
        "rejected": list(evidence.rejected),
    }


def gone_row(seen_at: Any) -> dict[str, Any]:
    """The change point that says an offer is no longer shown."""
    empty = Evidence(page_hash="", source="")
    offer = Offer(Item(ItemKey("", ""), url=""), seller="", price=None)
    return reading_row(Observation(offer, seen_at, empty)) | {"gone": True}


def facts(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is compared of a row."""
    return tuple(row[name] for name in FACTS)


def _in(currency: str | None, amount: Money | None) -> int | None:
    return amount.minor if amount is not None and amount.currency.code == currency else None


def item_row(item: Item) -> dict[str, Any]:
    """The columns of an item."""
    return {
        "key": item_key(item.key),
        "site": clean(item.key.site),
        "item": clean(item.key.item),
        "variant": clean(item.key.variant),
        "url": clean(item.url),
        "title": clean(item.title),
        "brand": clean(item.brand),
        "gtin": clean(item.gtin),
        "mpn": clean(item.mpn),
        "category": clean(item.category),
        "image_url": clean(item.image_url),
    }


ITEM = ("site", "item", "variant", "url", "title", "brand", "gtin", "mpn", "category", "image_url")
READING = (*FACTS, "url", "page_hash", "source", "selector", "snippet", "rejected", "seen_at")


def read_item(values: Sequence[Any]) -> Item:
    """An item from its columns, in the order of ITEM."""
    site, item, variant, *described = values
    return Item(ItemKey(site, item, variant), *described)


def read_observation(values: Sequence[Any], item: Item, seller: str, target: str, quarantine: str) -> Observation:
    """An observation from its columns, in the order of READING."""
    currency, price, shipping, was, bid, role, availability, condition, *rest = values
    bids, ends_at, pieces, rating, tax_included, featured, *rest = rest
    url, page_hash, source, selector, snippet, rejected, seen_at = rest
    offer = Offer(
        item=item,
        seller=seller,
        price=money(price, currency),
        role=role,
        availability=availability,
        condition=condition,
        shipping=money(shipping, currency),
        was_price=money(was, currency),
        bid=money(bid, currency),
        bids=bids,
        ends_at=ends_at,
        pieces=pieces,
        seller_rating=rating,
        tax_included=tax_included,
        url=url,
        featured=featured,
    )
    evidence = Evidence(page_hash, source, selector, snippet, tuple(rejected))
    return Observation(offer, seen_at, evidence, target, quarantine)
