"""What people and shops do at the worst moment: the outcome is safe, it is said, and nothing is lost or doubled."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest
from publishing_scene import SKUS
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from pricewatch.demo.woocommerce import WooItem
from pricewatch.domain.errors import PublishingStopped, StoreError

NEW = dict.fromkeys(SKUS, "89.99")


class TestKillSwitch:
    """Thrown in the middle of an apply: from that moment on no write leaves."""

    def stopping(self, scene, channel, after, **options):
        """The switch is thrown when a shop has taken `after` prices; what it takes later is late."""
        late = []

        def watch(name, sku, price):
            if here.store.control.stopped():
                late.append((name, sku, price))
            elif name == channel and sum(line.by == "api" for line in here.writes()) + 1 > after:
                here.store.control.stop(at=here.clock.now(), by="me", reason="wrong prices")

        here = scene(watch=watch, **options)
        return here, late

    def test_no_write_follows_it(self, scene):
        """Of three prices in PrestaShop, which takes them one by one, the first is the last."""
        here, late = self.stopping(scene, "presta", 0)
        with pytest.raises(PublishingStopped):
            here.apply(NEW)
        assert late == []
        assert [line.sku for line in here.presta.log] == ["A"]

    def test_no_write_follows_it_inside_one_batch_of_variations(self, scene):
        """Variations of different products are different requests of one batch: the second one does not leave."""
        here, late = self.stopping(scene, "woo", 0)
        here.woo.items.clear()
        for n, sku in enumerate(SKUS, start=10):
            here.woo.items[n] = WooItem(n, "", "Parent", "", type="variable")
            here.woo.items[n + 100] = WooItem(
                n + 100, sku, "Child", "100.00", parent=n, type="variation", price="100.00"
            )
        with pytest.raises(PublishingStopped):
            here.apply(NEW)
        assert late == []
        assert [line.sku for line in here.woo.log] == ["A"]

    def test_resumed_it_ends_where_it_would_have(self, scene):
        """The rest gets its price, and what was told before is not told again."""
        here, _ = self.stopping(scene, "presta", 0)
        with pytest.raises(PublishingStopped):
            here.apply(NEW)
        here.watch = lambda *line: None
        here.store.control.resume(at=here.clock.now(), by="me")
        here.clock.advance(minutes=10)
        assert here.send().counts["open"] == 0
        assert all(here.shown(sku) == ("89.99", "89.99", "89.99") for sku in SKUS)
        assert len(here.writes()) == 6


def answering(answer):
    """A shop that answers everything with this."""

    async def app(scope, receive, send):
        await answer(scope)(scope, receive, send)

    return httpx.ASGITransport(app=app)


ANSWERS = {
    "HTML": lambda scope: HTMLResponse("<html>Maintenance</html>"),
    "a server error": lambda scope: JSONResponse({"code": "x"}, 500),
    "something else": lambda scope: JSONResponse({"products": "no"}),
    "nothing": lambda scope: HTMLResponse(""),
    "a redirect to another host": lambda scope: RedirectResponse("http://evil.test/steal", 301),
    "wrong credentials": lambda scope: JSONResponse({"code": "no", "message": "Consumer key is invalid."}, 401),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_a_shop_that_answers_only(scene, what):
    """It is set aside with its own words, the other channels have their prices, and it gets them when it is well."""
    here = scene()
    asked = []

    def strange(scope):
        asked.append(scope["server"][0])
        return ANSWERS[what](scope)

    here.instead["woo"] = answering(strange)
    here.bench = here.build()
    report = here.apply(NEW)
    assert report.status == "partly"
    assert {aside.where for aside in report.set_aside} == {"woo"}
    assert [here.shown(sku)[1] for sku in SKUS] == ["89.99"] * 3
    assert set(asked) == {"woo.test"}
    here.instead.clear()
    here.bench = here.build()
    here.clock.advance(hours=2)
    here.verify()
    assert all(here.shown(sku) == ("89.99", "89.99", "89.99") for sku in SKUS)


def test_a_shop_that_may_be_read_and_not_written_is_told_in_its_words(scene):
    """A key without the right to write: the run says so, and does not spend its time on it."""
    here = scene()

    async def readable(scope, receive, send):
        refused = JSONResponse({"code": "no", "message": "The key may not write."}, 401)
        await (here.woo.app if scope["method"] == "GET" else refused)(scope, receive, send)

    here.instead["woo"] = httpx.ASGITransport(app=readable)
    here.bench = here.build()
    (aside,) = here.apply(NEW).set_aside
    assert (aside.where, "The key may not write" in aside.reason) == ("woo", True)
    assert [here.shown(sku)[1] for sku in SKUS] == ["89.99"] * 3


def test_a_shop_that_asks_us_to_wait_for_a_year_is_asked_again_within_hours(scene):
    """Retry-After is honoured, up to an hour: a broken header does not keep a price from a shop."""
    here = scene()
    year = {"retry-after": "31536000"}
    here.instead["woo"] = answering(
        lambda scope: JSONResponse({"code": "busy", "message": "Later."}, 503, headers=year)
    )
    here.bench = here.build()
    here.store.outbox.save_listings("woo", here.listed(), at=here.clock.now())
    here.apply(NEW)
    assert here.states("woo") == dict.fromkeys((("woo", sku) for sku in SKUS), "pending")
    here.instead.clear()
    here.bench = here.build()
    here.clock.advance(hours=2)
    here.send()
    assert {here.woo.shown(sku) for sku in SKUS} == {"89.99"}


def test_a_clock_that_is_set_back_loses_and_doubles_nothing(scene):
    """What was decided an hour later than now is shown everywhere, once, and the next decision follows it."""
    here = scene()
    here.apply({"A": "89.99"})
    here.clock.advance(hours=-1)
    here.verify()
    report = here.apply({"A": "88.99"})
    here.clock.advance(hours=2)
    here.verify()
    assert report.counts["decided"] == 1
    assert here.shown("A") == ("88.99", "88.99", "88.99")
    assert len(here.writes()) == 4
    assert here.store.prices.verify_chain() == ()


class FullDisk:
    """A repository of the store whose writes fail from the k-th one on, until there is room again."""

    def __init__(self, inner, disk, names):
        self._inner, self._disk, self._names = inner, disk, names

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name not in self._names:
            return method

        def write(*args, **kwargs):
            self._disk["left"] -= 1
            if self._disk["left"] < 0:
                raise StoreError("the disk of the database is full; nothing of this step was saved")
            return method(*args, **kwargs)

        return write


@pytest.mark.parametrize("room", range(30))
def test_a_disk_that_is_full_from_some_write_on_loses_and_doubles_nothing(scene, room):
    """Whichever write of an apply is the first that fails: with room again everything is shown, and told once."""
    here = scene()
    here.decide(NEW)
    disk = {"left": room}
    plain = here.store.outbox, here.store.prices, here.store.runs
    here.store.outbox = FullDisk(plain[0], disk, {"claim", "update", "release", "enqueue", "save_listings"})
    here.store.prices = FullDisk(plain[1], disk, {"append", "record_own"})
    here.store.runs = FullDisk(plain[2], disk, {"begin", "finish"})
    with suppress(StoreError):
        here.publish()
    here.store.outbox, here.store.prices, here.store.runs = plain
    here.clock.advance(minutes=10)
    here.publish()
    here.verify()
    assert all(here.shown(sku) == ("89.99", "89.99", "89.99") for sku in SKUS)
    assert len(here.writes()) == 6
    assert here.store.prices.verify_chain() == ()
