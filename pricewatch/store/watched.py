"""What a plan reads is watched by the database itself: whoever changes it, by whatever way, `touched` says so.

A row names an item, a product, both, or neither (then everything is touched). Rows are only added, so that two who
write at once never wait for each other, and what is committed late is seen late but never lost. A table that a later
migration makes anew needs its triggers again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose change touches what: expressions over the row `{row}`, the columns that matter, and which rows do."""

    table: str
    columns: tuple[str, ...]
    item: str = "NULL"
    sku: str = "NULL"
    only: str = ""
    events: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")


_ITEM_OF_READING = (
    "(SELECT offers.item FROM observations JOIN offers ON offers.id = observations.offer"
    " WHERE observations.id = {row}.observation)"
)
_MONEY = ("price", "cost", "floor", "ceiling", "rrp", "map_price")
_PRODUCT = ("position", "name", "tax", "stock", "kvi", "brand", "category", "supplier", "tags", "custom")
WATCHED = (
    Watch("offers", ("item", "seller", "observation", "gone"), item="{row}.item"),
    Watch("items", ("site",), item="{row}.id", events=("UPDATE",)),
    Watch("quarantine", ("observation", "released_at"), item=_ITEM_OF_READING),
    Watch("matches", ("sku", "item", "status", "kind", "factor"), item="{row}.item", sku="{row}.sku"),
    Watch(
        "products",
        (*_PRODUCT, *(f"{name}_{part}" for name in _MONEY for part in ("minor", "currency"))),
        sku="{row}.sku",
    ),
    Watch("withdrawn", ("sku",), sku="{row}.sku"),
    Watch("freezes", ("sku", "until"), sku="{row}.sku"),
    Watch("price_entries", ("gross_minor", "currency", "valid_from", "prior_minor"), sku="{row}.sku"),
    Watch(
        "own_prices",
        ("sku", "price_group", "channel", "currency", "gross_minor", "since", "source", "announced"),
        sku="{row}.sku",
        only="{row}.channel = ''",
    ),
    Watch("sales", ("sku", "sold_at", "units"), sku="{row}.sku"),
    Watch("exchange_rates", ("base", "quote", "day", "rate_micros", "source")),
)


def watch(connection: Connection) -> None:
    """Put the triggers on all watched tables."""
    sqlite = connection.dialect.name == "sqlite"
    for each in WATCHED:
        for event in each.events:
            for statement in _sqlite(each, event) if sqlite else _postgresql(each, event):
                connection.execute(text(statement))


def _notes(watch: Watch, event: str) -> str:
    """The statements that note the row as it was, and as it is."""
    rows = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[event]
    values = dict.fromkeys((watch.item.format(row=row), watch.sku.format(row=row)) for row in rows)
    return " ".join(f"INSERT INTO touched (item, sku) VALUES ({item}, {sku});" for item, sku in values)  # noqa: S608


def _condition(watch: Watch, event: str, differs: str) -> str:
    row = "OLD" if event == "DELETE" else "NEW"
    changed = [f"({' OR '.join(differs.format(name=name) for name in watch.columns)})"] if event == "UPDATE" else []
    wanted = [*changed, *([watch.only.format(row=row)] if watch.only else [])]
    return f" WHEN ({' AND '.join(wanted)})" if wanted else ""


def _sqlite(watch: Watch, event: str) -> Iterator[str]:
    when = _condition(watch, event, "OLD.{name} IS NOT NEW.{name}")
    name = f"touched_{watch.table}_{event.lower()}"
    yield f"CREATE TRIGGER {name} AFTER {event} ON {watch.table}{when} BEGIN {_notes(watch, event)} END"


def _postgresql(watch: Watch, event: str) -> Iterator[str]:
    when = _condition(watch, event, "OLD.{name} IS DISTINCT FROM NEW.{name}")
    name = f"touched_{watch.table}_{event.lower()}"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_notes(watch, event)} RETURN NULL; END $$"
    )
    yield f"CREATE TRIGGER {name} AFTER {event} ON {watch.table} FOR EACH ROW{when} EXECUTE FUNCTION {name}()"
