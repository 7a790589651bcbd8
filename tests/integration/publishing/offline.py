"""A till behind its folder and shelf labels behind a broker, as they are in a shop: they take prices when they like,
and answer then, later, or never.
"""

from __future__ import annotations

import csv
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace

from pricewatch.channels.offline.labels import ShelfLabels
from pricewatch.channels.offline.settings import LabelsSettings, TillSettings
from pricewatch.channels.offline.till import Till
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.money import Currency, Money
from pricewatch.testing.loopback import Mishap, Written

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLN = Currency.of("PLN")
SKUS = ("A", "B", "C")
FIRST = Money(10_000, PLN)  # what everything costs at first


class Counter(Till):
    """A till behind its folder, and what happens at it: it takes the newest file when it likes and answers then or
    later, but within `late_apply`. `log` is what it charges, `files` what it was asked for, file by file.
    """

    late = 600.0

    def __init__(self, folder, schedule):
        assortment = schedule.store.catalogue.load
        settings = TillSettings(type="till", folder=Path("till"), late_apply=self.late)
        super().__init__("counter", settings, Surroundings(folder, "PLN", assortment))
        self.folder, self.schedule, self.random = folder / "till", schedule, Random(schedule.seed)
        self.charges, self.log, self.files = dict.fromkeys(SKUS, FIRST), [], {}
        self.since, self.taken = START, 0

    def shown(self, sku):
        return self.charges[sku]

    def struck(self, _sku):
        return None

    def newest(self):
        found = {int(file.stem.removeprefix("prices-")): file for file in self.folder.glob("prices-*.csv")}
        return max(found.items(), default=(0, None))

    def work(self, *, ahead=0.0):
        """Now and then it takes a file or answers; before too much time goes by it does both."""
        number, file = self.newest()
        if file is None:
            return
        if number not in self.files:
            self.since = self.schedule.clock.now()
            with file.open(newline="") as stream:
                rows = csv.DictReader(stream, delimiter=";")
                self.files[number] = {row["sku"]: Money.parse(row["price"], PLN) for row in rows}
        waited = (self.schedule.clock.now() - self.since).total_seconds() + ahead
        must = not self.schedule.faulty or waited >= self.late * 0.9
        if self.taken != number and (must or self.random.random() < 0.3):
            self.take(number)
        answer = file.with_name(f"{file.name}.ack")
        if self.taken == number and not answer.exists() and (must or self.random.random() < 0.3):
            answer.touch()

    def take(self, number):
        self.taken = number
        for sku, price in self.files[number].items():
            if self.charges[sku] != price:
                self.charges[sku] = price
                self.log.append(Written("counter", sku, sku, price, "till"))
                self.schedule.watch(self.log[-1])

    async def push(self, batch):
        self.fail()
        results = await super().push(batch)
        self.work()
        self.fail()
        return results

    def fail(self):
        self.schedule.doom.point()
        mishap = self.schedule.draw()
        if mishap in {Mishap.ERROR_BEFORE, Mishap.ERROR_AFTER}:
            raise ChannelUnavailable("the folder is away", where="counter")


@dataclass
class Label:
    """What one label shows, what it was told and has yet to show, and what it has yet to say of it, each with the time
    when it will.
    """

    shows: Money
    told: list[tuple[datetime, Money]] = field(default_factory=list)
    to_say: list[tuple[datetime, Money]] = field(default_factory=list)


class Shelf(ShelfLabels):
    """Labels behind a broker that is away now and then. Each takes what it is told in its turn, within `late_apply` or,
    where the faults are delays, long after it, and says so then, later or not at all; some have never said anything.
    `log` is what they show.
    """

    late = 300.0

    def __init__(self, schedule, *, lags):
        assortment = schedule.store.catalogue.load
        settings = LabelsSettings(type="labels", host="here", desired="{label}/desired", shown="{label}/shown",
                                  late_apply=self.late)  # fmt: skip
        super().__init__("shelf", settings, Surroundings(Path(), "PLN", assortment))
        self.schedule, self.random, self.lags = schedule, Random(schedule.seed), lags
        self.labels = {sku: Label(FIRST) for sku in SKUS}
        self.log, self.kept = [], {}
        for sku in SKUS:
            if self.random.random() < 0.7:
                self.say(sku, FIRST)

    def shown(self, sku):
        self.work()
        return self.labels[sku].shows

    def struck(self, _sku):
        return None

    def say(self, sku, price):
        self.kept[f"{sku}/shown"] = json.dumps({"price": price.text, "currency": "PLN"}).encode()

    def tell(self, topic, payload):
        """The broker keeps a message and hands it to the label's gateway."""
        self.kept[topic] = payload
        sku = topic.partition("/")[0]
        label, now = self.labels[sku], self.schedule.clock.now()
        due = max([now + self.lag(), *(at for at, _ in label.told)])
        label.told.append((due, Money.parse(json.loads(payload)["price"], PLN)))

    def lag(self):
        if not self.schedule.faulty:
            return timedelta()
        late = self.late * (4 if self.lags and self.random.random() < 0.1 else 0.9)
        return timedelta(seconds=self.random.choice([0, 0, 1, self.random.random() * late]))

    def work(self):
        """Everything that is due by now happens, in its order."""
        now = self.schedule.clock.now()
        for sku, label in self.labels.items():
            while label.told and label.told[0][0] <= now:
                at, price = label.told.pop(0)
                if not (self.schedule.faulty and self.random.random() < 0.25):
                    label.to_say.append((max([at + self.lag() / 4, *(t for t, _ in label.to_say)]), price))
                self.show(sku, price)
            while label.to_say and label.to_say[0][0] <= now:
                self.say(sku, label.to_say.pop(0)[1])

    def show(self, sku, price):
        if self.labels[sku].shows != price:
            self.labels[sku].shows = price
            self.log.append(Written("shelf", sku, sku, price, "label"))
            self.schedule.watch(self.log[-1])

    @asynccontextmanager
    async def _broker(self):
        self.work()
        self.schedule.doom.point()
        mishap = self.schedule.draw()
        if mishap in {Mishap.ERROR_BEFORE, Mishap.RATE_LIMIT}:
            raise ChannelUnavailable("the broker is away", where="shelf")
        yield Connection(self, breaks=mishap in {Mishap.ERROR_AFTER, Mishap.PARTLY})
        self.schedule.doom.point()


class Connection:
    """One client's connection to the broker; one that `breaks` does so after a message has arrived."""

    def __init__(self, shelf, *, breaks):
        self.shelf, self.breaks, self.topics, self.waiting = shelf, breaks, set(), []

    async def subscribe(self, topics):
        self.topics |= {topic for topic, _ in topics}
        self.waiting += [(topic, self.shelf.kept[topic]) for topic, _ in topics if topic in self.shelf.kept]

    async def unsubscribe(self, topics):
        self.topics -= set(topics)

    async def publish(self, topic, payload, *, qos, retain=False):
        self.shelf.schedule.doom.point()
        if retain:
            self.shelf.tell(topic, payload)
        elif topic in self.topics:
            self.waiting.append((topic, payload))
        self.shelf.schedule.doom.point()
        if self.breaks:
            raise ChannelUnavailable("the broker is gone", where="shelf")

    @property
    async def messages(self):
        while self.waiting:
            topic, payload = self.waiting.pop(0)
            yield SimpleNamespace(topic=SimpleNamespace(value=topic), payload=payload)
