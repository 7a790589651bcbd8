"""A till answers late, or not for days: what it was asked for stays in its newer files, and adverts count with it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from publishing_scene import pln

from pricewatch.channels.offline.settings import TillSettings
from pricewatch.channels.offline.till import Till
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import Capabilities, ChannelRole, Listing, PublicationState, PushResult, PushStatus
from pricewatch.pipeline.inbox import inbox
from pricewatch.pipeline.settings import ReleaseSettings


class Full(Till):
    """Nothing more fits in its folder."""

    async def push(self, batch):
        raise ChannelUnavailable("no space left", where=self.name)


class Labels(PlainChannel):
    """A label for each product; it shows what it was told when it answers."""

    def __init__(self):
        can = Capabilities(ChannelRole.ADVERT, 100, 1_000, "PLN", late_apply=900.0, answers="the label's answer")
        super().__init__("labels", can)
        self.told, self.said = {}, {}

    async def listings(self):
        for sku in ("A", "B"):
            yield Listing("labels", sku, sku, self.said.get(sku))

    async def read(self, remote_ids):
        return [listing async for listing in self.listings() if listing.remote_id in remote_ids]

    async def push(self, batch):
        self.told |= {wish.remote_id: wish.price for wish in batch}
        return [PushResult(wish.remote_id, PushStatus.ACCEPTED) for wish in batch]

    def answer(self):
        self.said |= self.told


class Shop:
    """Two products at 100.00 in a feed and at a till that answers when told to."""

    def __init__(self, scene, *, till=True):
        self.scene = here = scene(skus=("A", "B"), wait=0)
        self.all = here.bench.channels
        self.channels = {"feed": self.all["feed"]}
        self.use(self.channels)
        if till:
            self.add_till()

    def use(self, channels):
        here = self.scene
        here.bench = replace(here.bench, channels=channels, channel_groups=dict.fromkeys(channels, "default"))

    def add_till(self, kind=Till):
        around = Surroundings(self.scene.folder, "PLN", self.scene.store.catalogue.load)
        till = kind("till", TillSettings(type="till", folder=Path("till")), around)
        self.use({**self.channels, "till": till})

    def apply(self, sku, price):
        self.scene.clock.advance(minutes=1)
        self.scene.apply({sku: price})

    def files(self):
        found = (self.scene.folder / "till").glob("prices-*.csv")
        return sorted(found, key=lambda file: int(file.stem.removeprefix("prices-")))

    def answer(self, refused=""):
        """The till takes its newest file, and says so."""
        newest = self.files()[-1]
        newest.with_name(f"{newest.name}.ack").write_text(refused)

    def later(self, **time):
        self.scene.clock.advance(**(time or {"hours": 2}))
        self.scene.send()

    def asked(self):
        """What the newest file asks the till for."""
        with self.files()[-1].open(newline="") as stream:
            return {row["sku"]: row["price"] for row in csv.DictReader(stream, delimiter=";")}

    def feed(self, sku):
        return self.scene.feed_prices().get(sku)

    def till_state(self, sku):
        (row,) = self.scene.store.outbox.publications(channel="till", sku=sku)
        return row.state


@pytest.fixture
def shop(scene):
    return lambda **more: Shop(scene, **more)


@pytest.fixture
def settled(shop):
    """Both products at 100.00 everywhere, and the till has said so."""
    here = shop()
    here.apply("A", "99.00")
    here.answer()
    here.later()
    here.apply("A", "100.00")
    here.answer()
    here.later()
    assert (here.asked(), here.feed("A")) == ({"A": "100.00", "B": "100.00"}, "100.00")
    return here


def test_a_newer_file_keeps_what_an_unanswered_one_asked_for(settled):
    """B changes while the answer for A is waited for: the newer file asks for both, and nothing goes out once more."""
    settled.apply("A", "80.00")
    settled.apply("B", "90.00")
    assert settled.asked() == {"A": "80.00", "B": "90.00"}
    settled.answer()
    files = settled.files()
    settled.later()
    settled.later()
    assert (settled.files(), settled.feed("A"), settled.feed("B")) == (files, "80.00", "90.00")
    assert {settled.till_state("A"), settled.till_state("B")} == {PublicationState.VERIFIED}


def test_a_newer_file_keeps_what_was_never_answered(shop):
    """The same before the till has answered at all."""
    here = shop()
    here.apply("A", "80.00")
    here.apply("B", "90.00")
    assert here.asked() == {"A": "80.00", "B": "90.00"}


def test_the_way_back_is_asked_for_although_the_last_answer_says_it(settled):
    """A cut that nobody has answered is taken back: the last answer is the old price, and yet the newest file has to
    say it, because the till may take the cut any time.
    """
    settled.apply("A", "80.00")
    settled.apply("A", "100.00")
    assert settled.asked()["A"] == "100.00"
    assert settled.till_state("A") is PublicationState.SENT
    settled.answer()
    settled.later()
    assert settled.till_state("A") is PublicationState.VERIFIED


def test_the_way_back_is_not_believed_by_a_sweep(settled):
    """What `verify` sees in the till's last answer is no proof of the way back either."""
    settled.apply("A", "80.00")
    settled.add_till(Full)
    settled.apply("A", "100.00")
    settled.scene.verify(repair=False)
    assert (settled.asked()["A"], settled.till_state("A")) == ("80.00", PublicationState.PENDING)
    settled.add_till()
    settled.later()
    assert settled.asked()["A"] == "100.00"


def test_an_advert_counts_with_a_rise_that_the_till_may_take_any_day(settled):
    """A rise lies unanswered over the weekend and is taken back: the advert stays up until the till has said that it
    charges less.
    """
    settled.apply("A", "110.00")
    settled.later(days=2)
    settled.apply("A", "105.00")
    assert (settled.asked()["A"], settled.feed("A")) == ("105.00", "110.00")
    settled.later(minutes=5)
    assert settled.feed("A") == "110.00"
    settled.answer()
    settled.later()
    settled.later()
    assert settled.feed("A") == "105.00"


def test_a_till_that_never_answered_counts_with_all_it_was_asked_before(shop):
    """A cut waits for it; so does a rise of that cut while it is still below what the till may ask from before."""
    here = shop()
    here.apply("A", "80.00")
    here.apply("A", "85.00")
    assert (here.asked()["A"], here.feed("A")) == ("85.00", "100.00")
    here.answer()
    here.later()
    here.later()
    assert here.feed("A") == "85.00"


def test_a_cut_waits_for_a_till_that_was_added_later(shop):
    """The feed could not be written when the price was cut; by the time it can, there is a till, whose prices nobody
    knows: they may be those of before the cut.
    """
    here = shop(till=False)
    here.apply("A", "95.00")
    here.scene.feed.unlink()
    here.scene.feed.mkdir()
    here.apply("A", "80.00")
    here.scene.feed.rmdir()
    here.add_till()
    here.later()
    assert (here.asked()["A"], here.feed("A")) == ("80.00", None)
    here.answer()
    here.later()
    here.later()
    assert here.feed("A") == "80.00"


def test_a_rise_waits_for_a_label_that_has_never_answered(shop):
    """It may still show what it did before pricewatch came, or any price that it was told since."""
    here, labels = shop(till=False), Labels()
    here.use({"woo": here.all["woo"], "labels": labels})
    here.apply("A", "110.00")
    here.later(hours=2)
    here.apply("A", "130.00")
    here.later(hours=2)
    assert (labels.told["A"].text, here.scene.woo.shown("A")) == ("130.00", "100.00")
    labels.answer()
    here.later()
    here.later()
    assert here.scene.woo.shown("A") == "130.00"


def test_what_a_till_refused_is_asked_for_in_the_next_file(settled):
    """A refused item keeps its old price there, and later files go on asking for ours."""
    settled.apply("A", "80.00")
    settled.answer("A;no such article\n")
    settled.later()
    assert settled.till_state("A") is PublicationState.REFUSED
    settled.apply("B", "90.00")
    assert (settled.asked(), settled.feed("A")) == ({"A": "80.00", "B": "90.00"}, "100.00")
    settled.answer()
    settled.scene.clock.advance(hours=25)
    settled.scene.verify()
    settled.later()
    assert settled.feed("A") == "80.00"


def test_days_without_an_answer_are_no_hurry(settled):
    """Nothing is written again and again while the till is closed, and its answer is all that is needed."""
    settled.apply("A", "80.00")
    files = settled.files()
    for _ in range(10):
        settled.later(hours=9)
    assert settled.files() == files
    settled.answer()
    settled.scene.clock.advance(hours=1)
    settled.scene.verify()
    assert settled.feed("A") == "80.00"


def test_the_answer_to_the_newest_file_is_believed_although_an_older_one_had_none(shop):
    """Version 1 went unanswered: what a till says of version 2 is no answer to version 1."""
    here = shop()
    here.apply("A", "80.00")
    here.apply("A", "85.00")
    here.answer()
    here.scene.clock.advance(minutes=1)
    here.scene.verify()
    assert (here.till_state("A"), here.feed("A")) == (PublicationState.VERIFIED, "85.00")


def test_an_answer_is_believed_although_a_newer_file_waits_that_asks_for_the_same(settled):
    """B changes every quarter of an hour, and the till answers the file before: its word on A counts."""
    settled.apply("A", "80.00")
    settled.apply("A", "85.00")
    asked = settled.files()[-1]
    asked.with_name(f"{asked.name}.ack").touch()
    settled.apply("B", "90.00")
    assert settled.files()[-1] != asked
    settled.scene.clock.advance(minutes=1)
    settled.scene.verify()
    assert (settled.till_state("A"), settled.feed("A")) == (PublicationState.VERIFIED, "85.00")
    assert (settled.till_state("B"), settled.feed("B")) == (PublicationState.SENT, "100.00")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("ERROR 17: not read", "it answered prices-3.csv with 'ERROR 17: not read'"),
        ("A;no such article\nB;no such article", "no such article"),
    ],
)
def test_a_refusal_is_told_in_its_words_at_the_first_sweep(settled, answer, words):
    """Nobody has to wait until the time for an answer is over to hear that there was one."""
    settled.apply("A", "80.00")
    settled.answer(answer)
    settled.scene.clock.advance(seconds=1)
    report = settled.scene.verify()
    assert [(aside.item, aside.reason) for aside in report.set_aside] == [("A", words)]
    assert settled.till_state("A") is PublicationState.REFUSED
    assert [waiting.what for waiting in inbox(settled.scene.bench)] == ["listings refused by the channel"]


def test_what_was_refused_is_asked_for_in_a_new_file_after_a_rest(settled):
    """The till has read the old file and will not read it again; sweeps in between write nothing."""
    settled.apply("A", "80.00")
    settled.answer("ERROR 17: file could not be read")
    files = settled.files()
    for _ in range(3):
        settled.scene.clock.advance(hours=1)
        settled.scene.verify()
    assert settled.files() == files
    settled.scene.clock.advance(hours=24)
    settled.scene.verify()
    assert (settled.files()[-1] != files[-1], settled.asked()["A"]) == (True, "80.00")
    settled.answer()
    settled.later()
    assert settled.till_state("A") is PublicationState.VERIFIED


def test_the_first_file_of_a_new_till_has_products_whose_rise_waits(shop):
    """A label still shows the price before: that is what the till asks until it has answered, and not nothing."""
    here, labels = shop(till=False), Labels()
    labels.told["A"] = labels.told["B"] = pln("100.00")
    labels.answer()
    here.use({"labels": labels})
    here.channels = {"labels": labels}
    here.add_till()
    here.apply("A", "110.00")
    assert here.asked() == {"A": "100.00", "B": "100.00"}
    labels.answer()
    here.answer()
    here.later()
    here.later()
    assert here.asked()["A"] == "110.00"


def test_a_new_till_asks_no_more_than_a_label_that_is_versions_behind(shop):
    """It shows what it did two versions ago, and so does the till at first."""
    here, labels = shop(till=False), Labels()
    labels.told["A"] = labels.told["B"] = pln("100.00")
    labels.answer()
    here.use({"labels": labels})
    here.apply("A", "100.00")
    here.later()
    here.apply("A", "110.00")
    here.channels = {"labels": labels}
    here.add_till()
    here.apply("A", "120.00")
    assert here.asked() == {"A": "100.00", "B": "100.00"}


def test_what_a_release_puts_off_keeps_what_was_asked_for(settled):
    """B waits for the first products of a version: the newer file asks for what the unanswered one did."""
    settled.apply("B", "80.00")
    staged = settled.scene.bench.publishing.model_copy(update={"release": ReleaseSettings(first=1, wait=3_600)})
    settled.scene.bench = replace(settled.scene.bench, publishing=staged)
    settled.scene.clock.advance(minutes=1)
    settled.scene.apply({"A": "70.00", "B": "75.00"})
    assert settled.asked() == {"A": "70.00", "B": "80.00"}


def test_a_new_till_has_what_a_release_puts_off(shop):
    """The labels of B, which waits, show what they were told two versions ago, and so does the till."""
    here, labels = shop(till=False), Labels()
    labels.told["A"] = labels.told["B"] = pln("100.00")
    labels.answer()
    here.use({"labels": labels})
    here.apply("B", "100.00")
    here.later()
    here.apply("B", "110.00")
    here.channels = {"labels": labels}
    here.add_till()
    staged = here.scene.bench.publishing.model_copy(update={"release": ReleaseSettings(first=1, wait=3_600)})
    here.scene.bench = replace(here.scene.bench, publishing=staged)
    here.scene.clock.advance(minutes=1)
    here.scene.apply({"A": "90.00", "B": "120.00"})
    assert here.asked() == {"A": "90.00", "B": "100.00"}
