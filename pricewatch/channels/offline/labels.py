"""Electronic shelf labels behind an MQTT broker.

A retained message says what a label shall show: whichever gateway or label comes back later finds the newest one, and
saying it again changes nothing. What a label shows is believed only from its own retained answer. Needs aiomqtt.
"""

from __future__ import annotations

import asyncio
import csv
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiomqtt import Client, MqttError

from pricewatch.channels.api import parse_json, render_json
from pricewatch.channels.batches import in_batches
from pricewatch.channels.offline.settings import LabelsSettings
from pricewatch.channels.offline.telling import said_price, told
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, PublishingStopped
from pricewatch.domain.listing import Beside, Capabilities, Desired, Listing, PushResult, PushStatus
from pricewatch.domain.product import Product, Sku

BATCH = 1_000
ANY_PACE = 1_000_000
AT_LEAST_ONCE = 1
PORTION = 200  # labels that are asked for at once
ANSWER_LIMIT = 10_000  # bytes of what a label says
_LEVEL = "{label}"


class ShelfLabels(PlainChannel):
    """Labels as a channel; `remote_id` is the label."""

    def __init__(self, name: str, settings: LabelsSettings, around: Surroundings) -> None:
        can = Capabilities(
            role=settings.role,
            batch_size=BATCH,
            requests_per_minute=ANY_PACE,
            currency=around.currency,
            late_apply=settings.late_apply,
            carries=frozenset(Beside),
            answers="the label's answer",
            displays=True,
        )
        super().__init__(name, can)
        self._settings = settings
        self._around = around

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All labels that are known to hang, with what they say that they show; silent ones show no price."""
        hanging = self._hanging()
        said = await self._said([*hanging])
        for label, sku in hanging.items():
            yield self._listing(label, sku, said.get(label))

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back what these labels say; labels that do not hang (any more) are left out."""
        hanging = self._hanging()
        asked = [label for label in remote_ids if label in hanging]
        said = await self._said(asked)
        return [self._listing(label, hanging[label], said.get(label)) for label in asked]

    def _hanging(self) -> Mapping[str, Sku]:
        """Which product each label hangs at; a label that could not be a level of a topic is none."""
        if self._settings.labels is None:
            pairs: Iterator[tuple[str, Sku]] = ((sku, sku) for sku in self._around.assortment().products)
        else:
            pairs = self._mapped(self._around.folder / self._settings.labels)
        return {label: sku for label, sku in pairs if label and not set(label) & set("+#/\0")}

    def _mapped(self, file: Path) -> Iterator[tuple[str, Sku]]:
        try:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                rows = csv.DictReader(stream)
                if not {"label", "sku"} <= set(rows.fieldnames or ()):
                    raise ChannelUnavailable(
                        "the file has no columns label and sku", where=str(file), hint="its first line is: label,sku"
                    )
                yield from (((row["label"] or "").strip(), (row["sku"] or "").strip()) for row in rows)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ChannelUnavailable(
                f"the labels cannot be read: {error}", where=str(file), hint="a CSV file in UTF-8 with label,sku"
            ) from error

    async def _said(self, labels: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """What these labels say now: their retained answers, asked for in portions that no broker's queue cuts off."""
        said: dict[str, Mapping[str, Any]] = {}
        async with self._broker() as client:
            for part in in_batches(labels, PORTION):
                topics = {self._settings.shown.replace(_LEVEL, label): label for label in part}
                said |= await self._portion(client, topics)
        return said

    async def _portion(self, client: Client, topics: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
        """A mark of our own, sent after we asked, comes in when everything retained has been told."""
        mark = self._settings.shown.replace(_LEVEL, f"pricewatch-end-{uuid4().hex}")
        said: dict[str, Mapping[str, Any]] = {}
        await client.subscribe([(topic, AT_LEAST_ONCE) for topic in (*topics, mark)])
        await client.publish(mark, b"", qos=AT_LEAST_ONCE)
        async for message in client.messages:
            topic = message.topic.value
            if topic == mark:
                await client.unsubscribe([*topics, mark])
                return said
            if topic in topics:
                said[topics[topic]] = _object(message.payload)
        raise ChannelUnavailable("the broker closed the connection before it had told everything", where=self._name)

    def _listing(self, label: str, sku: Sku, said: Mapping[str, Any] | None) -> Listing:
        return Listing(self._name, label, sku, said_price(said or {}))

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Say what each label shall show; the broker confirms that it keeps it."""
        hanging, products = self._hanging(), self._around.assortment().products
        results: list[PushResult] = []
        sent = False
        try:
            async with self._broker() as client:
                for desired in batch:
                    label = desired.remote_id
                    if label not in hanging:
                        results.append(PushResult(label, PushStatus.REFUSED, "no such label hangs here"))
                        continue
                    self._ask_stop(label)
                    sent = True
                    topic = self._settings.desired.replace(_LEVEL, label)
                    content = _wanted(desired, products.get(desired.sku))
                    await client.publish(topic, content, qos=AT_LEAST_ONCE, retain=True)
                    results.append(PushResult(label, PushStatus.ACCEPTED))
        except (ChannelUnavailable, PublishingStopped) as error:
            if not sent:
                raise
            known = {result.remote_id for result in results}
            results += [
                PushResult(d.remote_id, PushStatus.UNKNOWN, error.message) for d in batch if d.remote_id not in known
            ]
        return results

    def _ask_stop(self, label: str) -> None:
        if self._around.stopped():
            raise PublishingStopped(
                f"publishing is stopped, label {label} on {self._name} was not written",
                hint="look at `pricewatch status`, then `pricewatch resume`",
            )

    @asynccontextmanager
    async def _broker(self) -> AsyncIterator[Client]:
        """One exchange with the broker, bounded in time; its trouble makes the channel unavailable."""
        settings = self._settings
        port = settings.port or (8883 if settings.tls else 1883)
        where = f"{settings.host}:{port}"
        try:
            async with asyncio.timeout(settings.timeout):
                async with Client(
                    settings.host,
                    port,
                    username=settings.user or None,
                    password=self._password(),
                    tls_context=ssl.create_default_context() if settings.tls else None,
                    timeout=settings.timeout,
                ) as client:
                    yield client
        except TimeoutError as error:
            hint = "check the broker and the way to it"
            raise ChannelUnavailable(
                f"{where} did not answer in {settings.timeout:g} s", where=self._name, hint=hint
            ) from error
        except (MqttError, OSError) as error:
            hint = "check host, port, tls, user and password of the channel, and what the user may do there"
            raise ChannelUnavailable(f"{where}: {error}", where=self._name, hint=hint) from error

    def _password(self) -> str | None:
        try:
            return self._settings.password.reveal() if self._settings.password else None
        except ConfigError as error:
            missing = error.problems[0]
            message = f"{missing.file}: {missing.message}"
            raise ChannelUnavailable(message, where=self._name, hint=missing.hint) from error


def _wanted(desired: Desired, product: Product | None) -> bytes:
    """What a label shall show, for its gateway to lay out."""
    content = {
        "label": desired.remote_id,
        **told(desired),
        "name": product.name if product else None,
        "brand": (product.brand or None) if product else None,
        "gtin": (product.gtin or None) if product else None,
    }
    return render_json(content)


def _object(payload: object) -> Mapping[str, Any]:
    """The JSON object of a message; anything else is an empty one."""
    if not isinstance(payload, bytes | bytearray) or len(payload) > ANSWER_LIMIT:
        return {}
    try:
        said = parse_json(bytes(payload))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
