"""What the matching stage has seen: which items wait for the judge, and which have changed since it saw them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, delete, func, insert, select, update

from pricewatch.domain.match import MatchStatus
from pricewatch.domain.offer import Condition, Item, ItemKey
from pricewatch.domain.product import Sku
from pricewatch.ports import Waiting
from pricewatch.store.answers import newest_texts
from pricewatch.store.columns import chunks, money, plain
from pricewatch.store.readings import ITEM, item_key, read_item
from pricewatch.store.tables import indexed, items, judged, matches, observations, offers

TEXT = ("title", "brand", "gtin", "mpn")  # what an item is judged by
_ITEM = tuple(items.c[name] for name in ITEM)
_WORN = (Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX)


def waiting_ids(connection: Connection, judge: str) -> list[int]:
    """The rows of items that are offered and that this judge has not seen as they are, by site."""
    offered = select(offers.c.item).where(~offers.c.gone).distinct().subquery()
    source = items.join(offered, offered.c.item == items.c.id).outerjoin(judged, judged.c.item == items.c.id)
    unseen = judged.c.by.is_(None) | (judged.c.by != judge)
    asked = select(items.c.id).select_from(source).where(unseen).order_by(items.c.site, items.c.id)
    return list(connection.execute(asked).scalars())


def load_waiting(connection: Connection, ids: Sequence[int]) -> Iterator[Waiting]:
    """These items with their lowest price now, in the order of `ids`."""
    found: dict[int, Waiting] = {}
    for part in chunks(ids):
        asked = select(items.c.id, *_ITEM).where(items.c.id.in_(part))
        described = {row[0]: read_item(row[1:]) for row in connection.execute(asked)}
        for row in connection.execute(_prices(part)):
            price = money(row.price, row.currency)
            found[row.item] = Waiting(described[row.item], price, worn=row.offers == row.worn)
    yield from (found[row] for row in ids if row in found)


def _prices(ids: Sequence[int]) -> Select[Any]:
    said = observations.c
    worn = case((plain(said.condition).in_([condition.value for condition in _WORN]), 1), else_=0)
    usable = case((said.price_minor > 0, said.price_minor), else_=None)
    return (
        select(
            offers.c.item,
            func.min(usable).label("price"),
            func.min(said.currency).label("currency"),
            func.count().label("offers"),
            func.sum(worn).label("worn"),
        )
        .join(observations, said.id == offers.c.observation)
        .where(offers.c.item.in_(ids), ~offers.c.gone)
        .group_by(offers.c.item)
    )


def note_judged(connection: Connection, judge: str, ids: Collection[int]) -> None:
    """Remember that this judge has seen these items as they are now."""
    known: set[int] = set()
    for part in chunks(ids):
        known.update(connection.execute(select(judged.c.item).where(judged.c.item.in_(part))).scalars())
        connection.execute(update(judged).where(judged.c.item.in_(part)).values(by=judge, before=None))
    new = [{"item": item, "by": judge, "before": None} for item in ids if item not in known]
    if new:
        connection.execute(insert(judged), new)


def drop_stale(connection: Connection, ids: Iterable[int], kept: Collection[tuple[Sku, int]], automatic: str) -> int:
    """Forget what the judge had found of these items and does not find any more; returns how many pairs."""
    stale: list[int] = []
    for part in chunks(ids):
        asked = select(matches.c.id, matches.c.sku, matches.c.item).where(
            matches.c.item.in_(part), matches.c.decided_by == automatic, matches.c.method != DRIFT
        )
        stale += [row.id for row in connection.execute(asked) if (row.sku, row.item) not in kept]
    for part in chunks(stale):
        connection.execute(delete(matches).where(matches.c.id.in_(part)))
    return len(stale)


DRIFT = "drift"  # the method of a suggestion that was a person's answer until the page changed


def note_changes(connection: Connection, changed: Sequence[Mapping[str, Any]]) -> None:
    """Note that items (their rows as they were, with `id`) have another text now; the first of several changes counts.

    An item that had no text yet has not changed: a map had named it before it was seen.
    """
    told = [
        {"_item": row["id"], "before": {name: row[name] for name in TEXT}}
        for row in changed
        if row["title"] or row["gtin"]
    ]
    if told:
        unseen = (judged.c.item == bindparam("_item"), judged.c.before.is_(None))
        connection.execute(update(judged).where(*unseen).values(by="", before=bindparam("before")), told)


def changed_matches(connection: Connection) -> Iterator[tuple[Row[Any], Item, Item]]:
    """Accepted matches of items that have changed since: the match's row, the item as it was, and as it is."""
    source = matches.join(judged, judged.c.item == matches.c.item).join(items, items.c.id == matches.c.item)
    asked = (
        select(matches, judged.c.before, *(column.label(f"item_{column.name}") for column in _ITEM))
        .select_from(source)
        .where(matches.c.status == MatchStatus.ACCEPTED, judged.c.before.is_not(None))
        .order_by(matches.c.id)
    )
    rows = connection.execute(asked).all()
    answered = newest_texts(connection, [(row.sku, row.item) for row in rows])
    for row in rows:
        now = read_item([getattr(row, f"item_{name}") for name in ITEM])
        said = answered.get((row.sku, row.item), {})
        text = {**said, "mpn": said.get("model", "")} if said.get("title") else row.before
        yield row, Item(now.key, now.url, **{name: text.get(name, "") for name in TEXT}), now


def judge_again(connection: Connection, keys: Iterable[ItemKey] | None) -> None:
    """Let items, or all, wait for the judge once more."""
    if keys is None:
        connection.execute(update(judged).values(by=""))
        return
    for part in chunks(map(item_key, keys)):
        ids = select(items.c.id).where(items.c.key.in_(part))
        connection.execute(update(judged).where(judged.c.item.in_(ids)).values(by=""))


def index(connection: Connection, texts: Mapping[Sku, str]) -> None:
    """Replace the digests of products' texts, writing only what is another."""
    known = {row.sku: row.text for row in connection.execute(select(indexed))}
    for part in chunks(sku for sku in known if texts.get(sku) != known[sku]):
        connection.execute(delete(indexed).where(indexed.c.sku.in_(part)))
    new = [{"sku": sku, "text": text} for sku, text in texts.items() if known.get(sku) != text]
    if new:
        connection.execute(insert(indexed), new)
