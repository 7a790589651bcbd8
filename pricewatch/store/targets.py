"""The pages that are read again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, exists, func, insert, select, update

from pricewatch.domain.money import Currency, Money
from pricewatch.ports import ImportCount, PageGroup, Target
from pricewatch.store.columns import chunks, digest
from pricewatch.store.tables import observations, offers, retired, targets


def target_key(target: Target) -> str:
    """The key of a target's row."""
    return digest(target.site, target.url)


def save_targets(connection: Connection, wanted: Sequence[Target]) -> ImportCount:
    """Insert targets that are new; of a known one only the product it is bound to can change here."""
    by_key = {target_key(target): target for target in wanted}
    known: dict[str, str | None] = {}
    for part in chunks(by_key):
        rows = connection.execute(select(targets.c.key, targets.c.sku).where(targets.c.key.in_(part)))
        known |= {row.key: row.sku for row in rows}
    new = [_row(key, target) for key, target in by_key.items() if key not in known]
    bound = [
        {"_key": key, "sku": by_key[key].sku}
        for key, sku in known.items()
        if by_key[key].sku is not None and by_key[key].sku != sku
    ]
    if new:
        connection.execute(insert(targets), new)
    if bound:
        connection.execute(update(targets).where(targets.c.key == bindparam("_key")), bound)
    return ImportCount(len(new), len(bound), len(by_key) - len(new) - len(bound))


def retired_at(now: datetime) -> ColumnElement[bool]:
    """The condition that a target is retired at `now`."""
    return exists().where(retired.c.target == targets.c.id, retired.c.until > now)


def load_targets(connection: Connection, site: str | None, due: datetime | None, now: datetime) -> tuple[Target, ...]:
    """Targets by site and age, without those that are retired; `due` leaves out those whose time has not come."""
    asked = select(targets).where(~retired_at(now)).order_by(targets.c.site, targets.c.id)
    if site is not None:
        asked = asked.where(targets.c.site == site)
    if due is not None:
        asked = asked.where(targets.c.due_at.is_(None) | (targets.c.due_at <= due))
    prices = _last_prices(connection, site) if due is not None else {}
    return tuple(replace(read_target(row), price=prices.get(row.id)) for row in connection.execute(asked))


def page_groups(connection: Connection, now: datetime) -> tuple[PageGroup, ...]:
    """Pages by site and state, without those that are retired."""
    said = targets.c
    changed, failing = case((said.changed_at.is_not(None), 1), else_=0), case((said.failures > 0, 1), else_=0)
    alike = (said.site, said.verdict, changed, failing, said.message)
    asked = select(*alike, func.count(), func.max(said.seen_at)).where(~retired_at(now)).group_by(*alike)
    return tuple(
        PageGroup(site, verdict, bool(had), bool(fails), message, count, seen)
        for site, verdict, had, fails, message, count, seen in connection.execute(asked)
    )


def _last_prices(connection: Connection, site: str | None) -> dict[int, Money]:
    """An accepted price of each target that has offers now, as last seen, by the target's row."""
    told = observations.c
    asked = (
        select(offers.c.target, told.currency, func.max(told.price_minor).label("minor"))
        .join(observations, told.id == offers.c.observation)
        .where(~offers.c.gone, ~told.doubtful, told.price_minor.is_not(None))
        .group_by(offers.c.target, told.currency)
    )
    if site is not None:
        asked = asked.join(targets, targets.c.id == offers.c.target).where(targets.c.site == site)
    found = connection.execute(asked)
    return {row.target: Money(row.minor, Currency.of(row.currency)) for row in found if row.target is not None}


def _row(key: str, target: Target) -> dict[str, Any]:
    return {"key": key, "site": target.site, "url": target.url, "sku": target.sku, "due_at": target.due_at}


def read_target(row: Row[Any]) -> Target:
    """A target from its row."""
    return Target(
        site=row.site,
        url=row.url,
        sku=row.sku,
        etag=row.etag,
        last_modified=row.last_modified,
        seen_at=row.seen_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
        verdict=row.verdict,
        failures=row.failures,
        message=row.message,
        reader=row.reader,
    )
