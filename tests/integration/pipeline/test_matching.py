"""Matching as a stage: only what is new is judged, answers hold, pages that change are un-matched, pages are found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Availability, Condition, Item, ItemKey, Offer, SiteKind
from pricewatch.domain.product import Product
from pricewatch.pipeline.answers import import_matches
from pricewatch.pipeline.discovery import discover, slug
from pricewatch.pipeline.drift import drifted
from pricewatch.pipeline.match import decide_match, match, take_back, told
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.review import Finder, review_queue
from pricewatch.pipeline.scrape import scrape
from pricewatch.pipeline.settings import DiscoverySettings
from pricewatch.pipeline.worth import uncertainty, worth
from pricewatch.ports import HostRecord, Lead, SiteInfo, Target

E1, E2, E3, E4 = "5901234123457", "5907170001965", "5907170031566", "5907170051915"
NAME = "Wiertarka udarowa Boren GSB 13 RE 600 W"


def show(rivals, title: str, *, site: str = "alfa", page: str = "p/1", gtin: str = "", brand: str = "", mpn: str = "",
         price: str = "100.00", condition: Condition = Condition.NEW) -> str:  # fmt: skip
    """Let a page show one thing."""
    rivals.ask(site, page, price, condition=condition)
    url = f"https://{site}.example/{page}"
    (offer,) = rivals.shown[site, url]
    item = Item(ItemKey(site, url), url, title=title, gtin=gtin, brand=brand, mpn=mpn)
    rivals.shown[site, url] = [replace(offer, item=item)]
    return url


def rename(bench, sku: str, **known: object) -> None:
    product = replace(bench.store.catalogue.get(sku), **known)
    bench.store.catalogue.save([product], at=bench.clock.now(), group=bench.groups[0])


def go(bench, clock):
    """One round: scrape, then match; returns what matching reported."""
    clock.advance(hours=7)
    asyncio.run(scrape(bench))
    return match(bench)


def pairs(bench) -> dict[tuple[str, str], MatchStatus]:
    return {(pair.sku, pair.item.item.rsplit("/", 1)[-1]): pair.status for pair in bench.store.matches.all()}


def test_only_what_is_new_or_changed_is_judged(bench, rivals, clock) -> None:
    """A second run judges nothing; a new price is no reason, a new title and a new item are."""
    show(rivals, f"Rzecz {E1}", gtin=E1)
    assert go(bench, clock).counts["judged"] == 1
    show(rivals, f"Rzecz {E1}", gtin=E1, price="99.00")
    assert "judged" not in go(bench, clock).counts
    show(rivals, f"Rzecz {E1} nowa nazwa", gtin=E1)
    show(rivals, f"Rzecz {E2}", page="p/2", gtin=E2)
    assert go(bench, clock).counts["judged"] == 2
    assert pairs(bench) == {("S-1", "1"): MatchStatus.ACCEPTED, ("S-2", "2"): MatchStatus.ACCEPTED}


def test_what_has_no_title_is_set_aside_and_the_others_are_judged(bench, rivals, clock) -> None:
    """Without an identifier nothing can be known of it; with one it counts at a price like ours, else it is asked."""
    show(rivals, "", page="p/1")
    show(rivals, "", page="p/2", gtin=E2)
    show(rivals, "", page="p/3", gtin=E3, price="9.00")
    show(rivals, f"Rzecz {E1}", page="p/4", gtin=E1)
    report = go(bench, clock)
    assert [(one.item.rpartition("/")[2], "neither a title" in one.reason) for one in report.set_aside] == [("1", True)]
    assert pairs(bench) == {
        ("S-1", "4"): MatchStatus.ACCEPTED, ("S-2", "2"): MatchStatus.ACCEPTED, ("S-3", "3"): MatchStatus.SUGGESTED,
    }  # fmt: skip
    assert go(bench, clock).set_aside == ()


def test_other_thresholds_are_another_judge(bench, rivals, clock) -> None:
    """Whoever demands another precision has everything judged by it."""
    show(rivals, f"Rzecz {E1}", gtin=E1)
    go(bench, clock)
    strict = replace(bench, matching=bench.matching.model_copy(update={"accept": 9_995}))
    assert match(strict).counts["judged"] == 1
    assert pairs(bench) == {("S-1", "1"): MatchStatus.SUGGESTED}


def test_a_product_that_gets_its_gtin_later_finds_its_offers(bench, rivals, clock) -> None:
    """A changed product lets those items wait that it may concern, and no others."""
    show(rivals, NAME, gtin="4006381333931")
    show(rivals, "Karma dla kota 2 kg", page="p/2")
    go(bench, clock)
    assert ("S-1", "1") not in {pair for pair, status in pairs(bench).items() if status is MatchStatus.ACCEPTED}
    bench.store.catalogue.save(
        [replace(bench.store.catalogue.get("S-1"), sku=f"X-{n}", gtin="", name=f"Inny towar {n}") for n in range(9)],
        at=clock.now(), group=bench.groups[0],
    )  # fmt: skip
    match(bench)
    rename(bench, "S-1", name=NAME, gtin="4006381333931")
    report = match(bench)
    assert report.counts["judged"] == 1
    assert pairs(bench)["S-1", "1"] is MatchStatus.ACCEPTED


def test_a_product_that_is_withdrawn_lets_go_of_its_offers(bench, rivals, clock) -> None:
    """What it had been matched to is judged again and reported."""
    show(rivals, f"Rzecz {E1}", gtin=E1)
    go(bench, clock)
    bench.store.catalogue.withdraw(["S-1"], at=clock.now())
    report = match(bench)
    assert [(aside.item, "no longer taken for" in aside.reason) for aside in report.set_aside] == [("S-1", True)]
    assert ("S-1", "1") not in pairs(bench)


def test_a_page_that_sells_something_else_loses_its_match_before_a_price_is_used(bench, rivals, clock) -> None:
    """Right after the scrape, also where a person had accepted it; the answer stays on record."""
    show(rivals, NAME)
    go(bench, clock)
    item = ItemKey("alfa", "https://alfa.example/p/1")
    decide_match(bench, "S-1", item, MatchStatus.ACCEPTED, by="anna")
    show(rivals, "Karma dla kota 2 kg", price="9.00")
    clock.advance(hours=7)
    report = asyncio.run(scrape(bench))
    (aside,) = report.set_aside
    assert (aside.item, "Karma dla kota" in aside.reason) == ("S-1", True)
    (pair,) = bench.store.matches.of_sku("S-1")
    assert (pair.status, "anna" in pair.reasons[0]) == (MatchStatus.SUGGESTED, True)
    assert len(bench.store.plans.market(bench.groups[0], at=clock.now()).offers) == 0
    assert [(one.same, one.theirs.title) for one in told(bench)] == [(True, NAME)]


@pytest.mark.parametrize("title", ["Karma dla kota 2 kg", f"Etui do: Rzecz {E1}"], ids=["another thing", "accessory"])
def test_what_a_page_showed_of_another_thing_is_no_evidence(bench, rivals, clock, title) -> None:
    """The GTIN of what was sold there before is not remembered once the title names something else."""
    show(rivals, f"Rzecz {E1}", gtin=E1)
    go(bench, clock)
    assert pairs(bench) == {("S-1", "1"): MatchStatus.ACCEPTED}
    show(rivals, title, price="9.00")
    go(bench, clock)
    assert MatchStatus.ACCEPTED not in pairs(bench).values()
    assert len(bench.store.plans.market(bench.groups[0], at=clock.now()).offers) == 0
    show(rivals, f"Rzecz {E1}", gtin=E1)
    go(bench, clock)
    assert pairs(bench) == {("S-1", "1"): MatchStatus.ACCEPTED}


def test_neither_map_nor_model_brings_back_what_a_changed_page_has_lost(bench, rivals, clock) -> None:
    """The file still says so; a person looks."""
    show(rivals, NAME)
    line = ("map.csv:2", Match("S-1", ItemKey("alfa", "https://alfa.example/p/1"), MatchStatus.ACCEPTED, method="map"))
    mapped = replace(bench, match_map=lambda: [line])
    go(mapped, clock)
    assert pairs(bench) == {("S-1", "1"): MatchStatus.ACCEPTED}
    show(rivals, "Karma dla kota 2 kg", price="9.00")
    report = go(mapped, clock)
    assert pairs(bench) == {("S-1", "1"): MatchStatus.SUGGESTED}
    assert any(aside.where == "map.csv:2" and "has changed" in aside.reason for aside in report.set_aside)


@pytest.mark.parametrize(
    ("then", "now", "changed"),
    [
        ({"title": NAME}, {"title": "BOREN GSB13RE wiertarka udarowa 600W"}, False),
        ({"title": NAME}, {"title": "Wiertarka udarowa Boren GSB 16 RE 750 W"}, True),
        ({"title": "Telefon Ovio A5 128 GB"}, {"title": "Telefon Ovio A5 256 GB"}, True),
        ({"title": NAME}, {"title": ""}, False),
        ({"title": NAME, "gtin": E2}, {"title": NAME, "gtin": E3}, True),
        ({"title": NAME, "gtin": E2}, {"title": NAME, "gtin": E1}, False),
        ({"title": NAME, "gtin": E2}, {"title": NAME}, False),
        ({"title": NAME}, {"title": NAME.replace("Boren", "Torvik")}, True),
        ({"title": NAME, "brand": "Boren"}, {"title": NAME.replace("Boren ", ""), "brand": "Torvik"}, True),
        ({"title": "Odkurzacz Medivo H20"}, {"title": "Odkurzacz Medivo H30"}, True),
        ({"title": "Głośnik BoomX"}, {"title": "Głośnik BoomX Mini"}, True),
        ({"title": "Baterie alkaliczne AA"}, {"title": "Baterie alkaliczne AAA"}, True),
        ({"title": "Kawa ziarnista Oro 1 kg"}, {"title": "Kawa mielona Oro 1 kg"}, True),
        ({"title": "Termometr Medivo bezdotykowy"}, {"title": "Medivo"}, True),
        ({"title": "Namiot Turano N3"}, {"title": "Podłoga do: Namiot Turano N3"}, True),
        ({"title": NAME}, {"title": f"NOWOŚĆ! {NAME} - promocja"}, False),
        ({"title": NAME}, {"title": f"{NAME} w walizce"}, False),
    ],
    ids=[
        "other words",
        "next model",
        "other size",
        "no title any more",
        "other number",
        "our number",
        "no number",
        "brand in the title",
        "brand field",
        "short model",
        "variant",
        "battery",
        "kind",
        "brand alone",
        "made for it",
        "fillers",
        "more words",
    ],
)
def test_which_changes_make_a_page_another_product(then, now, changed) -> None:
    """New wording does not; another model, size or GTIN does, unless the new GTIN is ours."""
    key = ItemKey("alfa", "1")
    product = Product("S-1", NAME, TaxRate(2300), gtin=E1)
    assert bool(drifted(Item(key, "", **then), Item(key, "", **now), product)) is changed


def test_worn_goods_are_never_the_same_product(bench, rivals, clock) -> None:
    """The GTIN is right, the thing is used: an equivalent at most, which sets no price."""
    show(rivals, f"Rzecz {E1}", gtin=E1, condition=Condition.USED)
    go(bench, clock)
    (pair,) = bench.store.matches.of_sku("S-1")
    assert (pair.kind, pair.factor) == (MatchKind.EQUIVALENT, 1)
    assert len(bench.store.plans.market(bench.groups[0], at=clock.now()).offers) == 0


def test_a_target_that_is_bound_to_a_product_is_an_answer(bench, rivals, clock) -> None:
    """Whoever imported the page with its SKU has said what it is."""
    url = show(rivals, "Zupełnie inny opis")
    bench.store.sightings.save_targets([Target("alfa", url, sku="S-3")])
    go(bench, clock)
    (pair,) = bench.store.matches.of_sku("S-3")
    assert (pair.status, pair.decided_by) == (MatchStatus.ACCEPTED, "map")
    decide_match(bench, "S-3", pair.item, MatchStatus.REJECTED, by="anna")
    match(bench)
    assert bench.store.matches.of_sku("S-3")[0].status is MatchStatus.REJECTED


def test_a_map_full_of_rubbish_is_reported_line_by_line(bench, rivals, clock) -> None:
    """Unknown SKUs, repeated lines, one item for two products, and what somebody has answered otherwise."""
    show(rivals, NAME)
    go(bench, clock)
    one, two = ItemKey("alfa", "https://alfa.example/p/1"), ItemKey("beta", "2")
    decide_match(bench, "S-1", one, MatchStatus.REJECTED, by="anna")
    row = Match("S-2", two, MatchStatus.ACCEPTED, method="map")
    lines = [
        ("m.csv:2", row),
        ("m.csv:3", row),
        ("m.csv:4", replace(row, sku="S-3")),
        ("m.csv:5", replace(row, sku="S-404")),
        ("m.csv:6", replace(row, sku="S-1", item=one)),
        ("m.csv:7", SetAside("match import", "line 7", "unreadable", "m.csv:7")),
    ]
    report = import_matches(bench, lines, by="jan")
    assert report.counts == {"added": 1, "changed": 0, "unchanged": 0}
    assert [(aside.where, aside.reason.split(",")[0].split(":")[0]) for aside in report.set_aside] == [
        ("m.csv:3", "stands more than once"),
        ("m.csv:4", "2 is already S-2 in m.csv"),
        ("m.csv:5", "not in the catalogue"),
        ("m.csv:6", "anna has answered rejected"),
        ("m.csv:7", "unreadable"),
    ]
    assert {(pair.sku, pair.status) for pair in bench.store.matches.answered()} == {
        ("S-1", MatchStatus.REJECTED), ("S-2", MatchStatus.ACCEPTED),
    }  # fmt: skip


def test_an_export_that_comes_back_unchanged_changes_nothing(bench, clock) -> None:
    """Automatic matches stay automatic and answers their author's; only the corrected line is the importer's."""
    keys = [ItemKey("alfa", str(number)) for number in range(4)]
    model = Match("S-1", keys[0], MatchStatus.ACCEPTED, probability=9_980, method="model")
    packed = replace(model, item=keys[1], kind=MatchKind.PACK, factor=6)
    asked = replace(model, item=keys[2], status=MatchStatus.SUGGESTED, probability=6_000)
    bench.store.matches.save([model, packed, asked])
    decide_match(bench, "S-1", keys[3], MatchStatus.REJECTED, by="anna")
    before = bench.store.matches.all()
    told = [Match(one.sku, one.item, one.status, one.kind, one.factor, method="map") for one in before]
    lines = [(f"m.tsv:{number}", one) for number, one in enumerate(told, 2)]
    assert import_matches(bench, lines, by="jan").counts == {"added": 0, "changed": 0, "unchanged": 4}
    assert bench.store.matches.all() == before
    lines[2] = ("m.tsv:4", replace(told[2], status=MatchStatus.REJECTED))
    assert import_matches(bench, lines, by="jan").counts == {"added": 0, "changed": 1, "unchanged": 3}
    assert [one.decided_by for one in bench.store.matches.all()] == ["auto", "auto", "jan", "anna"]


def test_an_answer_after_a_file_is_not_the_files_any_more(bench) -> None:
    """What was imported and then answered one by one stays when the file is imported once more."""
    row = Match("S-1", ItemKey("alfa", "1"), MatchStatus.ACCEPTED, method="map")
    import_matches(bench, [("m.csv:2", row)], by="jan")
    decide_match(bench, "S-1", row.item, MatchStatus.REJECTED, by="anna")
    report = import_matches(bench, [("m.csv:2", row)], by="jan")
    assert [aside.reason for aside in report.set_aside] == ["anna has answered rejected, which stays"]
    (pair,) = bench.store.matches.of_sku("S-1")
    assert (pair.status, pair.decided_by) == (MatchStatus.REJECTED, "anna")


def test_a_file_does_not_give_an_answered_item_to_another_product(bench) -> None:
    """Somebody has said one by one what the item is; a line from before that is set aside."""
    item = ItemKey("alfa", "1")
    decide_match(bench, "S-2", item, MatchStatus.ACCEPTED, by="anna")
    row = Match("S-1", item, MatchStatus.ACCEPTED, method="map")
    report = import_matches(bench, [("m.csv:2", row)], by="jan")
    assert [aside.reason for aside in report.set_aside] == ["1 is already S-2 in the answer of anna"]
    assert [(pair.sku, pair.decided_by) for pair in bench.store.matches.all()] == [("S-2", "anna")]


def test_the_most_valuable_question_comes_first(bench, rivals, clock) -> None:
    """Open questions about dear, well-stocked KVIs before sure ones about trifles."""
    rename(bench, "S-2", kvi=True, stock=50)
    keys = [ItemKey("alfa", "1"), ItemKey("alfa", "2")]
    cheap = Match("S-1", keys[0], MatchStatus.SUGGESTED, probability=5_000, method="model")
    bench.store.matches.save([cheap, replace(cheap, sku="S-2", item=keys[1])])
    assert [one.pair.sku for one in review_queue(bench)] == ["S-2", "S-1"]
    assert [one.pair.sku for one in review_queue(bench, "S-1")] == ["S-1"]
    before = review_queue(bench, "S-1")[0].weight
    plan(bench)
    assert review_queue(bench, "S-1")[0].weight > before  # the rules that its price goes through
    assert uncertainty(5_000) == 1.0
    assert uncertainty(10_000) == uncertainty(0) == 0.0
    product = bench.store.catalogue.get("S-1")
    assert worth(product, None, 0) > worth(product, None, 3) > 0


def test_an_answer_can_be_taken_back(bench, rivals, clock) -> None:
    """The pair is open as before, and both steps are in the trail."""
    show(rivals, NAME)
    go(bench, clock)
    suggestion = Match("S-1", ItemKey("alfa", "https://alfa.example/p/1"), MatchStatus.SUGGESTED, probability=6_000)
    bench.store.matches.save([suggestion])
    answer = decide_match(bench, "S-1", suggestion.item, MatchStatus.ACCEPTED, by="anna", kind=MatchKind.PACK, factor=6)
    assert (answer.kind, answer.factor) == (MatchKind.PACK, 6)
    take_back(bench, answer, suggestion, by="anna")
    assert bench.store.matches.of_sku("S-1") == (suggestion,)
    events = [event for _, event, _, _ in bench.store.control.audit_trail(limit=2)]
    assert events == ["match taken back", "match accepted"]


def test_a_product_is_found_by_sku_number_and_words(bench) -> None:
    """What the reviewer types when the suggestion is wrong."""
    finder = Finder(bench.store.catalogue.load().products)
    assert finder.find("S-3")[0].sku == "S-3"
    assert finder.find(f"0{E2}")[0].sku == "S-2"
    assert finder.find(f"rzecz {E4}")[0].sku == "S-4"


# --- finding pages -----------------------------------------------------------------------------------------------


class Searchable:
    """A crawler over another one, with a search: answers by GTIN or by name, and a log of what was asked."""

    def __init__(self, inner, answers: dict[str, Sequence[Lead] | SetAside]) -> None:
        self.inner = inner
        self.answers = answers
        self.asked: list[str] = []

    async def discover(self, site: str):
        return await self.inner.discover(site)

    def crawl(self, site: str, targets):
        return self.inner.crawl(site, targets)

    def search_address(self, site: str, product) -> str:
        return f"https://{site}.example/s?q={product.gtin or product.sku}"

    async def search(self, site: str, addresses) -> AsyncIterator[tuple[str, Sequence[Lead] | SetAside]]:
        for address in addresses:
            self.asked.append(address.rpartition("=")[2])
            yield address, self.answers.get(address.rpartition("=")[2], ())


def searching(bench, rivals, answers, **settings: object):
    crawler = Searchable(rivals, answers)
    sites = {name: site for name, site in bench.sites.items() if name == "alfa"}
    return crawler, replace(bench, crawler=crawler, sites=sites, discovery=DiscoverySettings(**settings))


def hidden(rivals, title: str, gtin: str, page: str) -> str:
    """A page that no sitemap names."""
    url = show(rivals, title, gtin=gtin, page=page)
    rivals.unlisted.add(url)
    return url


def test_a_search_finds_reads_and_matches_pages(bench, rivals, clock) -> None:
    """By GTIN first, then by what else is known; nothing is asked twice within the time set."""
    url = hidden(rivals, f"Rzecz {E1}", E1, "x/1")
    crawler, bench = searching(bench, rivals, {E1: [Lead(url, f"Rzecz {E1}")], "S-2": [Lead(url)]}, again=10)
    report = asyncio.run(discover(bench))
    assert set(crawler.asked) == {E1, E2, E3, E4, "S-2", "S-3", "S-4"}
    assert (report.counts["searches"], report.counts["searches_empty"]) == (4, 2)
    match(bench)
    assert pairs(bench) == {("S-1", "1"): MatchStatus.ACCEPTED}
    crawler.asked.clear()
    asyncio.run(discover(bench))
    assert crawler.asked == []
    clock.advance(days=11)
    asyncio.run(discover(bench))
    assert E1 not in crawler.asked  # it has its competitor there already
    assert E3 in crawler.asked


def test_the_budget_goes_to_what_matters_most(bench, rivals) -> None:
    """The KVI is asked for first; the rest waits for the next run."""
    rename(bench, "S-3", kvi=True)
    crawler, bench = searching(bench, rivals, {E3: [Lead("https://alfa.example/x", "Rzecz")]}, budget=1)
    rivals.shown["alfa", "https://alfa.example/x"] = SetAside("scrape", "https://alfa.example/x", "no answer")
    asyncio.run(discover(bench))
    assert crawler.asked == [E3]


def test_a_refusal_ends_the_search_of_a_site(bench, rivals) -> None:
    """It is reported, and what was not asked is asked next time."""
    refused = SetAside("scrape", "https://alfa.example/s", "the host answered 403")
    crawler, bench = searching(bench, rivals, {E1: refused, E2: refused, E3: refused, E4: refused})
    report = asyncio.run(discover(bench))
    assert len(crawler.asked) == 1
    assert [aside.reason for aside in report.set_aside] == ["the host answered 403"]
    assert bench.store.discovery.searched("alfa") == {}


def host(bench, **known: object) -> None:
    bench.store.hosts.save([HostRecord("alfa.example:443", "alfa", day=f"{bench.clock.now():%Y-%m-%d}", **known)])


def test_finding_pages_leaves_half_of_the_day_to_known_ones(bench, rivals) -> None:
    """Of eight requests left four may be searches and new pages; what had to wait is kept, and the scrape reads it."""
    crawler, bench = searching(bench, rivals, {}, likeness=0.0)
    bench = replace(bench, sites={"alfa": replace(bench.sites["alfa"], daily_budget=10)})
    for gtin in (E1, E2, E3, E4, "5901234123464"):
        show(rivals, f"Rzecz {gtin}", page=gtin, gtin=gtin)
    host(bench, asked=6)
    report = asyncio.run(discover(bench))
    assert set(crawler.asked) <= {E1, E2, "S-1", "S-2"}
    assert (len(rivals.crawled), report.counts["searches"]) == (2, 2)
    assert [aside.item for aside in report.set_aside] == ["2 searches of alfa", "3 pages of alfa"]
    asyncio.run(scrape(bench, due_only=True))
    assert len(set(rivals.crawled)) == 5


def test_a_paused_host_is_neither_searched_nor_read(bench, rivals, clock) -> None:
    """Everything of it waits, and it is said why."""
    crawler, bench = searching(bench, rivals, {}, likeness=0.0)
    show(rivals, NAME)
    host(bench, paused_until=clock.now() + timedelta(hours=2), reason="is ill")
    report = asyncio.run(discover(bench))
    assert (rivals.crawled, crawler.asked) == ([], [])
    assert [aside.reason.partition(": ")[0] for aside in report.set_aside] == ["alfa.example:443 is ill"] * 2
    assert bench.store.discovery.searched("alfa") == {}


def test_on_an_auction_portal_the_search_page_itself_is_read(bench, rivals) -> None:
    """Offers come and go there: what is read again and again is the search."""
    crawler, bench = searching(bench, rivals, {}, budget=1)
    url = f"https://alfa.example/s?q={E1}"
    rivals.shown["alfa", url] = [
        Offer(Item(ItemKey("alfa", "lot-1"), url, title="Rzecz"), "x", None, availability=Availability.IN_STOCK)
    ]
    bench = replace(bench, sites={"alfa": SiteInfo("alfa", SiteKind.AUCTION, enabled=True)})
    asyncio.run(discover(bench))
    assert crawler.asked == []
    assert url in {target.url for target in bench.store.sightings.targets("alfa")}


def test_of_a_narrow_site_only_what_looks_like_ours_is_read_and_what_is_not_ours_is_left(bench, rivals, clock) -> None:
    """By the words of its address or a GTIN in it; a page that turned out not to be ours is not read again."""
    rename(bench, "S-1", name=NAME)
    narrow = replace(bench, discovery=DiscoverySettings(narrow=("alfa",)))
    show(rivals, NAME, page="p/wiertarka-udarowa-boren-gsb-13-re-123.html")
    show(rivals, f"Rzecz {E2}", page=f"ean/{E2}", gtin=E2)
    show(rivals, "Karma dla kota", page="p/wiertarka-udarowa-zorn-77")
    show(rivals, "Pralka", page="p/pralka-ladowana-od-gory-1200")
    go(narrow, clock)
    assert {url.rpartition("/")[2] for url in rivals.crawled} == {
        "wiertarka-udarowa-boren-gsb-13-re-123.html", E2, "wiertarka-udarowa-zorn-77",
    }  # fmt: skip
    rivals.crawled.clear()
    go(narrow, clock)
    assert "https://alfa.example/p/wiertarka-udarowa-zorn-77" not in rivals.crawled
    assert len(rivals.crawled) == 2


def test_a_scrape_searches_where_the_configuration_says_so(bench, rivals) -> None:
    """Within the same budget and memory."""
    _, bench = searching(bench, rivals, {}, with_scrape=True, budget=2)
    asyncio.run(scrape(bench))
    assert len(bench.store.discovery.searched("alfa")) == 2


def test_the_words_of_an_address() -> None:
    """Its last part that has words; endings and encodings do not count."""
    assert slug("https://x.example/p/123/boren-gsb-13.html") == "boren gsb 13"
    assert slug("https://x.example/wiertarka-%C5%82adna/99881") == "wiertarka ładna"
    assert slug("https://x.example/12345") == "12345"
    assert slug("https://x.example/") == ""


def test_a_page_that_stays_gone_is_retired_and_reported(bench, rivals, clock) -> None:
    """Five times in a row; then it is not asked for any more."""
    url = "https://alfa.example/p/9"
    rivals.gone.add(url)
    rivals.shown["alfa", url] = SetAside("scrape", url, "the page says that the item is no longer there")
    reports = []
    for _ in range(5):
        clock.advance(days=1)
        reports.append(asyncio.run(scrape(bench)))
    assert [report.counts.get("pages_retired", 0) for report in reports] == [0, 0, 0, 0, 1]
    rivals.crawled.clear()
    asyncio.run(scrape(bench))
    assert rivals.crawled == []
