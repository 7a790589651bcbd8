"""OAuth 2 access tokens: asked for when they are needed, renewed before they end, forgotten when they are refused.

A service that replaces the refresh token with every use (rotation) needs it in a file: the new one is written there
before the access token is used.
"""

from __future__ import annotations

import base64
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from pricewatch.channels.api import parse_json
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, FetchError
from pricewatch.located import Secret
from pricewatch.pacing import retry_after
from pricewatch.wire import Bounds, Reply, exchange

EARLY = 60.0  # seconds before its end that a token is renewed
_BOUNDS = Bounds(seconds=30.0, wire_bytes=1_000_000, body_bytes=1_000_000)
_REFUSALS = {
    "invalid_client": ("does not know the client id or its secret", "check client_id and client_secret"),
    "invalid_grant": (
        "does not take the refresh token: it has expired, was used up or was withdrawn",
        "let the seller authorise the application again and put the new refresh token in its place",
    ),
    "invalid_scope": ("does not grant these rights", "let the application have the rights to read and write offers"),
    "unauthorized_client": ("does not let this application in", "check what kind of access the application has"),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """How a token is asked for: with a refresh token, or without one as the application itself.

    `basic` sends client id and secret as Basic credentials, otherwise in the form. `rotates` says that every use
    replaces the refresh token, which then stands in a file. `prefix` and `header` say how the token travels.
    """

    url: str
    client_id: Secret
    client_secret: Secret
    refresh_token: Secret | None = None
    scope: str = ""
    basic: bool = True
    rotates: bool = False
    header: str = "authorization"
    prefix: str = "Bearer "


class Tokens:
    """The access token of one channel; every trouble with it is ChannelUnavailable and says what to do."""

    def __init__(self, channel: str, grant: Grant, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._grant = grant
        self._seconds = seconds
        self._token = ""
        self._ends = 0.0
        self._uses = 0

    async def headers(
        self, client: httpx.AsyncClient, _method: str, _url: str, _body: bytes | None
    ) -> Mapping[str, str]:
        """The header that proves who we are, with a token that holds for a while."""
        if not self._token or self._seconds() >= self._ends:
            try:
                await self._renew(client)
            except ConfigError as error:
                missing = error.problems[0]
                raise self._unavailable(f"{missing.file}: {missing.message}", missing.hint) from error
        self._uses += 1
        return {self._grant.header: f"{self._grant.prefix}{self._token}"}

    def forget(self) -> bool:
        """Ask for a new token next time; one that was refused at its first use would only be refused again."""
        self._token = ""
        return self._uses > 1

    async def _renew(self, client: httpx.AsyncClient) -> None:
        self._form()  # a secret that is missing is told before anything is touched
        with self._alone():
            answer = await self._ask(client)
            self._keep(answer)
        self._token, self._uses = answer["access_token"], 0
        self._ends = self._seconds() + max(float(answer["expires_in"]) - EARLY, 1.0)

    async def _ask(self, client: httpx.AsyncClient) -> Mapping[str, Any]:
        form, headers = self._form()
        headers |= {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        timeout = httpx.Timeout(_BOUNDS.seconds)
        request = client.build_request(
            "POST", self._grant.url, content=urlencode(form).encode(), headers=headers, timeout=timeout
        )
        try:
            reply = await exchange(client, request, _BOUNDS)
        except FetchError as error:
            raise self._unavailable(f"{error.message} on asking for an access token", error.hint) from error
        return self._answer(reply)

    def _form(self) -> tuple[dict[str, str], dict[str, str]]:
        """The form and the headers of the request; raises ConfigError for a secret that is not there."""
        grant = self._grant
        client_id, secret = grant.client_id.reveal(), grant.client_secret.reveal()
        form = {"grant_type": "client_credentials"}
        if grant.refresh_token is not None:
            form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
        if grant.scope:
            form["scope"] = grant.scope
        if not grant.basic:
            return form | {"client_id": client_id, "client_secret": secret}, {}
        return form, {"authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}

    def _answer(self, reply: Reply) -> Mapping[str, Any]:
        try:
            answer = parse_json(reply.body)
        except ValueError:
            answer = None
        said = answer if isinstance(answer, Mapping) else {}
        if reply.status == 200 and _usable(said):
            return said
        code = str(said.get("error", ""))
        if code in _REFUSALS:
            words, hint = _REFUSALS[code]
            raise self._unavailable(f"the token service {words} ({code}: {_words(said)})", hint)
        raise ChannelUnavailable(
            f"the token service answered {reply.status} without a token: {_words(said)}",
            where=self._channel,
            hint="try again later; check the channel's addresses if it stays so",
            retry_after=retry_after(reply.headers.get("retry-after"), datetime.now(UTC)),
        )

    def _keep(self, answer: Mapping[str, Any]) -> None:
        """Put a replaced refresh token where the old one was."""
        new, file = answer.get("refresh_token"), self._file()
        if file is None or not isinstance(new, str) or not new.strip():
            return
        try:
            _replace(file, new.strip())
        except OSError as error:
            hint = "let pricewatch write this file and its folder, and let the seller authorise the application again"
            message = f"the new refresh token cannot be written to {file}: {error.strerror}"
            raise self._unavailable(message, hint) from error

    def _file(self) -> Path | None:
        """The file of a refresh token that is replaced with every use."""
        place = self._grant.refresh_token
        return Path(place.file) if self._grant.rotates and place is not None and place.file is not None else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time uses up such a token; the lock ends with the process that holds it."""
        file = self._file()
        if file is None:
            yield
            return
        try:
            lock = os.open(f"{file}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            hint = "let pricewatch write in this folder: the token is replaced with every use"
            raise self._unavailable(f"nothing can be written beside {file}: {error.strerror}", hint) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _unavailable(self, message: str, hint: str) -> ChannelUnavailable:
        return ChannelUnavailable(message, where=self._channel, hint=hint)


def _usable(answer: Mapping[str, Any]) -> bool:
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    printable = isinstance(token, str) and token.isascii() and token.isprintable() and bool(token)
    return printable and isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0


def _words(answer: Mapping[str, Any]) -> str:
    return str(answer.get("error_description") or answer.get("message") or "no reason given")[:300]


def _replace(path: Path, text: str) -> None:
    """Write a file for its owner's eyes alone, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
