"""Ways in which a message reaches people: a signed web hook, an e-mail."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Protocol

import httpx

from pricewatch.domain.errors import PricewatchError
from pricewatch.located import Secret
from pricewatch.notify.settings import EmailSettings, WebhookSettings
from pricewatch.wire import Bounds, exchange, open_client

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
ANSWER = 64 * 1024  # bytes of a web hook's answer that are read


@dataclass(frozen=True, slots=True)
class Message:
    """What happened: a title of one line, a text, and when (UTC); control characters are taken out."""

    title: str
    text: str
    at: datetime

    @classmethod
    def of(cls, title: str, text: str, at: datetime) -> Message:
        """Make a message that fits into a mail's header and a terminal."""
        return cls(_clean(title, "")[:LONGEST_TITLE], _clean(text, "\n\t")[:LONGEST_TEXT], at)


class Delivery(Protocol):
    """One way to reach people."""

    async def send(self, message: Message) -> None:
        """Deliver, or raise: PricewatchError, OSError, smtplib.SMTPException or ValueError."""
        ...


class Webhook:
    """Posts messages as JSON, signed when there is a secret."""

    def __init__(self, settings: WebhookSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport

    async def send(self, message: Message) -> None:
        """Deliver; any answer but 2xx is a failure, and redirects are not followed."""
        url = self._settings.url.reveal() if isinstance(self._settings.url, Secret) else self._settings.url
        body = json.dumps({"title": message.title, "text": message.text, "at": message.at.isoformat()}).encode()
        headers = {"content-type": "application/json", **self._signature(body, message.at)}
        async with open_client(user_agent="pricewatch", transport=self._transport) as client:
            try:
                request = client.build_request("POST", url, content=body, headers=headers)
            except (httpx.InvalidURL, UnicodeError):
                raise PricewatchError("the web hook's address is no web address") from None
            reply = await exchange(client, request, Bounds(self._settings.timeout, ANSWER, ANSWER))
        if not 200 <= reply.status < 300:
            raise PricewatchError(f"the web hook answered {reply.status}")

    def _signature(self, body: bytes, at: datetime) -> dict[str, str]:
        if self._settings.secret is None:
            return {}
        stamp = str(int(at.timestamp()))
        return {
            "x-pricewatch-timestamp": stamp,
            "x-pricewatch-signature": signature(self._settings.secret.reveal(), stamp, body),
        }


def signature(secret: str, stamp: str, body: bytes) -> str:
    """The signature of a message: `sha256=` and the hex HMAC-SHA256 of `<stamp>.<body>`."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Email:
    """Sends messages by SMTP, in a thread so that nothing else waits for the mail server."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings

    async def send(self, message: Message) -> None:
        """Deliver to all addresses; one that the server refuses is a failure."""
        await asyncio.to_thread(self._deliver, self._mail(message))

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = message.title
        mail["From"] = self._settings.sender
        mail["To"] = ", ".join(self._settings.to)
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = make_msgid(domain=self._settings.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail

    def _deliver(self, mail: EmailMessage) -> None:
        settings = self._settings
        with self._connect() as server:
            if settings.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.user:
                server.login(settings.user, settings.password.reveal() if settings.password else "")
            refused = server.send_message(mail)
        if refused:
            raise PricewatchError(f"the mail server refused {', '.join(refused)}")

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
        return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)


def _clean(text: str, kept: str) -> str:
    return "".join(c if c in kept or c.isprintable() else " " for c in text)
