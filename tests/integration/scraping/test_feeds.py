"""A feed as a site: fetched, sorted into parts, stored, and what becomes of offers that it no longer has."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest

from pricewatch.domain.offer import Verdict
from pricewatch.ports import SaveCount, Target
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.testing import FixedClock, MemoryStore

pytestmark = pytest.mark.anyio

ROWS = [f"{n};Thing {n};{n}.50;Makita\n" for n in range(1, 41)]


def csv(*rows: str) -> bytes:
    return ("id;name;price;brand\n" + "".join(rows)).encode()


class Shop:
    """A site with a feed, its crawler and a store, used the way that `scrape` uses them."""

    def __init__(self, lab, **keys) -> None:
        self.clock = FixedClock(lab.Now().now())
        self.store = MemoryStore(self.clock)
        self.site = lab.site("rival", kind="feed", **keys)
        self.fetcher = lab.fetcher(self.site)
        self.crawler = SiteCrawler({"rival": self.site}, ScrapingSettings(), self.clock, fetcher=self.fetcher)
        self.run = self.store.runs.begin("scrape", at=self.clock.now())

    async def scrape(self):
        """One reading: what was stored, and all sightings."""
        self.clock.advance(hours=6)
        found = [each for each in await self.crawler.discover("rival") if isinstance(each, Target)]
        self.store.sightings.save_targets(found)
        targets = self.store.sightings.targets("rival", due=self.clock.now())
        sightings = [each async for each in self.crawler.crawl("rival", targets)]
        return self.store.sightings.save(self.run, sightings), sightings

    def prices(self) -> dict[str, str]:
        return {
            s.observation.offer.item.key.item: s.observation.offer.price.text for s in self.store.sightings.current()
        }


@pytest.fixture
def shops(lab):
    made: list[Shop] = []

    def make(**keys) -> Shop:
        made.append(Shop(lab, **keys))
        return made[-1]

    yield make
    for shop in made:
        shop.crawler.close()
        shop.store.close()


def asides(sightings) -> list[str]:
    return [each.set_aside.reason for each in sightings if each.set_aside]


async def test_a_feed_is_stored_like_pages_and_its_changes_alone(lab, shops):
    """New offers, then one changed price and one new row; the rest counts as seen again."""
    async with lab.serve({"/feed.csv": lab.Answer(body=csv(*ROWS))}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/feed.csv")})
        first, sightings = await shop.scrape()
        assert (first, asides(sightings)) == (SaveCount(new=40), [])
        server.routes["/feed.csv"] = lab.Answer(body=csv("1;Thing 1;99.00;Makita\n", *ROWS[1:], "41;New;5.00;Bosch\n"))
        second, _ = await shop.scrape()
    assert second == SaveCount(new=1, changed=1, unchanged=39)
    assert (shop.prices()["1"], shop.prices()["41"]) == ("99.00", "5.00")
    (stored,) = [s for s in shop.store.sightings.current() if s.observation.offer.item.key.item == "1"]
    assert stored.observation.evidence.selector == "feed.csv:2 price"
    assert b"99.00" in shop.store.sightings.evidence(stored.observation.evidence.page_hash).body


async def test_what_a_whole_feed_no_longer_has_is_gone(lab, shops):
    """Rows that are missing from a whole file are offers that are gone."""
    async with lab.serve({"/f": lab.Answer(body=csv(*ROWS))}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        await shop.scrape()
        server.routes["/f"] = lab.Answer(body=csv(*ROWS[:-3]))
        count, _ = await shop.scrape()
    assert count == SaveCount(unchanged=37, gone=3)


@pytest.mark.parametrize("cut", ["short body", "gzip", "half the rows", "in a row"])
async def test_what_a_cut_off_feed_leaves_out_is_not_gone(lab, shops, cut):
    """A broken transfer, a broken archive, a file that lost most rows, or one that ends in a row: all is kept."""
    whole = csv(*ROWS)
    answer = {
        "short body": lab.Answer(body=whole[:-100], headers={"content-length": str(len(whole))}),
        "gzip": lab.Answer(body=gzip.compress(whole)[:-30]),
        "half the rows": lab.Answer(body=csv(*ROWS[:15])),
        "in a row": lab.Answer(body=csv(*ROWS[:30]) + b"31;Thing"),
    }[cut]
    async with lab.serve({"/f": lab.Answer(body=whole)}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        await shop.scrape()
        server.routes["/f"] = answer
        count, sightings = await shop.scrape()
        assert count.gone == 0
        assert asides(sightings)
        assert len(shop.prices()) == 40
        server.routes["/f"] = lab.Answer(body=whole)
        shop.clock.advance(days=1)
        again, _ = await shop.scrape()
    assert again.new == again.gone == again.changed == 0


async def test_an_unchanged_feed_is_not_read_again(lab, shops):
    """The host says 304: all parts count as seen, nothing is parsed, nothing changes."""

    def answer(request):
        same = request.headers.get("if-none-match") == '"v1"'
        return lab.Answer(304, b"") if same else lab.Answer(body=csv(*ROWS), headers={"etag": '"v1"'})

    async with lab.serve({"/f": answer}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        await shop.scrape()
        count, sightings = await shop.scrape()
    assert count == SaveCount()
    assert all(each.not_modified for each in sightings)
    assert {s.last_seen_at for s in shop.store.sightings.current()} == {shop.clock.now()}


async def test_an_empty_feed_is_a_fault_not_the_end_of_all_offers(lab, shops):
    """A header without rows, a login page, an error: the offers stay, and it is tried again sooner."""
    async with lab.serve({"/f": lab.Answer(body=csv(*ROWS))}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        await shop.scrape()
        for answer in (lab.Answer(body=csv()), lab.Answer(body=b"<html><p>login</p>"), lab.Answer(404)):
            server.routes["/f"] = answer
            count, sightings = await shop.scrape()
            assert (count, len(asides(sightings))) == (SaveCount(), 1)
            assert sightings[0].target.due_at < shop.clock.now() + timedelta(hours=5)
    assert len(shop.prices()) == 40


async def test_bad_rows_are_told_with_their_lines_and_their_offers_are_not_gone(lab, shops):
    """A row whose price became unreadable is no offer that is gone."""
    async with lab.serve({"/f": lab.Answer(body=csv(*ROWS))}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        await shop.scrape()
        server.routes["/f"] = lab.Answer(body=csv("1;Thing 1;abc;Makita\n", *ROWS[1:]))
        count, sightings = await shop.scrape()
    assert (count.gone, len(shop.prices())) == (0, 40)
    (aside,) = [each.set_aside for each in sightings if each.set_aside]
    assert aside.reason == "1 row not used: the price cannot be read, as in 'abc'"
    assert aside.where.endswith(":2")


async def test_rows_that_ask_different_prices_for_one_item_are_held_back(lab, shops):
    """Sizes under one id are no offer of the cheapest: none is used, until a variant or a key tells them apart."""
    rows = ["1;Boots 41;99.00;Makita\n", "1;Boots 42;129.00;Makita\n", "2;Saw;59.00;Makita\n", "2;Saw;59.00;Makita\n"]
    async with lab.serve({"/f": lab.Answer(body=csv(*rows))}) as server:
        together = shops(source={"type": "feed", "url": server.url("/f")})
        _, sightings = await together.scrape()
        apart = shops(source={"type": "feed", "url": server.url("/f"), "columns": {"variant": "name"}})
        await apart.scrape()
    held = [o for sighting in sightings for o in sighting.observations if o.quarantine]
    assert {o.offer.item.key.item for o in held} == {"1"}
    assert "asks 2 prices" in held[0].quarantine
    stored = {s.observation.offer.item.key.item: s.observation.quarantine for s in together.store.sightings.current()}
    assert (bool(stored["1"]), stored["2"]) == (True, "")
    assert len(apart.store.sightings.current()) == 3


async def test_secrets_go_to_the_feed_and_into_no_record(lab, shops, monkeypatch):
    """The token in the address and the password are sent; targets, reports and the store know the template only."""
    monkeypatch.setenv("FEED_TOKEN", "t0p-s3cret")
    monkeypatch.setenv("FEED_PASSWORD", "pass")
    async with lab.serve({"/t0p-s3cret/feed": lab.Answer(body=csv(*ROWS))}) as server:
        source = {
            "type": "feed", "url": server.url("/{token}/feed"), "token": {"env": "FEED_TOKEN"},
            "user": "us", "password": {"env": "FEED_PASSWORD"},
        }  # fmt: skip
        shop = shops(source=source)
        count, _ = await shop.scrape()
        sent = server.asked("/t0p-s3cret/feed")[0].headers["authorization"]
        server.routes.clear()
        _, failed = await shop.scrape()
    assert (count.new, sent) == (40, "Basic dXM6cGFzcw==")
    stored = [s.observation.evidence for s in shop.store.sightings.current()]
    assert "t0p-s3cret" not in f"{failed} {stored} {shop.store.sightings.targets()}"


async def test_a_redirect_to_another_origin_gets_no_password(lab, shops, monkeypatch):
    """Credentials stay with the host that they were meant for, even where the site's domains hold both."""
    monkeypatch.setenv("FEED_PASSWORD", "pass")
    async with lab.serve({"/f": lab.Answer(body=csv(*ROWS))}) as other, lab.serve() as server:
        server.routes["/f"] = lab.Answer(302, headers={"location": other.url("/f")})
        shop = shops(
            source={"type": "feed", "url": server.url("/f"), "user": "us", "password": {"env": "FEED_PASSWORD"}}
        )
        count, _ = await shop.scrape()
        assert count.new == 40
        assert "authorization" not in other.asked("/f")[0].headers


async def test_robots_and_the_address_guard_hold_for_feeds(lab, shops):
    """A forbidden path is not fetched; neither is a private address without leave."""
    robots = lab.Answer(body=b"User-agent: *\nDisallow: /f")
    async with lab.serve({"/f": lab.Answer(body=csv(*ROWS)), "/robots.txt": robots}) as server:
        shop = shops(source={"type": "feed", "url": server.url("/f")})
        _, sightings = await shop.scrape()
        assert "robots.txt" in asides(sightings)[0]
        private = shops(source={"type": "feed", "url": server.url("/f")}, allow_private=False)
        _, sightings = await private.scrape()
        assert "private" in asides(sightings)[0]
        assert not server.asked("/f")


async def test_a_local_file_is_read_again_when_it_changed(shops, tmp_path):
    """The same file is not parsed twice; a missing one is told and takes nothing away."""
    file = tmp_path / "rival.csv"
    file.write_bytes(csv(*ROWS))
    shop = shops(source={"type": "feed", "path": str(file)})
    first, _ = await shop.scrape()
    same, _ = await shop.scrape()
    file.write_bytes(csv(*ROWS[:39], "40;Thing 40;41.00;Makita;\n"))
    changed, _ = await shop.scrape()
    file.unlink()
    gone, sightings = await shop.scrape()
    assert (first.new, same, changed.changed, gone) == (40, SaveCount(), 1, SaveCount())
    assert "No such file" in asides(sightings)[0]


async def test_a_feed_that_grows_into_more_parts_loses_nothing(shops, tmp_path):
    """Offers move to their new parts unchanged; the old part is given up, and is not due again."""
    file = tmp_path / "rival.csv"
    file.write_bytes(csv(*ROWS))
    shop = shops(source={"type": "feed", "path": str(file)})
    await shop.scrape()
    file.write_bytes(csv(*ROWS, *(f"{n};Thing {n};{n}.50;Bosch\n" for n in range(100, 2_300))))
    count, sightings = await shop.scrape()
    assert count == SaveCount(new=2_200, unchanged=40)
    assert len({each.target.url for each in sightings if each.verdict is Verdict.PRODUCT}) == 4
    again, sightings = await shop.scrape()
    assert again == SaveCount()
    assert len(shop.prices()) == 2_240
