"""What changed in a feed since a full one that portals have: a second, small file, and a note what it is of.

The note says since when changes are counted. Whoever took the full feed after that moment puts the delta on top of it;
whoever took it before takes the full one again. The delta holds today's values, so that it may be put on top twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pricewatch.channels.filing import beside, pack, put, settle
from pricewatch.domain.product import Sku

if TYPE_CHECKING:
    from pricewatch.channels.feed import FeedItem

Check = Callable[[Path, Iterable["FeedItem"]], None]
"""Reads a new file back and raises ChannelRefused when something else stands there than was meant."""


def delta_file(full: Path) -> Path:
    """The file of what changed since a full feed."""
    return full.with_name(f"{full.stem}.delta{full.suffix}")


def delta_note(full: Path) -> Path:
    """The file that says what the delta is of."""
    return full.with_name(f"{full.stem}.delta.json")


class Delta:
    """The delta beside a feed file `shop.xml`: `shop.delta.xml`, its note `shop.delta.json`, and `.shop.xml.base`.

    After `hours` the changes are counted anew, from the full feed of that moment on.
    """

    def __init__(self, full: Path, hours: int, now: Callable[[], datetime], *, compressed: bool) -> None:
        self._full = full
        self._file = delta_file(full)
        self._note = delta_note(full)
        self._base = full.with_name(f".{full.name}.base")
        self._lasts = timedelta(hours=hours)
        self._now = now
        self._compressed = compressed

    def due(self) -> bool:
        """Whether it has to be written although the full feed stays as it is."""
        since, _ = self._read_base()
        return since is None or self._over(since) or not self._file.exists() or not self._note.exists()

    def write(
        self, items: Iterable[FeedItem], write: Callable[[BinaryIO, Iterable[FeedItem]], None], check: Check
    ) -> None:
        """Write what changed, before the full feed takes its place: a delta may be newer than the full one, never
        older.
        """
        since, base = self._read_base()
        anew = since is None or self._over(since)
        now = {item.product.sku: _digest(item) for item in items}
        counted = self._now() if since is None or anew else since
        changed = set() if anew else {sku for sku, digest in now.items() if base.get(sku) != digest}
        gone = [] if anew else sorted(base.keys() - now.keys())

        def some() -> Iterator[FeedItem]:
            return (item for item in items if item.product.sku in changed)

        with beside(self._file) as (stream, fresh):
            write(stream, list(some()))
            settle(stream)
            check(fresh, some())
            if self._compressed:
                pack(fresh, self._file.with_name(f"{self._file.name}.gz"))
            put(fresh, self._file)
        self._put_note(counted, len(changed), gone)
        if anew:
            self._put_base(counted, now)

    def _over(self, since: datetime) -> bool:
        return self._now() - since >= self._lasts

    def _put_note(self, since: datetime, items: int, gone: list[Sku]) -> None:
        said = {"since": since.isoformat(), "written": self._now().isoformat(), "items": items, "removed": gone}
        with beside(self._note) as (stream, fresh):
            stream.write(json.dumps(said, ensure_ascii=False, indent=1).encode())
            settle(stream)
            put(fresh, self._note)

    def _put_base(self, since: datetime, digests: dict[Sku, str]) -> None:
        with beside(self._base) as (stream, fresh):
            stream.write(f"{since.isoformat()}\n".encode())
            stream.writelines(f"{digest} {json.dumps(sku)}\n".encode() for sku, digest in digests.items())
            settle(stream)
            put(fresh, self._base)

    def _read_base(self) -> tuple[datetime | None, dict[Sku, str]]:
        """Since when changes are counted, and how every item looked then; None when that is not known any more."""
        try:
            head, *lines = self._base.read_text("utf-8").splitlines()
            since = datetime.fromisoformat(head)
            known = {json.loads(sku): digest for digest, sku in (line.split(" ", 1) for line in lines)}
        except (OSError, ValueError):
            return None, {}
        return since.astimezone(UTC), known


def _digest(item: FeedItem) -> str:
    """How an item looks: everything that any feed may say of it."""
    product = item.product
    said = (
        product.sku, product.name, product.stock, product.brand, product.gtin, product.mpn, product.category,
        product.url, product.image_url, product.description, sorted(product.custom.items()), item.price, item.regular,
        item.sale_dates, item.tax, item.terms, item.delivery,
    )  # fmt: skip
    return blake2b(repr(said).encode(errors="replace"), digest_size=12).hexdigest()
