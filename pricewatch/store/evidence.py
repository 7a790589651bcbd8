"""Pages that readings rest on: compressed, by their hash."""

from __future__ import annotations

from datetime import datetime

import zstandard
from sqlalchemy import Connection, delete, exists, insert, select, update

from pricewatch.store.tables import evidence, observations, offers


def saved_since(connection: Connection, page_hash: str, since: datetime) -> bool:
    """Whether a page is kept and was saved, or seen again, since then."""
    asked = select(evidence.c.page_hash).where(evidence.c.page_hash == page_hash, evidence.c.saved_at >= since)
    return connection.execute(asked).first() is not None


def save(connection: Connection, page_hash: str, body: bytes, now: datetime) -> None:
    """Keep a page; one that is known already only counts as fresh again."""
    same = evidence.c.page_hash == page_hash
    if connection.execute(update(evidence).where(same).values(saved_at=now)).rowcount:
        return
    packed = zstandard.ZstdCompressor(level=6).compress(body)
    connection.execute(insert(evidence).values(page_hash=page_hash, body=packed, saved_at=now))


def load(connection: Connection, page_hash: str) -> bytes | None:
    """The page as it was saved."""
    packed = connection.execute(select(evidence.c.body).where(evidence.c.page_hash == page_hash)).scalar()
    return None if packed is None else zstandard.ZstdDecompressor().decompress(packed)


def prune(connection: Connection, before: datetime) -> int:
    """Delete pages saved before `before` that no current offer rests on."""
    needed = exists().where(
        observations.c.page_hash == evidence.c.page_hash,
        offers.c.id == observations.c.offer,
        offers.c.observation == observations.c.id,
        ~offers.c.gone,
    )
    return connection.execute(delete(evidence).where(evidence.c.saved_at < before, ~needed)).rowcount
