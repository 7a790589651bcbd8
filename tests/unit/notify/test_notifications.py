"""Messages reach people over real connections on this machine, and never stop what they report on."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pricewatch.notify.deliveries import Message, signature
from pricewatch.notify.notifier import Notifications, build_notifier
from pricewatch.notify.settings import EmailSettings, NotifySettings, WebhookSettings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


class Recorder:
    """A delivery that keeps messages, or fails while `broken`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.broken: Exception | None = None

    async def send(self, message: Message) -> None:
        if self.broken:
            raise self.broken
        self.messages.append(message)


@contextmanager
def hook(status: int = 200) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An HTTP server on loopback that keeps what is posted to it."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:1/")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tell(notifier: Notifications, title: str = "Plan 7 stopped", text: str = "too many changes") -> None:
    asyncio.run(notifier.notify(title, text))


def test_a_web_hook_gets_the_message_as_signed_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver can check who sent it and when."""
    monkeypatch.setenv("HOOK_SECRET", "s3cr3t")
    with hook() as (url, received):
        settings = WebhookSettings.model_validate({"url": url, "secret": {"env": "HOOK_SECRET"}})
        tell(build_notifier(NotifySettings(webhook=settings), Clock()))
    ((headers, body),) = received
    assert json.loads(body) == {
        "title": "Plan 7 stopped",
        "text": "too many changes",
        "at": "2026-03-01T12:00:00+00:00",
    }
    assert headers["content-type"] == "application/json"
    stamp = headers["x-pricewatch-timestamp"]
    assert stamp == str(int(NOON.timestamp()))
    assert headers["x-pricewatch-signature"] == signature("s3cr3t", stamp, body)


def test_the_signature_is_hmac_sha256_of_time_and_body() -> None:
    """A receiver in any language can compute it: this value is from OpenSSL."""
    openssl = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    assert signature("key", "1", b"{}") == f"sha256={openssl}"


def test_the_address_of_a_web_hook_can_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chat services let everybody post who knows the address."""
    with hook() as (url, received):
        monkeypatch.setenv("HOOK_URL", url)
        settings = WebhookSettings.model_validate({"url": {"env": "HOOK_URL"}})
        tell(build_notifier(NotifySettings(webhook=settings), Clock()))
    assert len(received) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_is_no_yes_is_a_failure(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, nothing is raised, and redirects are not followed."""
    with hook(status) as (url, received):
        tell(build_notifier(NotifySettings(webhook=WebhookSettings(url=url)), Clock()))
    assert len(received) == 1
    assert f"answered {status}" in caplog.text


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_a_host_that_does_not_answer_is_a_failure(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A broken delivery never stops a run."""
    tell(build_notifier(NotifySettings(webhook=WebhookSettings(url=url, timeout=5)), Clock()))
    assert "was not delivered by webhook" in caplog.text


@pytest.mark.parametrize("url", ["not an address", "http://[::1", "file:///etc/passwd", "http://ho\0st/"])
def test_an_address_from_a_secret_that_is_none_is_a_failure(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It could not be checked with the configuration, and is not in the log."""
    settings = WebhookSettings.model_validate({"url": {"env": "HOOK_URL"}})
    monkeypatch.setattr(os, "environ", {"HOOK_URL": url})
    tell(build_notifier(NotifySettings(webhook=settings), Clock()))
    assert "was not delivered by webhook" in caplog.text


def test_a_secret_that_is_missing_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which variable to set."""
    monkeypatch.delenv("HOOK_URL", raising=False)
    settings = WebhookSettings.model_validate({"url": {"env": "HOOK_URL"}})
    tell(build_notifier(NotifySettings(webhook=settings), Clock()))
    assert "HOOK_URL" in caplog.text


class MailServer:
    """Just enough SMTP to take a mail, with or without refusing the recipient."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse
        self.mails: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
            if verb == b"RCPT" and self.refuse:
                writer.write(b"550 no such user\r\n")
            else:
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()


def mailed(server: MailServer, title: str, text: str) -> None:
    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        mail = EmailSettings(
            host="127.0.0.1", port=port, security="none", sender="pw@shop.example", to=("a@shop.example",)
        )
        async with listening:
            await build_notifier(NotifySettings(email=mail), Clock()).notify(title, text)

    asyncio.run(run())


def test_a_mail_has_the_message_and_cannot_be_given_headers() -> None:
    """A line break in a title, which may come from a page, stays in the subject."""
    server = MailServer()
    mailed(server, "Nowa cena żarówki\r\nBcc: all@shop.example", "first\nsecond")
    mail = message_from_bytes(server.mails[0].removesuffix(b".\r\n"), policy=policy.default)
    assert mail["Subject"] == "Nowa cena żarówki  Bcc: all@shop.example"
    assert mail["Bcc"] is None
    assert (mail["From"], mail["To"]) == ("pw@shop.example", "a@shop.example")
    assert mail.get_content().split() == ["first", "second"]


def test_a_refused_mail_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """The server's words are in the log."""
    mailed(MailServer(refuse=True), "x", "y")
    assert "was not delivered by email" in caplog.text


def test_the_same_words_are_not_sent_twice_in_a_while() -> None:
    """A fault that lasts is one message every six hours; other words are other messages."""
    clock, recorder = Clock(), Recorder()
    notifier = Notifications([recorder], clock, quiet=3600)
    for _ in range(3):
        tell(notifier)
    tell(notifier, text="something else")
    clock.time += timedelta(seconds=3600)
    tell(notifier)
    assert [message.text for message in recorder.messages] == ["too many changes", "something else", "too many changes"]


def test_a_failed_delivery_is_tried_again_and_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Only what was delivered counts as said, for each way to people by itself."""
    clock, broken, well = Clock(), Recorder(), Recorder()
    notifier = Notifications([broken, well], clock, quiet=3600)
    broken.broken = OSError("https://me:hunter2@host is down")
    tell(notifier)
    broken.broken = None
    tell(notifier)
    assert (len(broken.messages), len(well.messages)) == (1, 1)
    assert "hunter2" not in caplog.text


def test_every_message_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Without any configured delivery, and in quiet times as well."""
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            tell(build_notifier(NotifySettings(), Clock()), "title", "te\x1bxt")
    assert caplog.messages == ["title: te xt"] * 2
