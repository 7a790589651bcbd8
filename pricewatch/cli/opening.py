"""Open the shop for a command: configuration, database and what is built on them; the lock where it changes things."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pricewatch.cli.call import Call

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.ports import Store

_TABLES_WAIT = 30.0


@contextmanager
def opened(call: Call) -> Iterator[App]:
    """Build the App for reading; a database without tables gets them, and output turns to the shop's time zone."""
    from pricewatch.bootstrap import open_app

    with open_app(call.config, progress=call.progress) as app:
        call.out.zone = ZoneInfo(app.bench.groups[0].timezone)
        _make_tables(app.bench.store)
        _settle()
        yield app


def _settle() -> None:
    """From here on there is work, of which waste may come: the collector looks again, not at what was loaded."""
    if not gc.get_freeze_count():
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)


def _make_tables(store: Store) -> None:
    """Make the tables of a new database; an older one is left for `db upgrade`, which a person starts."""
    if not store.revision()[0]:
        from pricewatch.pipeline.holding import hold

        with hold(store, wait=_TABLES_WAIT):
            store.upgrade()


@contextmanager
def locked(call: Call) -> Iterator[App]:
    """Build the App and hold the lock; raises Locked (exit code 5) when another process keeps it beyond --wait."""
    from pricewatch.pipeline.holding import hold

    with opened(call) as app, hold(app.bench.store, wait=call.wait):
        app.bench.store.runs.interrupt_unfinished(at=app.bench.clock.now())
        yield app


@contextmanager
def database(call: Call) -> Iterator[Store]:
    """Open the database alone, whatever revision it has."""
    from pricewatch.bootstrap import open_store
    from pricewatch.config import load

    config = load(call.config)
    call.out.zone = ZoneInfo(config.shop.timezone)
    store = open_store(config)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def locked_store(call: Call) -> Iterator[Store]:
    """Open the database alone and hold the lock."""
    from pricewatch.pipeline.holding import hold

    with database(call) as store, hold(store, wait=call.wait):
        yield store
