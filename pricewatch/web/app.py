"""Our prices over HTTP: feed files, the price list, and how pricewatch is doing. Read only."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import PricewatchError
from pricewatch.ports import Clock, Store
from pricewatch.worker import Health

BLOCK = 262_144
FRESH = 1.0  # seconds for which the newest version's number is believed
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_TYPES = {".xml": "application/xml", ".csv": "text/csv; charset=utf-8", ".json": "application/json"}


@dataclass(slots=True)
class Prices:
    """The price list of every group, rendered once a version."""

    store: Store
    groups: tuple[str, ...]
    _checked: float = 0.0
    _version: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _entries: dict[str, tuple[int, Mapping[str, PriceEntry]]] = field(default_factory=dict)
    _bodies: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def version(self) -> int:
        """The newest version's number, at most a second old."""
        with self._guard:
            now = time.monotonic()
            if not self._checked or now - self._checked > FRESH:
                newest = self.store.prices.version()
                self._version, self._checked = (newest.version if newest else 0), now
            return self._version

    def entries(self, group: str) -> tuple[int, Mapping[str, PriceEntry]]:
        """A group's entries, and the version that they are complete for."""
        version = self.version()
        kept = self._entries.get(group)
        if kept is None or kept[0] != version:
            kept = version, self.store.prices.current(group)
            self._entries[group] = kept
        return kept

    def body(self, group: str) -> tuple[int, bytes]:
        """The whole list of a group as JSON."""
        version, entries = self.entries(group)
        kept = self._bodies.get(group)
        if kept is None or kept[0] != version:
            kept = version, render(version, group, list(entries.values()))
            self._bodies[group] = kept
        return kept


def render(version: int, group: str, entries: list[PriceEntry]) -> bytes:
    """Write entries as one JSON object; amounts are decimal strings, floors and costs stay inside."""
    return orjson.dumps({"version": version, "group": group, "prices": [price_fields(entry) for entry in entries]})


def price_fields(entry: PriceEntry) -> dict[str, Any]:
    """What others may know of a price."""
    announced = entry.announcement
    return {
        "sku": entry.sku,
        "price": entry.gross.text,
        "net": entry.net.text,
        "currency": entry.gross.currency.code,
        "version": entry.version,
        "valid_from": entry.valid_from.isoformat(),
        "prior_price": announced.prior.text if announced else None,
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
    clock: Clock
    prices: Prices
    feeds: Feeds
    health_file: Path

    def health(self, _request: Request) -> Response:
        """200 while the database answers and the daemon, if there is one, lives; else 503."""
        try:
            version, database = self.prices.version(), True
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
        """The price list of `group`, or with `since=VERSION` what changed after that version."""
        group, since = self._group(request), _since(request)
        if since is None:
            version, body = self.prices.body(group)
        else:
            version, entries = self.prices.entries(group)
            changed = [entry for entry in entries.values() if entry.version > since]
            body = render(version, group, changed)
        etag = f'"{group}-{version}-{"all" if since is None else since}"'
        return _conditional(request, etag) or _json_bytes(body, etag)

    def one_price(self, request: Request) -> Response:
        """One product's price."""
        group = self._group(request)
        version, entries = self.prices.entries(group)
        entry = entries.get(request.path_params["sku"])
        if entry is None:
            raise HTTPException(404, "there is no price for this SKU")
        etag = f'"{group}-{entry.version}"'
        body = orjson.dumps({"list_version": version, "group": group, **price_fields(entry)})
        return _conditional(request, etag) or _json_bytes(body, etag)

    def _group(self, request: Request) -> str:
        group = request.query_params.get("group", self.prices.groups[0])
        if group not in self.prices.groups:
            raise HTTPException(404, "there is no such price group")
        return group

    def feed(self, request: Request) -> Response:
        """A feed file as it was last written."""
        name = request.path_params["name"]
        file, digest = self.feeds.open(name)
        etag = f'"{digest}"'
        unchanged = _conditional(request, etag)
        if unchanged is not None:
            file.close()
            return unchanged
        size = os.fstat(file.fileno()).st_size
        kind = _TYPES.get(self.feeds.files[name].suffix.lower(), "application/octet-stream")
        headers = {"etag": etag, "content-length": str(size), "content-type": kind}
        return FileBlocks(file, headers)


class FileBlocks(StreamingResponse):
    """An open file as an answer; it is closed also when nobody reads it to its end."""

    def __init__(self, file: BinaryIO, headers: Mapping[str, str]) -> None:
        super().__init__(iter(lambda: file.read(BLOCK), b""), headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file block by block."""
        with self._file:
            await super().__call__(scope, receive, send)


def _since(request: Request) -> int | None:
    text = request.query_params.get("since")
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise HTTPException(400, "since is the number of a price list version")
    return int(text)


def _conditional(request: Request, etag: str) -> Response | None:
    """304 when the caller has this very version."""
    wanted = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    return Response(status_code=304, headers={"etag": etag}) if etag in tags or "*" in tags else None


def _json(body: Any, *, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _json_bytes(body: bytes, etag: str) -> Response:
    return Response(body, media_type="application/json", headers={"etag": etag})


def _failed(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "the price list can't be read now"
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(orjson.dumps({"error": detail}), status, headers=headers, media_type="application/json")


class Guard:
    """Lets in who knows the token, or, without one, who calls this machine by its own name; adds safe headers."""

    def __init__(self, app: ASGIApp, *, token: str | None, hosts: frozenset[str]) -> None:
        self._app, self._token, self._hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 421 instead of the application where the caller may not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = None if scope["path"] == "/health" else self._refusal(request)
        answer: ASGIApp = refusal or self._app
        await answer(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if self._token is not None:
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
                return None
            body = orjson.dumps({"error": "a token is needed: Authorization: Bearer ..."})
            return Response(body, 401, {"www-authenticate": "Bearer"}, "application/json")
        host = re.sub(r":\d+$", "", request.headers.get("host", "")).lower()
        if host in self._hosts:
            return None
        return Response(orjson.dumps({"error": "this server is not known by that name"}), 421, None, "application/json")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            extra = {**SAFE, "cache-control": "private, no-cache"}
            added = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in names]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return wrapped


def build_app(
    store: Store,
    clock: Clock,
    *,
    groups: tuple[str, ...],
    feeds: Mapping[str, Path],
    health_file: Path,
    token: str | None = None,
    hosts: frozenset[str] = LOOPBACK_NAMES,
) -> Starlette:
    """Make the ASGI application; without a token only requests to one of `hosts` are answered."""
    site = Site(store, clock, Prices(store, groups), Feeds(feeds), health_file)
    pages: tuple[tuple[str, Callable[[Request], Response]], ...] = (
        ("/health", site.health),
        ("/prices", site.all_prices),
        ("/prices/{sku:path}", site.one_price),
        ("/feeds/{name}", site.feed),
    )
    return Starlette(
        routes=[Route(path, page, methods=["GET"]) for path, page in pages],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={HTTPException: _failed, PricewatchError: _failed},
    )
