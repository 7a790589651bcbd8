"""Everything that people ever said of a pair: append-only, with the texts of both sides as they were then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from pricewatch.domain.match import Match
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku
from pricewatch.matching.records import Record
from pricewatch.ports import Answer
from pricewatch.store.columns import chunks
from pricewatch.store.tables import answers, items, judged, observations, offers, products

WITHDRAWN = "withdrawn"
BY_A_PERSON = "-"  # in `judged`: answered before any judge has seen the item
MAX_DESCRIPTION = 600  # characters of our description that are kept with an answer


def keep(
    connection: Connection, given: Iterable[tuple[Match, int, int]], now: datetime, *, said: str | None = None
) -> None:
    """Append answers: each a match, its item's row, and what the model had said before in basis points."""
    told = list(given)
    ours = _ours(connection, {match.sku for match, _, _ in told})
    theirs = _theirs(connection, {item for _, item, _ in told})
    rows = [
        {
            "sku": match.sku,
            "item": item,
            "said": said or match.status.value,
            "kind": match.kind,
            "factor": match.factor,
            "probability": probability,
            "by": match.decided_by,
            "at": match.decided_at or now,
            "ours": ours.get(match.sku, {}),
            "theirs": theirs.get(item, {}),
        }
        for match, item, probability in told
    ]
    if rows:
        connection.execute(insert(answers), rows)
        _watch(connection, {item for _, item, _ in told})


def _watch(connection: Connection, ids: set[int]) -> None:
    """From now on a change of these items' texts is noticed."""
    known: set[int] = set()
    for part in chunks(ids):
        known.update(connection.execute(select(judged.c.item).where(judged.c.item.in_(part))).scalars())
    if new := sorted(ids - known):
        connection.execute(insert(judged), [{"item": item, "by": BY_A_PERSON, "before": None} for item in new])


def _ours(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, dict[str, Any]]:
    found: dict[Sku, dict[str, Any]] = {}
    for part in chunks(skus):
        for row in connection.execute(select(products).where(products.c.sku.in_(part))):
            amount = _amount(row.price_minor, row.price_currency)
            found[row.sku] = _slim(
                Record(
                    ident=row.sku,
                    title=row.name,
                    brand=row.brand,
                    model=row.mpn,
                    gtin=row.gtin,
                    description=row.description[:MAX_DESCRIPTION],
                    category=row.category,
                    currency=row.price_currency or "",
                    price=amount,
                )
            )
    return found


def _theirs(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for part in chunks(ids):
        prices = {row.item: row for row in connection.execute(lowest_prices().where(offers.c.item.in_(part)))}
        for row in connection.execute(select(items).where(items.c.id.in_(part))):
            price = prices.get(row.id)
            found[row.id] = _slim(
                Record(
                    ident=f"{row.site} {row.item} {row.variant}".strip(),
                    title=row.title,
                    brand=row.brand,
                    model=row.mpn,
                    gtin=row.gtin,
                    category=row.category,
                    currency=price.currency if price else "",
                    price=_amount(price.price_minor, price.currency) if price else 0.0,
                )
            )
    return found


def lowest_prices() -> Select[Any]:
    """The lowest price of each item that is offered now, in the currency that most of the world calls first."""
    said = observations.c
    return (
        select(
            offers.c.item.label("item"),
            func.min(said.price_minor).label("price_minor"),
            func.min(said.currency).label("currency"),
        )
        .join(observations, said.id == offers.c.observation)
        .where(~offers.c.gone, said.price_minor > 0)
        .group_by(offers.c.item)
    )


def _amount(minor: int | None, currency: str | None) -> float:
    """A price as a plain number: it is only ever compared as a ratio."""
    return float(Money(minor, Currency.of(currency)).amount) if minor and currency else 0.0


def _slim(record: Record) -> dict[str, Any]:
    return {name: value for name, value in asdict(record).items() if value}


def all_answers(connection: Connection) -> Iterator[Answer]:
    """Every answer, oldest first; one that was given before the item was ever seen gets the text that it has now."""
    place = (items.c.site, items.c.item.label("site_item"), items.c.variant)
    rows = connection.execute(select(answers, *place).join(items, items.c.id == answers.c.item).order_by(answers.c.id))
    told = rows.all()
    unseen = _theirs(connection, {row.item for row in told if not row.theirs.get("title")})
    for row in told:
        yield _answer(row, unseen)


def _answer(row: Row[Any], unseen: Mapping[int, dict[str, Any]]) -> Answer:
    return Answer(
        sku=row.sku,
        item=ItemKey(row.site, row.site_item, row.variant),
        said=row.said,
        kind=row.kind,
        factor=row.factor,
        probability=row.probability,
        by=row.by,
        at=row.at,
        ours=record_of(row.ours),
        theirs=record_of(row.theirs if row.theirs.get("title") else unseen.get(row.item, {})),
    )


def record_of(kept: Mapping[str, Any]) -> Record:
    """A record from what was kept of it."""
    return Record(**{"ident": "", "title": "", **kept})


def newest_texts(connection: Connection, pairs: Sequence[tuple[Sku, int]]) -> dict[tuple[Sku, int], dict[str, Any]]:
    """How their side looked when a person last answered, for each of these pairs that a person has answered."""
    found: dict[tuple[Sku, int], dict[str, Any]] = {}
    for part in chunks({item for _, item in pairs}):
        asked = select(answers.c.sku, answers.c.item, answers.c.theirs).where(answers.c.item.in_(part))
        for row in connection.execute(asked.order_by(answers.c.id)):
            found[row.sku, row.item] = row.theirs
    return found
