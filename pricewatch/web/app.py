"""Our prices over HTTP: feed files, the price list, and how pricewatch is doing. Read only."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pricewatch.domain.errors import PricewatchError, UsageError
from pricewatch.domain.product import PriceGroup
from pricewatch.pipeline.lookup import SHOWN, look_up_in
from pricewatch.ports import Clock, Store
from pricewatch.web.answering import file_answer, whole
from pricewatch.web.guard import Guard, Pass
from pricewatch.web.pricelist import FRESH, Cursor, Prices
from pricewatch.web.rendering import Changes, price_fields, render, render_csv
from pricewatch.worker import Health

MOST_HITS = 50
JSON, CSV = "application/json", "text/csv; charset=utf-8"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_TYPES = {
    ".xml": "application/xml",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".gz": "application/gzip",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}


@dataclass(slots=True)
class Feeds:
    """Feed files by channel name, with the hash of each as its strong ETag."""

    files: Mapping[str, Path]
    _hashes: dict[tuple[int, int, int], str] = field(default_factory=dict)

    def open(self, name: str) -> tuple[BinaryIO, str]:
        """Open a feed and say its hash; the file that is open is the file that was hashed, whatever replaces it."""
        try:
            file = self.files[name].open("rb")
        except (KeyError, FileNotFoundError):
            raise HTTPException(404, "there is no such feed, or it was not written yet") from None
        state = os.fstat(file.fileno())
        key = state.st_ino, state.st_mtime_ns, state.st_size
        if key not in self._hashes:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            self._hashes = {key: digest, **dict(list(self._hashes.items())[: len(self.files)])}
        return file, self._hashes[key]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the pages need."""

    store: Store
    groups: tuple[PriceGroup, ...]
    clock: Clock
    prices: Prices
    feeds: Feeds
    health_file: Path

    def health(self, _request: Request) -> Response:
        """200 while the database answers and the daemon, if there is one, lives; else 503."""
        try:
            version, database = self.prices.newest().version, True
        except PricewatchError:
            version, database = 0, False
        daemon = Health.read(self.health_file)
        now = self.clock.now()
        well = database and (daemon is None or daemon.well(now))
        body: dict[str, Any] = {
            "status": "ok" if well else "unwell",
            "database": database,
            "price_list": version,
            "daemon": None,
        }
        if daemon is not None:
            body["daemon"] = {
                "state": daemon.state,
                "beat_seconds_ago": round((now - daemon.beat_at).total_seconds()),
                "last_status": daemon.last_status,
                "open_publications": daemon.open_publications,
                "publishing_stopped": daemon.publishing_stopped,
            }
        return _json(body, status=200 if well else 503)

    def all_prices(self, request: Request) -> Response:
        """The price list of `group`, or with `since=CURSOR` what changed after that answer."""
        group, since = self._group(request), _since(request)
        if since is None:
            stamp, body = self.prices.body(group)
            tag = f'"{group}-{stamp}-all"'
            return whole(
                request,
                lambda: body,
                tag,
                media_type=JSON,
                packed=lambda text: self.prices.packed(group, stamp, text),
            )
        news = self._changed(group, since)

        def made() -> bytes:
            return render(news.cursor, group, news.prices, news.at, news.withdrawn)

        return whole(request, made, f'"{group}-{news.tag}-{since}"', media_type=JSON)

    def all_prices_csv(self, request: Request) -> Response:
        """The same as CSV; what to ask from next time stands in the header `x-cursor`."""
        group, since = self._group(request), _since(request)
        if since is None:
            moment = self.prices.moment(group)
            news = Changes(str(moment.listed.cursor), moment.at, tuple(moment.offered().values()))
            tag = f'"{group}-{moment.stamp}-all-csv"'
        else:
            news = self._changed(group, since)
            tag = f'"{group}-{news.tag}-{since}-csv"'

        def made() -> bytes:
            return render_csv(news.prices, news.at, news.withdrawn)

        return whole(request, made, tag, media_type=CSV, headers={"x-cursor": news.cursor})

    def _changed(self, group: str, since: Cursor) -> Changes:
        news = self.prices.changed(group, since)
        if news is None:
            raise HTTPException(409, f"the price list has no version {since}: it is another one now, take it whole")
        return news

    def one_price(self, request: Request) -> Response:
        """One product's price."""
        group = self._group(request)
        moment, sku = self.prices.moment(group), request.path_params["sku"]
        entry = None if sku in moment.gone else moment.listed.entries.get(sku)
        if entry is None:
            raise HTTPException(404, "there is no price for this SKU")
        body = orjson.dumps({"list_version": moment.version, "group": group, **price_fields(entry, moment.at)})
        return whole(request, lambda: body, f'"{hashlib.sha256(body).hexdigest()}"', media_type=JSON)

    def lookup(self, request: Request) -> Response:
        """What a product costs, for people: `q` is a SKU, GTIN, part number or words of its name; as JSON, or with
        `text=1` as one message.
        """
        asked = request.query_params
        group = next(each for each in self.groups if each.name == self._group(request))
        try:
            found = look_up_in(
                self.prices.finder(), self.prices.moment(group.name).listed.entries, group, asked.get("q", ""),
                at=self.clock.now(), language=asked.get("language", ""), limit=_hits(request),
            )  # fmt: skip
        except UsageError as error:
            raise HTTPException(400, f"{error.message}; {error.hint}") from None
        plain = asked.get("text", "") not in {"", "0"}
        body = f"{found.text}\n".encode() if plain else orjson.dumps(found.fields())
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        return whole(request, lambda: body, tag, media_type="text/plain; charset=utf-8" if plain else JSON)

    def _group(self, request: Request) -> str:
        group = request.query_params.get("group", self.prices.groups[0])
        if group not in self.prices.groups:
            raise HTTPException(404, "there is no such price group")
        return group

    def feed(self, request: Request) -> Response:
        """A feed file as it was last written."""
        if "since" in request.query_params:
            delta = f"{request.path_params['name']}.delta"
            more = f", and since the last full feed at /feeds/{delta}" if delta in self.feeds.files else ""
            raise HTTPException(
                400, f"a feed file is always whole; changes are at /prices and /prices.csv with since={more}"
            )
        name = request.path_params["name"]
        file, digest = self.feeds.open(name)
        kind = _TYPES.get(self.feeds.files[name].suffix.lower(), "application/octet-stream")
        return file_answer(request, file, f'"{digest}"', kind)


def _hits(request: Request) -> int:
    text = request.query_params.get("limit", str(SHOWN))
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= MOST_HITS:
        raise HTTPException(400, f"limit is a number from 1 to {MOST_HITS}")
    return int(text)


def _since(request: Request) -> Cursor | None:
    text = request.query_params.get("since")
    if text is None:
        return None
    cursor = Cursor.read(text)
    if cursor is None:
        raise HTTPException(400, "since is the cursor of an answer, or the number of a price list version")
    return cursor


def _json(body: Any, *, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _failed(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "the price list can't be read now"
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(orjson.dumps({"error": detail}), status, headers=headers, media_type="application/json")


def build_app(
    store: Store,
    clock: Clock,
    *,
    groups: tuple[PriceGroup, ...],
    feeds: Mapping[str, Path],
    health_file: Path,
    passes: Sequence[Pass] = (),
    hosts: frozenset[str] = LOOPBACK_NAMES,
    fresh: float = FRESH,
) -> Starlette:
    """Make the ASGI application; without `passes` only requests to one of `hosts` are answered. An answer may be
    `fresh` seconds old.
    """
    names = tuple(group.name for group in groups)
    site = Site(store, groups, clock, Prices(store, names, clock, fresh), Feeds(feeds), health_file)
    pages: tuple[tuple[str, Callable[[Request], Response]], ...] = (
        ("/health", site.health),
        ("/lookup", site.lookup),
        ("/prices", site.all_prices),
        ("/prices.csv", site.all_prices_csv),
        ("/prices/{sku:path}", site.one_price),
        ("/feeds/{name}", site.feed),
    )
    return Starlette(
        routes=[Route(path, page, methods=["GET"]) for path, page in pages],
        middleware=[Middleware(Guard, passes=passes, hosts=hosts)],
        exception_handlers={HTTPException: _failed, PricewatchError: _failed},
    )
