"""The `[notify]` section of config.toml: who is told what happened, and how."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from pricewatch.located import Mistake, Secret, Section


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Mistake("this is no web address", "write it with https://")
    if parts.username or parts.password:
        raise Mistake("a web address has no user and password in it", "sign messages with `secret` instead")
    return url


def _mailbox(address: str) -> str:
    name, at, domain = address.rpartition("@")
    if not (name and at and domain) or any(c <= " " or c in "<>,;" for c in address):
        raise Mistake(f"{address!r} is no e-mail address", "as in someone@example.com, without a name")
    return address


WebAddress = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web_address)]
Mailbox = Annotated[str, StringConstraints(max_length=254), AfterValidator(_mailbox)]


class WebhookSettings(Section):
    """A web address that gets each message as a JSON POST: {"title", "text", "at"}."""

    url: WebAddress | Secret
    """Where messages are posted; an address that lets everybody in who knows it goes into { env = "NAME" }."""

    secret: Secret | None = None
    """Key of the signature in the header X-Pricewatch-Signature: sha256= and the hex HMAC-SHA256 of
    "<X-Pricewatch-Timestamp>.<body>"; default none: not signed."""

    timeout: float = Field(default=10.0, gt=0, le=120)
    """Seconds that a delivery may take altogether; default 10."""


class EmailSettings(Section):
    """A mail server that sends each message to people."""

    host: str = Field(min_length=1)
    """Name of the SMTP server."""

    port: int = Field(default=587, ge=1, le=65_535)
    """Port of the SMTP server; default 587."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected; "none" only for a server on this machine; default "starttls"."""

    user: str = ""
    """User name at the server; default empty: no login."""

    password: Secret | None = None
    """Password at the server; default none."""

    sender: Mailbox
    """Address that messages come from."""

    to: tuple[Mailbox, ...] = Field(min_length=1)
    """Addresses that get the messages."""

    timeout: float = Field(default=30.0, gt=0, le=300)
    """Seconds that each step of a delivery may take; default 30."""


class NotifySettings(Section):
    """Who is told what happened; every message is in the log in any case."""

    quiet: float = Field(default=21_600.0, ge=0, le=604_800)
    """Seconds during which a message that was sent is not sent again in the same words; default 21600 (6 hours)."""

    webhook: WebhookSettings | None = None
    """A web address that gets messages; default none."""

    email: EmailSettings | None = None
    """A mail server that sends messages; default none."""
