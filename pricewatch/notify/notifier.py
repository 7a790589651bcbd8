"""Tells people what happened: always in the log, and by the deliveries that are configured."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from datetime import datetime

from pricewatch.domain.errors import PricewatchError
from pricewatch.notify.deliveries import Delivery, Email, Message, Webhook
from pricewatch.notify.settings import NotifySettings
from pricewatch.ports import Clock
from pricewatch.redaction import redact

log = logging.getLogger("pricewatch.notify")
REMEMBERED = 1_000  # messages; the oldest are forgotten first


class Notifications:
    """The Notifier: logs every message and delivers it, unless it said the same within the last `quiet` seconds."""

    def __init__(self, deliveries: Sequence[Delivery], clock: Clock, quiet: float) -> None:
        self._deliveries = tuple(deliveries)
        self._clock = clock
        self._quiet = quiet
        self._sent: dict[tuple[int, str, str], datetime] = {}

    async def notify(self, title: str, text: str) -> None:
        """Deliver one message; failures are logged, never raised, and do not count as said."""
        message = Message.of(title, text, self._clock.now())
        log.info("%s: %s", message.title, message.text)
        for number, delivery in enumerate(self._deliveries):
            key = (number, message.title, message.text)
            if not self._said(key, message.at) and await _delivered(delivery, message):
                self._remember(key, message.at)

    def _said(self, key: tuple[int, str, str], now: datetime) -> bool:
        at = self._sent.get(key)
        return at is not None and 0 <= (now - at).total_seconds() < self._quiet

    def _remember(self, key: tuple[int, str, str], now: datetime) -> None:
        self._sent.pop(key, None)
        self._sent[key] = now
        if len(self._sent) > REMEMBERED:
            self._sent.pop(next(iter(self._sent)))


async def _delivered(delivery: Delivery, message: Message) -> bool:
    try:
        await delivery.send(message)
    except (PricewatchError, OSError, smtplib.SMTPException, ValueError) as error:
        name = type(delivery).__name__.lower()
        log.warning("the message %r was not delivered by %s: %s", message.title, name, redact(str(error)))
        return False
    return True


def build_notifier(settings: NotifySettings, clock: Clock) -> Notifications:
    """Make the notifier that [notify] asks for."""
    deliveries: list[Delivery] = []
    if settings.webhook is not None:
        deliveries.append(Webhook(settings.webhook))
    if settings.email is not None:
        deliveries.append(Email(settings.email))
    return Notifications(deliveries, clock, settings.quiet)
