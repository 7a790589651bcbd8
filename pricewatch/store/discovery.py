"""How pages are found and lost: what was searched for, and which pages are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, select, update

from pricewatch.domain.match import MatchStatus
from pricewatch.domain.offer import ItemKey, Verdict
from pricewatch.domain.product import Sku
from pricewatch.ports import Search, Target
from pricewatch.store.answers import BY_A_PERSON
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.tables import items, judged, matches, offers, retired, searches, targets
from pricewatch.store.targets import read_target, retired_at, target_key


class SqlDiscovery:
    """Searches and retired pages in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def searched(self, site: str) -> Mapping[Sku, Search]:
        """The last search for each product on a site."""
        with self._database.read() as connection:
            rows = connection.execute(select(searches).where(searches.c.site == site))
            return {row.sku: Search(row.site, row.sku, row.words, row.at, row.found) for row in rows}

    def note(self, found: Sequence[Search]) -> None:
        """Remember searches; the newest of a product on a site counts."""
        rows = [
            {"site": one.site, "sku": one.sku, "words": one.words, "at": one.at, "found": one.found} for one in found
        ]
        with self._database.write() as connection:
            for one in found:
                connection.execute(delete(searches).where(searches.c.site == one.site, searches.c.sku == one.sku))
            if rows:
                connection.execute(insert(searches), rows)

    def idle(self, site: str) -> frozenset[str]:
        """The addresses of pages that were read, and on which nothing is matched or waits for an answer."""
        shown = offers.c.target == targets.c.id
        wanted = exists().where(shown, matches.c.item == offers.c.item, matches.c.status != MatchStatus.REJECTED)
        unseen = judged.c.by.is_(None) | judged.c.by.in_(("", BY_A_PERSON))
        waits = exists(
            select(offers.c.id).outerjoin(judged, judged.c.item == offers.c.item).where(shown, ~offers.c.gone, unseen)
        )
        asked = select(targets.c.url).where(
            targets.c.site == site, targets.c.sku.is_(None), targets.c.seen_at.is_not(None), ~wanted, ~waits
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(asked).scalars())

    def bound(self) -> tuple[tuple[Sku, ItemKey, str], ...]:
        """The items on pages that somebody has bound to a product, with the page's address: those alone on theirs."""
        alone = select(offers.c.target).where(~offers.c.gone).group_by(offers.c.target)
        alone = alone.having(func.count(offers.c.item.distinct()) == 1)
        asked = (
            select(targets.c.sku, items.c.site, items.c.item, items.c.variant, targets.c.url)
            .join(offers, offers.c.target == targets.c.id)
            .join(items, items.c.id == offers.c.item)
            .where(targets.c.sku.is_not(None), ~offers.c.gone, targets.c.id.in_(alone))
            .distinct()
        )
        with self._database.read() as connection:
            return tuple((row[0], ItemKey(*row[1:4]), row[4]) for row in connection.execute(asked))

    def retire(self, failures: int, *, until: datetime) -> tuple[Target, ...]:
        """Leave pages alone until then that were gone so many times in a row; returns those that are newly retired,
        each with the product that was matched to it.
        """
        now = self._database.now()
        gone = (targets.c.verdict == Verdict.GONE, targets.c.failures >= failures, ~retired_at(now))
        matched: dict[int, Sku] = {}
        with self._database.write() as connection:
            found = connection.execute(select(targets).where(*gone).order_by(targets.c.id)).all()
            for part in chunks(row.id for row in found):
                connection.execute(delete(retired).where(retired.c.target.in_(part)))
                connection.execute(insert(retired), [{"target": row, "since": now, "until": until} for row in part])
                matched |= {row[0]: row[1] for row in connection.execute(_matched(part))}
        return tuple(replace(read_target(row), sku=row.sku or matched.get(row.id)) for row in found)

    def revive(self, wanted: Sequence[Target]) -> int:
        """Read retired pages again; returns how many were retired."""
        count = 0
        with self._database.write() as connection:
            for part in chunks(map(target_key, wanted)):
                ids = select(targets.c.id).where(targets.c.key.in_(part))
                among = exists().where(retired.c.target == targets.c.id)
                connection.execute(
                    update(targets).where(targets.c.key.in_(part), among).values(failures=0, due_at=None)
                )
                count += connection.execute(delete(retired).where(retired.c.target.in_(ids))).rowcount
        return count


def _matched(pages: Sequence[int]) -> Select[Any]:
    """The product of each of these pages, by its accepted matches: the first by name."""
    return (
        select(offers.c.target, func.min(matches.c.sku))
        .join(matches, matches.c.item == offers.c.item)
        .where(offers.c.target.in_(pages), matches.c.status == MatchStatus.ACCEPTED)
        .group_by(offers.c.target)
    )
