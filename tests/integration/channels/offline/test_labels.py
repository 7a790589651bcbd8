"""Electronic shelf labels: a real broker, and a gateway that does what labels do."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

import aiomqtt
import pytest

from pricewatch.channels.offline.labels import ShelfLabels
from pricewatch.channels.offline.settings import LabelsSettings
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, PublishingStopped
from pricewatch.domain.listing import Desired, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product, Sku
from pricewatch.located import Secret, build, parse
from pricewatch.testing import CHECKS, Trouble

from .conftest import PASSWORD, USER, Loop, Mosquitto

VAT = TaxRate(2300)
NUMBERS = itertools.count()


class Gateway:
    """Labels of one shop on the broker: each shows what it was told last, and says so."""

    def __init__(self, elsewhere: Loop, port: int, root: str = "") -> None:
        self.port, self.elsewhere, self.root = port, elsewhere, root or f"shop{next(NUMBERS)}"
        self.shows: dict[str, dict[str, object]] = {}
        self.told: list[str] = []
        self.silent: set[str] = set()
        self._ready, self._mark = threading.Event(), threading.Event()
        self._work = elsewhere.start(self._run())
        assert self._ready.wait(30)

    async def _run(self) -> None:
        self._task = cast("asyncio.Task[None]", asyncio.current_task())
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            self._client = client
            await client.subscribe(f"{self.root}/+/desired", qos=1)
            self._ready.set()
            async for message in client.messages:
                label = message.topic.value.split("/")[1]
                if label == "mark":
                    self._mark.set()
                    continue
                self.told.append(label)
                if label not in self.silent:
                    self.shows[label] = json.loads(message.payload)
                    await self._say(label)

    async def _say(self, label: str) -> None:
        said = {key: self.shows[label][key] for key in ("price", "currency", "version")}
        await self._client.publish(f"{self.root}/{label}/shown", json.dumps(said), qos=1, retain=True)

    def set(self, label: str, price: str, currency: str = "PLN") -> None:
        self.shows[label] = {"price": price, "currency": currency, "version": 0}
        self.elsewhere.do(self._say(label))

    def say(self, label: str, payload: bytes) -> None:
        self.elsewhere.do(self._client.publish(f"{self.root}/{label}/shown", payload, qos=1, retain=True))

    def settle(self) -> None:
        """Wait until everything that was said before has been heard."""
        self._mark.clear()
        self.elsewhere.do(self._client.publish(f"{self.root}/mark/desired", b"", qos=1))
        assert self._mark.wait(30)

    def close(self) -> None:
        self.elsewhere.do(self._end())

    async def _end(self) -> None:
        """Leave the broker before anybody stops it; a wait that ends at that very moment loses the first word."""
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1)
        with suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await self._task


@pytest.fixture
def gateway(elsewhere: Loop, broker: tuple[int, int]) -> Iterator[Gateway]:
    made = Gateway(elsewhere, broker[0])
    yield made
    made.close()


def settings(gateway: Gateway, **more: object) -> LabelsSettings:
    values = {"host": "127.0.0.1", "port": gateway.port, "tls": False, **more}
    topics = {"desired": f"{gateway.root}/{{label}}/desired", "shown": f"{gateway.root}/{{label}}/shown"}
    return LabelsSettings(type="labels", **{**topics, **values})


class LabelLab:
    """The labels in front of their gateway, for the promises that every channel keeps."""

    currency, unknown_id, wait, secrets = "PLN", "no-such-label", 0.0, ()
    cannot: ClassVar = {
        Trouble.RATE_LIMIT: "a broker slows the connection down instead",
        Trouble.NO_ACCESS: "tested below, at the door",
        Trouble.STALE_READ: "a label's retained word is its present",
        Trouble.GARBAGE_READ: "each label answers for itself: tested below",
        **dict.fromkeys(
            [Trouble.TORN_READ, Trouble.ABSURD_READ, Trouble.OTHER_CURRENCY],
            "each label answers for itself: tested below",
        ),
        Trouble.SAME_PAGE: "a broker has no pages",
        Trouble.GARBAGE_WRITE: "a broker confirms by number",
        Trouble.ERROR_BEFORE: "a broker has no error page",
        Trouble.ERROR_AFTER: "a broker has no error page",
        Trouble.TIMEOUT_AFTER: "tested below, with a broker that goes silent",
        Trouble.RESET_AFTER: "tested below, with a broker that goes silent",
        Trouble.REFUSAL: "a label has no will of its own",
    }

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.products: dict[Sku, Product] = {}

    def connect(self, stopped: Callable[[], bool]) -> ShelfLabels:
        around = Surroundings(Path(), "PLN", lambda: Assortment(self.products), stopped=stopped)
        return ShelfLabels("labels", settings(self.gateway), around)

    def fill(self, count: int) -> Sequence[tuple[str, Sku]]:
        self.products = {f"L{n}": Product(f"L{n}", f"Item {n}", VAT) for n in range(count)}
        for label in self.products:
            self.gateway.set(label, "100.00")
        return [(sku, sku) for sku in self.products]

    def shown(self, remote_id: str) -> Money | None:
        said = self.gateway.shows.get(remote_id)
        return Money.parse(str(said["price"]), "PLN") if said else None

    def batches(self) -> Sequence[int]:
        self.gateway.settle()
        return [1] * len(self.gateway.told)

    def trouble(self, kind: Trouble) -> None:
        raise AssertionError(kind)

    def edit(self, remote_id: str, price: Money) -> None:
        self.gateway.set(remote_id, price.text)

    def refuse(self, remote_id: str) -> None:
        raise AssertionError(remote_id)

    async def settle(self) -> None:
        self.gateway.settle()


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_labels_keep_every_promise(check: Callable[[LabelLab], None], gateway: Gateway) -> None:
    """What only a web server can do is skipped, in words."""
    check(LabelLab(gateway))


def wish(label: str, price: str = "9.99", **more: object) -> Desired:
    return Desired("labels", label, str(more.pop("sku", label)), 7, Money.parse(price, "PLN"), VAT, None, None)


def channel(gateway: Gateway, folder: Path, **more: object) -> ShelfLabels:
    goods = {sku: Product(sku, "Żółta lampa", VAT, gtin="5901234123457") for sku in ("A", "B")}
    return ShelfLabels("labels", settings(gateway, **more), Surroundings(folder, "PLN", lambda: Assortment(goods)))


def test_a_label_that_says_nothing_shows_nothing(gateway: Gateway, tmp_path: Path) -> None:
    """The broker's yes is no proof: until the label says so itself, nobody knows what it shows."""
    gateway.silent.add("A")
    labels = channel(gateway, tmp_path)
    (result,) = asyncio.run(labels.push([wish("A")]))
    assert result.status is PushStatus.ACCEPTED
    gateway.settle()
    (found,) = asyncio.run(labels.read(["A"]))
    assert found.price is None
    gateway.silent.clear()
    gateway.set("A", "9.99")
    assert asyncio.run(labels.read(["A"]))[0].price == Money.parse("9.99", "PLN")


NONSENSE = [
    b"", b"\xff\x00", b"[]", b'{"price": 9.99, "currency": "PLN"}', b'{"price":"9,99","currency":"PLN"}',
    b'{"price":"9.99"}', b"{" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
def test_what_is_no_price_is_none(gateway: Gateway, tmp_path: Path, said: bytes) -> None:
    """A label that talks nonsense stands alone; the others are read as ever."""
    gateway.set("B", "5.00")
    gateway.say("A", said)
    found = asyncio.run(channel(gateway, tmp_path).read(["A", "B"]))
    assert [listing.price for listing in found] == [None, Money.parse("5.00", "PLN")]


def test_many_labels_hang_at_one_product(gateway: Gateway, tmp_path: Path) -> None:
    """A file says which; what a label is told has all that has to stand on it."""
    (tmp_path / "labels.csv").write_text("label,sku\nshelf-1,A\nshelf-2,A\nbad/one,A\nwindow,B\n", "utf-8")
    labels = channel(gateway, tmp_path, labels=Path("labels.csv"))

    async def hanging() -> list[tuple[str, str]]:
        return [(listing.remote_id, listing.sku) async for listing in labels.listings()]

    assert asyncio.run(hanging()) == [("shelf-1", "A"), ("shelf-2", "A"), ("window", "B")]
    asyncio.run(labels.push([wish("shelf-1", sku="A"), wish("shelf-2", sku="A")]))
    gateway.settle()
    told = gateway.shows["shelf-2"]
    assert {key: told[key] for key in ("sku", "version", "price", "currency", "name", "gtin", "prior_price")} == {
        "sku": "A", "version": 7, "price": "9.99", "currency": "PLN", "name": "Żółta lampa", "gtin": "5901234123457",
        "prior_price": None,
    }  # fmt: skip


def test_a_label_that_comes_back_finds_the_newest_price(gateway: Gateway, tmp_path: Path) -> None:
    """What was said is retained: a gateway that was away gets only the last word."""
    labels = channel(gateway, tmp_path)
    for price in ("9.99", "8.99", "7.99"):
        asyncio.run(labels.push([wish("A", price)]))

    async def late() -> object:
        async with aiomqtt.Client("127.0.0.1", gateway.port) as client:
            await client.subscribe(f"{gateway.root}/A/desired", qos=1)
            return json.loads((await anext(aiter(client.messages))).payload)["price"]

    assert asyncio.run(late()) == "7.99"


def test_a_broker_that_comes_back_is_told_again_what_it_forgot(
    mosquitto: Mosquitto, elsewhere: Loop, tmp_path: Path
) -> None:
    """While it is away nothing is believed; what it did not keep is missing and said once more, to whoever listens."""
    before = Gateway(elsewhere, mosquitto.port)
    labels = channel(before, tmp_path)
    asyncio.run(labels.push([wish("A", "9.99")]))
    before.settle()
    assert [str(found.price) for found in asyncio.run(labels.read(["A"]))] == ["9.99 PLN"]
    before.close()
    mosquitto.stop()
    with pytest.raises(ChannelUnavailable):
        asyncio.run(labels.push([wish("A", "8.99")]))
    mosquitto.start()
    assert [found.price for found in asyncio.run(labels.read(["A"]))] == [None]
    again = Gateway(elsewhere, mosquitto.port, before.root)
    assert [result.status for result in asyncio.run(labels.push([wish("A", "8.99")]))] == [PushStatus.ACCEPTED]
    again.settle()
    assert [str(found.price) for found in asyncio.run(labels.read(["A"]))] == ["8.99 PLN"]
    again.close()


def test_without_a_broker_nothing_is_believed(gateway: Gateway, tmp_path: Path) -> None:
    """A closed door, a broken map and a broker that goes silent are told as what they are."""
    closed = channel(gateway, tmp_path, port=1)
    with pytest.raises(ChannelUnavailable, match=r"127\.0\.0\.1:1"):
        asyncio.run(closed.read(["A"]))
    with pytest.raises(ChannelUnavailable, match=r"127\.0\.0\.1:1"):
        asyncio.run(closed.push([wish("A")]))
    with pytest.raises(ChannelUnavailable, match=r"nowhere\.csv"):
        asyncio.run(channel(gateway, tmp_path, labels=Path("nowhere.csv")).read(["A"]))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the MQTT library leaves its socket
def test_a_broker_without_tls_is_not_talked_to_openly(gateway: Gateway, tmp_path: Path) -> None:
    """Where TLS is wanted, a password never goes over the wire without it."""
    with pytest.raises(ChannelUnavailable):
        asyncio.run(channel(gateway, tmp_path, tls=True, timeout=5).read(["A"]))
    gc.collect()


def test_a_broker_asks_who_we_are(
    gateway: Gateway, broker: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right password labels are told; without it, or with one that is not set, nothing is, and it is said."""
    monkeypatch.setenv("LABELS_PASSWORD", PASSWORD)
    door = {"port": broker[1], "user": USER, "password": Secret(env="LABELS_PASSWORD")}
    (result,) = asyncio.run(channel(gateway, tmp_path, **door).push([wish("A")]))
    assert result.status is PushStatus.ACCEPTED
    monkeypatch.setenv("LABELS_PASSWORD", "wrong")
    with pytest.raises(ChannelUnavailable) as caught:
        asyncio.run(channel(gateway, tmp_path, **door).push([wish("A", "1.00")]))
    assert "password" in caught.value.hint
    assert "wrong" not in str(caught.value)
    monkeypatch.delenv("LABELS_PASSWORD")
    with pytest.raises(ChannelUnavailable, match="LABELS_PASSWORD"):
        asyncio.run(channel(gateway, tmp_path, **door).push([wish("A", "1.00")]))


def test_a_broker_that_goes_silent_leaves_it_unknown(gateway: Gateway, tmp_path: Path) -> None:
    """After the first price has left, no answer is no refusal."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(b"\x20\x02\x00\x00")  # connected; and never a word again
        await writer.drain()
        while await reader.read(1_000):
            pass
        writer.close()

    async def scene() -> list[PushStatus]:
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        labels = channel(gateway, tmp_path, port=server.sockets[0].getsockname()[1], timeout=1)
        results = await labels.push([wish("A"), wish("B")])
        server.close()
        return [result.status for result in results]

    assert asyncio.run(scene()) == [PushStatus.UNKNOWN, PushStatus.UNKNOWN]


def test_the_kill_switch_holds_labels(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing is said when publishing is stopped."""
    goods = {"A": Product("A", "Lampa", VAT)}
    around = Surroundings(tmp_path, "PLN", lambda: Assortment(goods), stopped=lambda: True)
    with pytest.raises(PublishingStopped):
        asyncio.run(ShelfLabels("labels", settings(gateway), around).push([wish("A")]))
    gateway.settle()
    assert gateway.told == []


@pytest.mark.parametrize(
    "topic", ["labels/desired", "labels/{label}/+", "x{label}/desired", "{label}/{label}", "#/{label}"]
)
def test_a_topic_that_is_none_is_refused(topic: str) -> None:
    """At its place in config.toml."""
    text = f'type = "labels"\nhost = "broker"\ndesired = "{topic}"\n'
    with pytest.raises(ConfigError, match="topic"):
        build(LabelsSettings, parse(text, "config.toml"))
