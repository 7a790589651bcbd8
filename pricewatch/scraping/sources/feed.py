"""A feed as a site: one file holds all offers, which are stored as if each part of it were a page.

The file is one target, and so is each part: items are spread over parts by a hash of their key, so that an item stays
in its part. A part whose rows say what they said before counts as not modified; one that was read whole tells which of
its offers are gone. A file that is cut off, or has lost most of its rows, makes nothing gone: what it leaves out only
ages.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pricewatch.domain.errors import ConfigError, FetchError, FetchErrorKind, SetAside
from pricewatch.domain.offer import Condition, Observation, Verdict
from pricewatch.domain.product import Product
from pricewatch.ports import KeptPage, Lead, Sighting, Target
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.scratch import scratch
from pricewatch.scraping.sighting import EARLY, contradiction, failed
from pricewatch.scraping.sources.base import STAGE, Surroundings
from pricewatch.scraping.sources.download import download
from pricewatch.scraping.sources.reading import Row, Terms, finding_of
from pricewatch.scraping.sources.rows import Layout
from pricewatch.scraping.sources.settings import TOKEN, FeedSettings
from pricewatch.scraping.sources.sorting import Part, Sorted, Trouble, parts_for, parts_on, sort_feed
from pricewatch.scraping.sources.unpack import Limits
from pricewatch.wire import Bounds

KEPT = 1_000_000  # bytes up to which a feed's file is kept as evidence; of larger ones each row keeps its own cells
LONG = timedelta(days=365)
UNKNOWN = 100  # one row in so many may be without a known item before the feed counts as cut off
_LARGE = "raise source.max_download_bytes if it is really so large"
_AS_NEW = frozenset({Condition.NEW.value, Condition.UNKNOWN.value})
_TORN = "the feed asks {} prices for this one item; columns.variant, or another key, tells its rows apart"
_PART = re.compile(r"#part=(\d+)/(\d+)$")
_ETAG = re.compile(r"(\d+)-[0-9a-f]{32}-\w*")


@dataclass(frozen=True, slots=True)
class _File:
    """The feed's file as it was got, and what tells it from its next version."""

    path: Path
    name: str
    etag: str = ""
    last_modified: str = ""


class FeedSource:
    """Reads a feed from the web or a local file."""

    def __init__(self, settings: FeedSettings, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._address = settings.url or f"file:{settings.path.name if settings.path else ''}"
        self._pool = ParserPool(1, settings.timeout)

    async def discover(self) -> Sequence[Target | SetAside]:
        """The feed itself is the one target to start from."""
        return (Target(self._around.site.name, self._address),)

    def search_address(self, product: Product) -> str:  # noqa: ARG002 a feed is read as a whole
        """A feed is not asked for single products: all that it has is read."""
        return ""

    async def search(self, address: str) -> Sequence[Lead] | SetAside:  # noqa: ARG002
        """A feed is not asked for single products."""
        return ()

    def close(self) -> None:
        """Stop the reading process."""
        self._pool.close()

    async def crawl(self, targets: Sequence[Target], ends: float) -> AsyncIterator[Sighting]:  # noqa: ARG002
        """Read the feed if it is among the targets; the time that this may take is the source's own."""
        heads = [target for target in targets if target.url == self._address]
        known = {target.url: target for target in targets if target.url != self._address}
        for head in heads[:1]:
            with scratch() as folder:
                async for sighting in self._read(head, known, folder):
                    yield sighting

    async def _read(self, head: Target, known: dict[str, Target], folder: Path) -> AsyncIterator[Sighting]:
        now = self._around.clock.now()
        try:
            file = await self._get(head, known, folder)
            report = await self._sort(file, folder, now) if file else None
        except (FetchError, ConfigError, OSError) as error:
            yield self._failed(head, error, now)
            return
        if file is None:
            for sighting in self._unchanged(head, known, now):
                yield sighting
        elif report is None or not report.rows:
            yield self._failed(head, _empty(report), now)
        else:
            if head.etag or head.last_modified:  # until all of it is stored it is not what was read last
                yield Sighting(replace(head, etag="", last_modified="", seen_at=now), Verdict.LISTING)
            async for sighting in self._parts(file, report, known, folder, now):
                yield sighting
            for trouble in report.troubles:
                yield Sighting(head, None, set_aside=self._trouble(trouble))
            yield self._closing(head, file, report, known, now)

    # --- getting the file ---

    async def _get(self, head: Target, known: dict[str, Target], folder: Path) -> _File | None:
        """The file; None when it is the same as last time."""
        fresh = head.verdict is Verdict.LISTING and not head.failures and bool(known)
        if self._settings.path:
            stat = self._settings.path.stat()
            stamp = f'"{stat.st_mtime_ns}-{stat.st_size}"'
            same = fresh and head.etag == stamp
            return None if same else _File(self._settings.path, self._settings.path.name, stamp)
        path = folder / "feed"
        conditions = {"if-none-match": head.etag, "if-modified-since": head.last_modified} if fresh else {}
        headers = {name: value for name, value in conditions.items() if value and value.isprintable()}
        settings, around = self._settings, self._around
        token = settings.token.reveal() if settings.token else ""
        try:
            reply = await download(
                around.fetcher,
                around.site,
                settings.url.replace(TOKEN, token),
                path,
                headers={"accept": "*/*", "accept-encoding": "gzip", **headers},
                secret=self._secrets(),
                bounds=Bounds(settings.timeout, settings.max_download_bytes, settings.max_bytes),
                hops=around.settings.max_redirects,
            )
        except FetchError as error:
            raise self._discreet(error, token) from None
        if reply.status == 304:
            return None
        name = settings.url.partition("?")[0].replace(TOKEN, "").rstrip("/").rpartition("/")[2][:60] or "feed"
        return _File(path, name, reply.headers.get("etag", ""), reply.headers.get("last-modified", ""))

    def _secrets(self) -> dict[str, str]:
        settings = self._settings
        found = {name.lower(): secret.reveal() for name, secret in settings.headers.items()}
        if settings.password:
            pair = f"{settings.user}:{settings.password.reveal()}"
            found["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
        return found

    def _discreet(self, error: FetchError, token: str) -> FetchError:
        """The same error without the secret in the address."""
        words = error.message.replace(token, "***") if token else error.message
        return FetchError(
            words,
            kind=error.kind,
            where=self._address,
            hint=_LARGE if error.kind is FetchErrorKind.TOO_LARGE else error.hint,
            status=error.status,
            retry_after=error.retry_after,
        )

    async def _sort(self, file: _File, folder: Path, now: datetime) -> Sorted:
        settings, context = self._settings, self._around.site.context()
        layout = Layout(
            settings.format, settings.rows, settings.encoding, settings.delimiter, settings.header, settings.columns
        )
        terms = Terms(
            file.name, settings.columns, settings.decimal, settings.key, settings.condition, context.seller,
            context.currency, context.locale, now,
        )  # fmt: skip
        shelves = folder / "shelves"
        shelves.mkdir()
        limits = Limits(settings.max_bytes, settings.max_ratio, settings.max_rows, settings.max_cell)
        return await self._pool.run(sort_feed, file.path, shelves, layout, terms, limits)

    # --- what was read ---

    async def _parts(
        self, file: _File, report: Sorted, known: dict[str, Target], folder: Path, now: datetime
    ) -> AsyncIterator[Sighting]:
        """The parts one after the other, then those of an earlier division, which have nothing of their own left."""
        count = parts_for(report.rows, max((_divided(url) for url in known), default=0))
        whole = not self._doubt(report, known) and self._settings.complete
        page_hash = await asyncio.to_thread(_hash, file.path)
        kept = self._kept(file, page_hash)
        for part in parts_on(folder / "shelves", count):
            url = f"{self._address}#part={part.number}/{count}"
            target = known.get(url) or Target(self._around.site.name, url)
            yield self._part(target, part, page_hash, kept, now, whole=whole)
            await asyncio.sleep(0)
        if whole:
            for url, target in known.items():
                if _divided(url) != count and target.verdict is not Verdict.GONE:
                    yield Sighting(replace(target, seen_at=now, due_at=now + LONG), Verdict.GONE)

    def _part(
        self, target: Target, part: Part, page_hash: str, kept: tuple[KeptPage, ...], now: datetime, *, whole: bool
    ) -> Sighting:
        site = self._around.site
        tax = site.context().tax_included
        etag = f"{part.rows}-{part.digest}-{'' if tax is None else 'gross' if tax else 'net'}"
        target = replace(target, etag=target.etag, seen_at=now, due_at=None, failures=0, message="")
        if target.etag == etag and target.verdict in (Verdict.PRODUCT, Verdict.LISTING):
            return Sighting(target, target.verdict, not_modified=True)
        observations = []
        entries = tuple(part.entries())
        torn = _torn(entry.row for entry in entries)
        for row, place, snippet in entries:
            finding = finding_of(row, site.name, place, snippet, page_hash, tax_included=tax)
            doubt = contradiction(finding) or torn.get(_whose(row), "")
            observations.append(Observation(finding.offer, now, finding.evidence, target.url, doubt))
        verdict = Verdict.PRODUCT if whole and not part.unusable else Verdict.LISTING
        return Sighting(replace(target, etag=etag, verdict=verdict), verdict, tuple(observations), pages=kept)

    def _kept(self, file: _File, page_hash: str) -> tuple[KeptPage, ...]:
        if not self._around.settings.evidence_days or file.path.stat().st_size > KEPT:
            return ()
        return (KeptPage(page_hash, file.path.read_bytes()),)

    def _unchanged(self, head: Target, known: dict[str, Target], now: datetime) -> Iterator[Sighting]:
        for target in known.values():
            if target.verdict in (Verdict.PRODUCT, Verdict.LISTING):
                yield Sighting(replace(target, seen_at=now, due_at=None), target.verdict, not_modified=True)
        yield Sighting(replace(head, seen_at=now, due_at=self._due(now)), head.verdict, not_modified=True)

    def _due(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._around.revisit * EARLY)

    def _doubt(self, report: Sorted, known: dict[str, Target]) -> str:
        """Why the file is not believed to be whole; empty = it is."""
        if report.cut_off:
            return report.cut_off
        if report.unknown * UNKNOWN > report.rows:
            return f"{_rows(report.unknown)} without a known item: what is missing is not taken as gone at once"
        rows = (_ETAG.fullmatch(target.etag) for target in known.values() if target.verdict is not Verdict.GONE)
        before = sum(int(found[1]) for found in rows if found)
        if report.rows * 100 < before * (100 - self._settings.max_shrink):
            return f"it has {report.rows:,} rows, {before:,} last time; what is missing is not taken as gone at once"
        return ""

    def _closing(self, head: Target, file: _File, report: Sorted, known: dict[str, Target], now: datetime) -> Sighting:
        """The feed's own sighting: it remembers which version was read, when all of it was."""
        doubt = self._doubt(report, known)
        if report.cut_off:
            return self._failed(head, FetchError(doubt, kind=FetchErrorKind.DECODING, where=head.url), now)
        target = replace(
            head,
            etag=file.etag,
            last_modified=file.last_modified,
            seen_at=now,
            due_at=self._due(now),
            verdict=Verdict.LISTING,
            failures=0,
            message="",
        )
        hint = "look at the file; source.max_shrink says how many rows it may lose"
        return Sighting(
            target, Verdict.LISTING, set_aside=SetAside(STAGE, head.url, doubt, hint=hint) if doubt else None
        )

    def _failed(self, head: Target, error: Exception, now: datetime) -> Sighting:
        if isinstance(error, ConfigError):
            problem = error.problems[0]
            where = f"{problem.file} {problem.message}".strip()
            error = FetchError(where, kind=FetchErrorKind.ADDRESS, where=head.url, hint=problem.hint)
        elif isinstance(error, OSError):
            words = f"{error.filename or 'the file'} cannot be read: {error.strerror or error}"
            error = FetchError(words, kind=FetchErrorKind.CONNECTION, where=head.url, hint="correct source.path")
        assert isinstance(error, FetchError)
        return failed(head, error, now, revisit=self._around.revisit)

    def _trouble(self, trouble: Trouble) -> SetAside:
        lines = ", ".join(map(str, trouble.numbers)) + (" …" if trouble.times > len(trouble.numbers) else "")
        shown = f", as in {trouble.detail!r}" if trouble.detail else ""
        words = f"{_rows(trouble.times)} not used: {trouble.reason}{shown}"
        return SetAside(
            STAGE, self._address, words, f"{self._address}:{lines}", "correct the rows, or map their columns"
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _whose(row: Row) -> tuple[str, ...]:
    """What makes two rows the same offer: one seller's, for one item, in one condition."""
    worn = "" if row.condition in _AS_NEW else row.condition
    return (row.item, row.variant, row.seller, worn)


def _torn(rows: Iterable[Row]) -> dict[tuple[str, ...], str]:
    """Offers for which rows ask different prices, such as sizes under one id, and the words to hold them back with."""
    asked: dict[tuple[str, ...], set[tuple[int, str]]] = {}
    for row in rows:
        if row.price is not None:
            asked.setdefault(_whose(row), set()).add((row.price, row.currency))
    return {whose: _TORN.format(len(prices)) for whose, prices in asked.items() if len(prices) > 1}


def _divided(url: str) -> int:
    found = _PART.search(url)
    return int(found[2]) if found else 0


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _empty(report: Sorted | None) -> FetchError:
    """No usable row is a fault of the file, never the news that all offers are gone."""
    first = report.troubles[0] if report and report.troubles else None
    words = (report and report.cut_off) or (first and f"no row can be used: {first.reason}") or "the file has no rows"
    hint = "look at the file; [source] says how it is written: format, rows, columns"
    return FetchError(words, kind=FetchErrorKind.DECODING, hint=hint)
