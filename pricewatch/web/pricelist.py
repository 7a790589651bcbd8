"""The price list as the server knows it: read once a version, and every answer from one moment of it."""

from __future__ import annotations

import re
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pricewatch.domain.decision import PriceEntry, PriceList
from pricewatch.domain.product import Sku
from pricewatch.pipeline.finding import Finder
from pricewatch.ports import Clock, Store
from pricewatch.web.answering import pack
from pricewatch.web.rendering import Changes, digest, render

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FRESH = 1.0  # seconds for which the newest version's number is believed
CATALOGUE_FRESH = 30.0  # seconds for which names and stock are believed
RARE = 20.0  # times as long as reading them takes
HASH = 8  # letters of a version's hash in a cursor
_CURSOR = re.compile(rf"(\d{{1,18}})(?:-([0-9a-f]{{{HASH}}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A version of the price list as a puller names it: its number and the beginning of its hash, if it knows that.

    The hash tells it from the version of the same number that another history has; nothing is known by a number alone.
    """

    version: int
    hash: str = ""

    @staticmethod
    def of(head: PriceList | None) -> Cursor:
        """The cursor of a version; 0 before the first one."""
        return Cursor(head.version, head.hash[:HASH]) if head else Cursor(0)

    @staticmethod
    def read(text: str) -> Cursor | None:
        """Read `41` or `41-3f1c9a2b`; None when it is neither."""
        found = _CURSOR.fullmatch(text)
        return Cursor(int(found[1]), found[2] or "") if found else None

    def __str__(self) -> str:
        return f"{self.version}-{self.hash}" if self.hash else str(self.version)


@dataclass(frozen=True, slots=True)
class Listed:
    """A group's price list of one version: by SKU, the oldest first, and when announced reductions begin and end."""

    cursor: Cursor
    entries: Mapping[Sku, PriceEntry]
    by_version: tuple[PriceEntry, ...]
    turns: tuple[datetime, ...]

    @staticmethod
    def of(cursor: Cursor, entries: Mapping[Sku, PriceEntry]) -> Listed:
        """Sort what a version says."""
        told = sorted(at for entry in entries.values() for at in turns_of(entry))
        return Listed(cursor, entries, tuple(sorted(entries.values(), key=_version)), tuple(told))

    def since(self, version: int) -> tuple[PriceEntry, ...]:
        """The entries of later versions."""
        return self.by_version[bisect_right(self.by_version, version, key=_version) :]


def turns_of(entry: PriceEntry) -> Iterator[datetime]:
    """When the reduction that an entry announces begins and ends: its prior price is told from then on, or no more."""
    if entry.announcement is not None:
        yield entry.announcement.starts
        if entry.announcement.ends is not None:
            yield entry.announcement.ends


def _version(entry: PriceEntry) -> int:
    return entry.version


@dataclass(frozen=True, slots=True)
class Moment:
    """A group's price list at one moment; `stamp` is another one whenever the whole list says something else."""

    at: datetime
    listed: Listed
    gone: frozenset[Sku]

    @property
    def version(self) -> int:
        """The version that it is complete for, and has nothing newer of."""
        return self.listed.cursor.version

    @property
    def stamp(self) -> str:
        """The cursor, what was withdrawn, and how many announced reductions have begun or ended."""
        turned = bisect_right(self.listed.turns, self.at)
        return (
            f"{self.listed.cursor}" + (f".{digest(self.gone)}" if self.gone else "") + (f"+{turned}" if turned else "")
        )

    def offered(self) -> Mapping[Sku, PriceEntry]:
        """The entries of what is in the catalogue."""
        entries = self.listed.entries
        return {sku: e for sku, e in entries.items() if sku not in self.gone} if self.gone else entries

    def turned(self, since: datetime) -> Iterator[PriceEntry]:
        """The entries whose prior price is told, or told no more, since a time."""
        turns = self.listed.turns
        if bisect_right(turns, since) < bisect_right(turns, self.at):
            entries = self.listed.entries.values()
            yield from (entry for entry in entries if any(since < at <= self.at for at in turns_of(entry)))


@dataclass(slots=True)
class Prices:
    """The price list of every group, rendered once a stamp."""

    store: Store
    groups: tuple[str, ...]
    clock: Clock
    fresh: float = FRESH
    _checked: float = 0.0
    _newest: Cursor = Cursor(0)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _loading: threading.Lock = field(default_factory=threading.Lock)
    _listed: dict[str, Listed] = field(default_factory=dict)
    _bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _packed: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _gone: tuple[float, frozenset[Sku]] | None = None
    _finding: threading.Lock = field(default_factory=threading.Lock)
    _finder: Finder | None = None
    _again: float = 0.0

    def newest(self, *, now: bool = False) -> Cursor:
        """The newest version, at most a second old, or the one of `now`."""
        with self._guard:
            at = time.monotonic()
            if now or not self._checked or at - self._checked > self.fresh:
                self._newest = Cursor.of(next(iter(self.store.prices.versions(limit=1)), None))
                self._checked = at
            return self._newest

    def moment(self, group: str) -> Moment:
        """A group's price list now; everything in one answer has to come from the same one."""
        return Moment(self.clock.now(), self._of(group, self.newest()), self._withdrawn())

    def _of(self, group: str, cursor: Cursor) -> Listed:
        """Read a version once, whoever asks; entries of a newer one that was written meanwhile stay out."""
        with self._loading:
            kept = self._listed.get(group)
            if kept is None or kept.cursor != cursor:
                kept = Listed.of(cursor, self.store.prices.current(group, until=cursor.version))
                self._listed[group] = kept
            return kept

    def changed(self, group: str, since: Cursor) -> Changes | None:
        """What a puller that has version `since` does not know yet; what it may know already is said once more. None
        = there is no such version: the list is not the one that the puller knows. A number alone may be that of another
        list's version, from before a restored backup: whoever says no more gets everything.
        """
        head = self.store.prices.head(since.version)
        if since.version and (head is None or not head.hash.startswith(since.hash)):
            return None
        since, head = (since, head) if since.hash else (Cursor(0), None)
        if since.version > self.newest().version:
            self.newest(now=True)
        moment, written = self.moment(group), head.created_at if head else EPOCH
        gone, back = self.store.catalogue.moves(written)
        entries = moment.listed.entries
        news = {entry.sku: entry for entry in moment.listed.since(since.version)}
        news |= {entry.sku: entry for entry in moment.turned(written)}
        news |= {sku: entries[sku] for sku in back if sku in entries}
        prices = tuple(news[sku] for sku in sorted(news) if sku not in gone)
        return Changes(str(moment.listed.cursor), moment.at, prices, tuple(sorted(gone & entries.keys())))

    def _withdrawn(self) -> frozenset[Sku]:
        kept, now = self._gone, time.monotonic()
        if kept is None or now - kept[0] > self.fresh:
            kept = now, self.store.catalogue.withdrawn()
            self._gone = kept
        return kept[1]

    def body(self, group: str) -> tuple[str, bytes]:
        """The whole list of a group as JSON, and its stamp."""
        moment = self.moment(group)
        kept = self._bodies.get(group)
        if kept is None or kept[0] != moment.stamp:
            kept = moment.stamp, render(str(moment.listed.cursor), group, moment.offered().values(), moment.at)
            self._bodies[group] = kept
        return kept

    def packed(self, group: str, stamp: str, body: bytes) -> bytes:
        """The compressed form of `body`, made once a stamp."""
        kept = self._packed.get(group)
        if kept is None or kept[0] != stamp:
            kept = stamp, pack(body)
            self._packed[group] = kept
        return kept[1]

    def finder(self) -> Finder:
        """The catalogue to search in, at most half a minute old; of a big one so old that reading it is rare work."""
        with self._finding:
            began = time.monotonic()
            if self._finder is None or began > self._again:
                self._finder = Finder(self.store.catalogue.load().products)
                self._finder.find("?")
                ended = time.monotonic()
                self._again = ended + max(CATALOGUE_FRESH, RARE * (ended - began))
            return self._finder
