"""Examples of rule files, tried with the whole rule book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from pricewatch.domain.decision import Proposal
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.product import PriceGroup
from pricewatch.pricing.engine import decide
from pricewatch.pricing.examples import Example, ExampleOffer, ExampleProduct
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    MISSING,
    ROLES,
    SITE_KINDS,
    Ints,
    MarketFrame,
    OfferColumns,
    ProductColumns,
    Text,
    ints,
)
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.values import to_minor


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one example; `wrong` says in words what differs, empty = the promise is kept."""

    example: Example
    place: str
    proposal: Proposal
    wrong: tuple[str, ...]


def try_examples(book: RuleBook, settings: PricingSettings, group: PriceGroup, now: datetime) -> tuple[Verdict, ...]:
    """Try every example of the rules in one price group's currency and time zone, in the order of the files."""
    return tuple(_try(book, settings, group, now, example, place) for example, place in book.examples)


def _try(
    book: RuleBook, settings: PricingSettings, group: PriceGroup, now: datetime, example: Example, place: str
) -> Verdict:
    at = example.at or now
    moment = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(group.timezone))
    plan = decide(_market(group, int(moment.timestamp()), example), book, settings)
    (proposal,) = plan.proposals()
    branch = int(plan.trail.branch[0])
    rule = book.branches[branch].rule if branch >= 0 else ""
    return Verdict(example, place, proposal, tuple(_differences(example, proposal, rule, group)))


def _differences(example: Example, proposal: Proposal, rule: str, group: PriceGroup) -> Iterator[str]:
    wanted, price = example.expect, proposal.proposed or proposal.current
    currency = Currency.of(group.currency)
    if wanted.price is not None:
        money = Money(to_minor(wanted.price, currency.exponent), currency)
        if price != money:
            yield f"the price is {price or 'unknown'}, not {money}"
    if wanted.outcome is not None and proposal.outcome.value != wanted.outcome:
        yield f"the outcome is {proposal.outcome.value}, not {wanted.outcome}"
    if wanted.rule is not None and rule != wanted.rule:
        yield f"it is priced by {rule!r}, not by {wanted.rule!r}" if rule else f"no rule prices it, not {wanted.rule!r}"
    if wanted.why is not None and not any(wanted.why.casefold() in r.text.casefold() for r in proposal.reasons):
        yield f"no reason says {wanted.why!r}"


def _market(group: PriceGroup, at: int, example: Example) -> MarketFrame:
    exponent = Currency.of(group.currency).exponent
    return MarketFrame(
        group=group.name,
        currency=group.currency,
        exponent=exponent,
        timezone=group.timezone,
        taken_at=at,
        products=_product(example.product, example.name, at, exponent),
        offers=_offers(example.offers, at, exponent),
        country=group.country,
    )


def _product(ours: ExampleProduct, name: str, at: int, exponent: int) -> ProductColumns:
    def amount(value: Decimal | None) -> Ints:
        return ints([None if value is None else to_minor(value, exponent)])

    current, prior = amount(ours.price), amount(ours.prior)
    return ProductColumns(
        sku=("example",),
        name=(name,),
        current=current,
        cost=amount(ours.cost),
        vat=ints([ours.tax]),
        floor=amount(ours.floor),
        ceiling=amount(ours.ceiling),
        rrp=amount(ours.rrp),
        map_price=amount(ours.map_price),
        stock=ints([ours.stock]),
        kvi=np.array([ours.kvi]),
        frozen=np.array([ours.frozen]),
        changed_at=ints([None if ours.changed is None else at - ours.changed]),
        changes_today=ints([0]),
        day_start=current,
        prior=current if prior[0] == MISSING else prior,
        brand=Text.of([ours.brand]),
        category=Text.of([ours.category]),
        supplier=Text.of([ours.supplier]),
        tags=Text.of([f"|{'|'.join(ours.tags)}|" if ours.tags else ""]),
        custom={key: Text.of([value]) for key, value in ours.custom.items()},
        sold=ints([ours.sold]),
    )


def _offers(theirs: tuple[ExampleOffer, ...], at: int, exponent: int) -> OfferColumns:
    def amounts(values: Iterable[Decimal | None]) -> Ints:
        return ints(None if value is None else to_minor(value, exponent) for value in values)

    return OfferColumns(
        product=ints(0 for _ in theirs),
        price=amounts(offer.price for offer in theirs),
        shipping=amounts(offer.shipping for offer in theirs),
        seen_at=ints(at - offer.age for offer in theirs),
        factor=ints(offer.pack for offer in theirs),
        observation=ints(range(1, len(theirs) + 1)),
        rating=ints(offer.rating for offer in theirs),
        pieces=ints(None for _ in theirs),
        availability=_codes(AVAILABILITIES, [offer.availability for offer in theirs]),
        condition=_codes(CONDITIONS, [offer.condition for offer in theirs]),
        role=_codes(ROLES, [offer.role for offer in theirs]),
        kind=_codes(SITE_KINDS, [offer.kind for offer in theirs]),
        own=np.array([offer.own for offer in theirs], dtype=np.bool_),
        seller=Text.of(offer.seller for offer in theirs),
        site=Text.of(offer.site or offer.seller for offer in theirs),
        before=amounts(offer.last_week for offer in theirs),
        featured=np.array([offer.featured for offer in theirs], dtype=np.bool_),
    )


def _codes(members: tuple[Any, ...], values: list[Any]) -> Any:
    return np.array([members.index(value) for value in values], dtype=np.int8)
