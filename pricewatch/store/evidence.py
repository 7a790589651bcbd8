"""Pages that readings rest on: compressed, by their hash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import zstandard
from sqlalchemy import Connection, delete, exists, insert, select, update

from pricewatch.ports import KeptPage
from pricewatch.store.columns import chunks
from pricewatch.store.tables import evidence, observations, offers

LEVEL = 3  # a tenth larger than at 6, in a third of the time


def save(connection: Connection, pages: Mapping[str, KeptPage], now: datetime) -> None:
    """Keep pages; those that are known already only count as fresh again."""
    known: set[str] = set()
    for part in chunks(pages):
        same = evidence.c.page_hash.in_(part)
        known |= set(connection.execute(select(evidence.c.page_hash).where(same)).scalars())
        connection.execute(update(evidence).where(same).values(saved_at=now))
    packer = zstandard.ZstdCompressor(level=LEVEL)
    rows = [_row(page, packer.compress(page.body), now) for key, page in pages.items() if key not in known]
    if rows:
        connection.execute(insert(evidence), rows)


def _row(page: KeptPage, packed: bytes, now: datetime) -> dict[str, object]:
    return {"page_hash": page.page_hash, "body": packed, "saved_at": now, "content_type": page.content_type}


def load(connection: Connection, page_hash: str) -> KeptPage | None:
    """The page as it was saved."""
    asked = select(evidence.c.body, evidence.c.content_type).where(evidence.c.page_hash == page_hash)
    row = connection.execute(asked).first()
    return row and KeptPage(page_hash, zstandard.ZstdDecompressor().decompress(row.body), row.content_type)


def prune(connection: Connection, before: datetime) -> int:
    """Delete pages saved before `before` that no current offer rests on."""
    needed = exists().where(
        observations.c.page_hash == evidence.c.page_hash,
        offers.c.id == observations.c.offer,
        offers.c.observation == observations.c.id,
        ~offers.c.gone,
    )
    return connection.execute(delete(evidence).where(evidence.c.saved_at < before, ~needed)).rowcount
