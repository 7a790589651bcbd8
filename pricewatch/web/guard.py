"""Who may ask, and for what."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Pass:
    """The SHA-256 of a token, and the first parts of the paths that it opens; none = all of them."""

    hash: str
    scope: frozenset[str] = frozenset()

    @staticmethod
    def of(token: str) -> Pass:
        """What opens everything to whoever knows this token."""
        return Pass(hash_of(token))

    def opens(self, path: str) -> bool:
        """Whether it is good for this path."""
        first = path.split("/")[1] if path.startswith("/") else path
        return not self.scope or first.split(".")[0] in self.scope


def hash_of(token: str) -> str:
    """What stands in the configuration in place of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class Guard:
    """Lets in who knows a token, or, where there is none, who calls this machine by its own name; adds safe headers."""

    def __init__(self, app: ASGIApp, *, passes: Sequence[Pass], hosts: frozenset[str]) -> None:
        self._app, self._passes, self._hosts = app, tuple(passes), hosts

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
        if self._passes:
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            known = self._known(given.strip()) if kind.lower() == "bearer" else None
            if known is None:
                body = orjson.dumps({"error": "a token is needed: Authorization: Bearer ..."})
                return Response(body, 401, {"www-authenticate": "Bearer"}, "application/json")
            if known.opens(request.url.path):
                return None
            return Response(orjson.dumps({"error": "this token is not good for that"}), 403, None, "application/json")
        host = re.sub(r":\d+$", "", request.headers.get("host", "")).lower()
        if host in self._hosts:
            return None
        return Response(orjson.dumps({"error": "this server is not known by that name"}), 421, None, "application/json")

    def _known(self, token: str) -> Pass | None:
        """The pass of a token; all are compared, so that the time it takes says nothing."""
        given = hash_of(token)
        found = [each for each in self._passes if hmac.compare_digest(each.hash, given)]
        return found[0] if found else None


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            extra = {**SAFE, "cache-control": "private, no-cache"}
            added = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in names]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return wrapped
