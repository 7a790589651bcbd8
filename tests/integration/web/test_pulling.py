"""What shops and call centres pull over HTTP: look-ups, changes as CSV, and compressed answers."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.types import ASGIApp

from pricewatch.channels.feed_delta import delta_file, delta_note
from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import CsvSettings
from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, PriceGroup, Product
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock
from pricewatch.web.app import build_app
from pricewatch.web.guard import Pass, hash_of

POLAND, GERMANY = PriceGroup("pl", "PL", "PLN", "Europe/Warsaw"), PriceGroup("de", "DE", "EUR", "Europe/Berlin")
VAT = TaxRate(2300)


@dataclass(frozen=True)
class Answer:
    """What came back, its body as it was on the wire."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> dict[str, object]:
        return json.loads(self.content)


@dataclass(frozen=True)
class Client:
    """Asks the application; takes no compressed answers unless a test does."""

    app: ASGIApp

    def get(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        async def ask() -> Answer:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                sent = {"accept-encoding": "identity", **(headers or {})}
                async with client.stream("GET", path, params=params, headers=sent) as answer:
                    raw = b"".join([block async for block in answer.aiter_raw()])
                    return Answer(answer.status_code, answer.headers, raw)

        return asyncio.run(ask())


class Shop:
    """A price list of two markets, and the server on it."""

    def __init__(self, store: SqlStore, clock: FixedClock, folder: Path) -> None:
        self.store, self.clock, self.feed = store, clock, folder / "feed.xml"
        products = [Product("A-1", "=Młot", VAT, stock=2), Product("B-2", "Młotek", VAT), Product("C-3", "Piła", VAT)]
        store.catalogue.save(products, at=clock.now(), group=POLAND)
        app = build_app(
            store, clock, groups=(POLAND, GERMANY), feeds={"google": self.feed}, health_file=folder / "none.json"
        )
        self.client = Client(app)

    def price(self, group: PriceGroup, prior: str = "", **prices: str) -> None:
        """Append a version to the price list."""
        now = self.clock.now()
        told = Announcement(Money.parse(prior, group.currency), now, now + timedelta(days=7)) if prior else None
        entries = [
            PriceEntry(0, sku.replace("_", "-"), group.name, Money.parse(price, group.currency), VAT, None, None, 0,
                       "found", "", now, adopted=True, announcement=told) for sku, price in prices.items()
        ]  # fmt: skip
        self.store.prices.append(plan=0, at=now, entries=entries, desired=[])


@pytest.fixture
def pulled(sqlite_store: SqlStore, clock: FixedClock, tmp_path: Path) -> Shop:
    made = Shop(sqlite_store, clock, tmp_path)
    made.price(POLAND, A_1="9.99", B_2="1299.00")
    made.price(GERMANY, prior="4.99", A_1="2.99")
    return made


def test_a_look_up_is_that_of_the_command(pulled: Shop) -> None:
    """Fields for programs, one message for people, in the market's language."""
    found = pulled.client.get("/lookup", params={"q": "mlot"}).json()
    assert [(hit["sku"], hit["price"]) for hit in found["prices"]] == [("A-1", "9.99"), ("B-2", "1299.00")]
    answer = pulled.client.get("/lookup", params={"q": "a1", "group": "de", "text": "1"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "=Młot (A-1): 2,99 €. Angebot bis 29.11.2026. "
        "Niedrigster Preis der letzten 30 Tage vor der Ermäßigung: 4,99 €. "
        "Auf Lager: 2 Stück. Preis aus Preisliste 2, seit 22.11.2026.\n"
    )
    again = pulled.client.get("/lookup", params={"q": "mlot"}, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 200
    same = pulled.client.get("/lookup", params={"q": "mlot"}, headers={"if-none-match": again.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_look_up_that_finds_nothing_names_near_misses(pulled: Shop) -> None:
    """And a product without a price in the price list has none."""
    found = pulled.client.get("/lookup", params={"q": "mlotke"}).json()
    assert (found["prices"], found["near"][0]["sku"]) == ([], "B-2")
    assert pulled.client.get("/lookup", params={"q": "C-3"}).json()["prices"][0]["price"] is None


@pytest.mark.parametrize("query", ["", "q=", "q=x&limit=0", "q=x&limit=51", "q=x&limit=a", "q=x&language=xx"])
def test_a_wrong_look_up_is_the_callers_mistake(pulled: Shop, query: str) -> None:
    """Said in JSON."""
    answer = pulled.client.get(f"/lookup?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


HOSTILE = (
    "%00", "a%00b", "%ff%fe", "%F0%9F%92%A9", "%E2%80%AE1-A", "x" * 5_000, "%F0%9D%9F%98" * 400, "%EF%B7%BA" * 600,
    "'; DROP TABLE products;--",
    "%0d%0aset-cookie:x=1", "..%2f..%2fetc%2fpasswd", "<script>alert(1)</script>", "{{7*7}}", "=cmd|' /C calc'!A0",
    "(a+)+$", "*", "%25%25", "a " * 300, "%ED%A0%80", "1" * 400, "%C2%85%E2%80%A8", "%CC%80" * 900,
)  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_look_up_is_an_answer_or_the_callers_mistake(pulled: Shop, query: str) -> None:
    """Never a failure of ours, never a long one, and nothing of it gets into headers or becomes markup."""
    for path in (f"/lookup?q={query}", f"/lookup?text=1&q={query}", f"/prices/{query}", f"/lookup?q=a&group={query}"):
        answer = pulled.client.get(path.replace(" ", "+"))
        assert answer.status_code in {200, 400, 404}
        assert answer.headers["content-type"].split(";")[0] in {"application/json", "text/plain"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert len(answer.content) < 20_000


def test_changes_come_as_csv_with_a_cursor(pulled: Shop) -> None:
    """Asking again from the cursor misses nothing and repeats nothing."""
    first = pulled.client.get("/prices.csv?group=pl")
    rows = list(csv.DictReader(io.StringIO(first.text)))
    assert [(row["sku"], row["price"], row["currency"]) for row in rows] == [
        ("A-1", "9.99", "PLN"), ("B-2", "1299.00", "PLN"),
    ]  # fmt: skip
    assert first.headers["x-cursor"].startswith("2-")
    known = first.headers["x-cursor"]
    assert len(pulled.client.get(f"/prices.csv?group=pl&since={known}").text.splitlines()) == 1
    pulled.price(POLAND, B_2="1199.00")
    fresh = build_app(pulled.store, pulled.clock, groups=(POLAND,), feeds={}, health_file=pulled.feed)
    later = Client(fresh)
    changed = later.get(f"/prices.csv?since={known}")
    assert [row["sku"] for row in csv.DictReader(io.StringIO(changed.text))] == ["B-2"]
    assert changed.headers["x-cursor"].startswith("3-")
    assert pulled.client.get("/prices.csv?since=x").status_code == 400


def test_another_version_of_the_same_number_is_another_list(pulled: Shop) -> None:
    """A price list that was put back and went on otherwise is neither "unchanged" nor "nothing new"."""
    whole = pulled.client.get("/prices?group=pl")
    cursor = str(whole.json()["cursor"])
    other = f"{cursor[:2]}{'0' * 8 if cursor[2:] != '0' * 8 else '1' * 8}"
    known = {"if-none-match": whole.headers["etag"].replace(cursor, other)}
    assert pulled.client.get("/prices?group=pl", headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert pulled.client.get("/prices?group=pl", headers=known).status_code == 200
    assert pulled.client.get(f"/prices?group=pl&since={cursor}").status_code == 200
    assert pulled.client.get(f"/prices?group=pl&since={other}").status_code == 409


def test_an_announcement_stands_in_the_list_with_its_dates(pulled: Shop) -> None:
    """So that a shop can show it as the law wants it."""
    price = pulled.client.get("/prices/A-1?group=de").json()
    assert (price["prior_price"], price["announced_from"]) == ("4.99", "2026-11-22T12:00:00+00:00")
    assert price["announced_until"] == "2026-11-29T12:00:00+00:00"


@pytest.mark.parametrize(
    "path", ["/prices", "/prices.csv", "/prices/A-1", "/prices?since=0", "/lookup?q=mlot", "/feeds/google"]
)
def test_a_caller_that_takes_gzip_gets_the_same_bytes_compressed(pulled: Shop, path: str) -> None:
    """Under a tag of its own, which is as strong, and is no tag of the plain form."""
    pulled.feed.write_bytes(b"<rss>" + b"x" * 600_000 + b"</rss>")
    plain = pulled.client.get(path)
    answer = pulled.client.get(path, headers={"accept-encoding": "br, gzip;q=0.8"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.content) == plain.content
    assert answer.headers["etag"] != plain.headers["etag"]
    assert {answer.headers["vary"], plain.headers["vary"]} == {"accept-encoding"}
    for tag, encoding, status in (
        (answer.headers["etag"], "gzip", 304), (answer.headers["etag"], "identity", 200),
        (plain.headers["etag"], "gzip", 200), (plain.headers["etag"], "gzip;q=0", 304),
    ):  # fmt: skip
        headers = {"if-none-match": tag, "accept-encoding": encoding}
        assert pulled.client.get(path, headers=headers).status_code == status


def test_a_feed_file_has_no_changes_of_its_own(pulled: Shop) -> None:
    """Rather than a whole feed that looks like a change, the caller is told where changes are."""
    pulled.feed.write_bytes(b"<rss/>")
    answer = pulled.client.get("/feeds/google?since=1")
    assert answer.status_code == 400
    assert "/prices.csv" in json.loads(answer.content)["error"]


def test_a_query_is_text_and_nothing_else(pulled: Shop) -> None:
    """Braces, percent signs and control characters in it break nothing."""
    for query in ("{0}", "{query.__class__}", "%s%n", "\x00\x1b[31m", "a" * 5_000):
        assert pulled.client.get(f"/lookup?text=1&q={quote(query)}").status_code == 200


def test_withdrawn_products_are_told_to_those_who_ask_for_changes(pulled: Shop) -> None:
    """What is sold no longer is named once it was withdrawn, and left out of whole lists; what comes back is told with
    its price, although nobody decided it anew.
    """
    moment = pulled.clock.now()
    whole = pulled.client.get("/prices?group=pl")
    known, cursor = whole.headers["etag"], whole.json()["cursor"]
    pulled.store.catalogue.withdraw(["B-2"], at=moment)
    client = Client(build_app(pulled.store, pulled.clock, groups=(POLAND,), feeds={}, health_file=pulled.feed))
    news = client.get(f"/prices?group=pl&since={cursor}").json()
    assert (news["withdrawn"], news["prices"]) == (["B-2"], [])
    assert client.get(f"/prices.csv?group=pl&since={cursor}").text.splitlines()[1].startswith("B-2,,")
    whole = client.get("/prices?group=pl", headers={"if-none-match": known})
    assert [row["sku"] for row in whole.json()["prices"]] == ["A-1"]
    assert client.get("/prices/B-2?group=pl").status_code == 404
    pulled.store.catalogue.save([Product("B-2", "Młotek", VAT)], at=moment, group=POLAND)
    back = Client(build_app(pulled.store, pulled.clock, groups=(POLAND,), feeds={}, health_file=pulled.feed))
    news = back.get(f"/prices?group=pl&since={cursor}").json()
    assert (news["withdrawn"], [row["sku"] for row in news["prices"]]) == ([], ["B-2"])


def test_a_prior_price_ends_with_its_announcement_everywhere(pulled: Shop) -> None:
    """In the whole list, its ETag, one price, the CSV and the changes: no version is needed for that."""
    whole = pulled.client.get("/prices?group=de")
    assert whole.json()["prices"][0]["prior_price"] == "4.99"
    pulled.clock.advance(days=8)
    after = pulled.client.get("/prices?group=de", headers={"if-none-match": whole.headers["etag"]})
    assert (after.status_code, after.json()["prices"][0]["prior_price"]) == (200, None)
    assert pulled.client.get("/prices/A-1?group=de").json()["prior_price"] is None
    (row,) = csv.DictReader(io.StringIO(pulled.client.get("/prices.csv?group=de").text))
    assert (row["price"], row["prior_price"], row["announced_until"]) == ("2.99", "", "")
    news = pulled.client.get(f"/prices?group=de&since={whole.json()['cursor']}").json()
    assert [(price["sku"], price["prior_price"]) for price in news["prices"]] == [("A-1", None)]


def test_a_cursor_of_another_price_list_is_no_cursor(pulled: Shop) -> None:
    """After a restored backup a puller may know versions that never were: it has to take the whole list."""
    answer = pulled.client.get("/prices?group=pl&since=7")
    assert (answer.status_code, "take it whole" in answer.json()["error"]) == (409, True)


@pytest.mark.parametrize("text", ["json", "csv"])
def test_changes_lose_and_double_nothing_while_prices_are_written(pulled: Shop, text: str) -> None:
    """Pullers that ask all the time end up with the price list, and are told each version of a price once."""
    until, seen, known = 30, [], {}
    app = build_app(pulled.store, pulled.clock, groups=(POLAND,), feeds={}, health_file=pulled.feed, fresh=0.0)
    client = Client(app)
    writer = threading.Thread(
        target=lambda: [pulled.price(POLAND, A_1=f"{n + 1}.01", B_2=f"{n + 1}.02") for n in range(until)]
    )
    writer.start()
    cursor, writing = "0", True
    while writing:
        writing = writer.is_alive()
        if text == "json":
            news = client.get(f"/prices?since={cursor}").json()
            rows, cursor = news["prices"], news["cursor"]
        else:
            answer = client.get(f"/prices.csv?since={cursor}")
            rows, cursor = list(csv.DictReader(io.StringIO(answer.text))), answer.headers["x-cursor"]
        seen += [(row["sku"], int(row["version"])) for row in rows]
        known |= {row["sku"]: row["price"] for row in rows}
    writer.join()
    assert len(seen) == len(set(seen))
    assert known == {sku: entry.gross.text for sku, entry in pulled.store.prices.current("pl").items()}


class WithDelta:
    """A feed of two products with its delta, and the server on it."""

    def __init__(self, pulled: Shop, folder: Path) -> None:
        goods = {sku: Product(sku, f"Item {sku}", VAT, stock=2) for sku in ("A", "B")}
        self.feed = build_channel(
            "shop", CsvSettings(type="csv", path="shop.csv", delta=True), currency="PLN", folder=folder,
            stop_check=lambda: False, assortment=lambda: Assortment(goods), now=pulled.clock.now,
        )  # fmt: skip
        full = folder / "shop.csv"
        feeds = {"shop": full, "shop.delta": delta_file(full), "shop.delta.json": delta_note(full)}
        passes = [Pass(hash_of("for feeds"), frozenset({"feeds"})), Pass(hash_of("for prices"), frozenset({"prices"}))]
        store, clock, none = pulled.store, pulled.clock, folder / "none.json"
        self.client = Client(
            build_app(store, clock, groups=(POLAND,), feeds=feeds, health_file=none, passes=passes, fresh=0.0)
        )

    def write(self, **prices: str) -> None:
        amounts = {sku: Money.parse(price, "PLN") for sku, price in prices.items()}
        wishes = [Desired("shop", s, s, 1, price, VAT, None, None, adopted=True) for s, price in amounts.items()]
        asyncio.run(self.feed.push(wishes))

    def get(self, name: str, *, token: str = "for feeds", known: str = "") -> Answer:
        headers = {"authorization": f"Bearer {token}", "if-none-match": known}
        return self.client.get(f"/feeds/{name}", headers=headers)


@pytest.fixture
def with_delta(pulled: Shop, tmp_path: Path) -> WithDelta:
    made = WithDelta(pulled, tmp_path)
    made.write(A="10.00", B="20.00")
    return made


def test_a_delta_is_pulled_like_its_feed(with_delta: WithDelta) -> None:
    """With a strong tag of its own, which changes when it does and not when it does not."""
    with_delta.write(A="11.00", B="20.00")
    first = with_delta.get("shop.delta")
    rows = list(csv.DictReader(io.StringIO(first.text)))
    assert [(row["sku"], row["price"]) for row in rows] == [("A", "11.00")]
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert tag != with_delta.get("shop").headers["etag"]
    with_delta.write(A="11.00", B="20.00")
    assert (with_delta.get("shop.delta", known=tag).status_code, first.headers["etag"]) == (304, tag)
    with_delta.write(A="11.00", B="21.00")
    again = with_delta.get("shop.delta", known=tag)
    assert (again.status_code, len(list(csv.DictReader(io.StringIO(again.text))))) == (200, 2)


def test_the_note_of_a_delta_says_since_when_it_counts(with_delta: WithDelta) -> None:
    """Whoever took the full feed after that moment puts the delta on top."""
    note = with_delta.get("shop.delta.json")
    assert note.headers["content-type"] == "application/json"
    assert note.json()["since"] == "2026-11-22T12:00:00+00:00"


def test_a_delta_is_for_those_who_may_have_the_feed(with_delta: WithDelta) -> None:
    """A token for prices opens no feed, none opens nothing, and what is no feed is not there."""
    codes = [with_delta.get("shop.delta", token=token).status_code for token in ("for feeds", "for prices", "x")]
    assert codes == [200, 403, 401]
    assert with_delta.get("shop.delta.csv").status_code == 404
    assert with_delta.get("..%2fshop.csv").status_code == 404


def test_who_asks_a_feed_for_changes_is_told_of_its_delta(with_delta: WithDelta) -> None:
    """A cursor is no part of a file's address."""
    answer = with_delta.get("shop?since=1")
    assert (answer.status_code, "/feeds/shop.delta" in answer.text) == (400, True)
