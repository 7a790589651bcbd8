"""Prices, feeds and health over real HTTP on loopback."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from pricewatch.domain.decision import DecisionStatus, Outcome, PriceEntry, Proposal
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock
from pricewatch.web.app import build_app
from pricewatch.web.guard import Pass, hash_of
from pricewatch.web.server import listen
from pricewatch.worker import Health

GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
VAT = TaxRate(2300)
TOKEN = "correct horse battery staple"


def pln(amount: str) -> Money:
    return Money.parse(amount, "PLN")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Web:
    port: int

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            found = {name.lower(): text for name, text in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


class Shop:
    """A store whose price list a test fills."""

    def __init__(self, store: SqlStore, clock: FixedClock, folder: Path) -> None:
        self.store, self.clock, self.folder = store, clock, folder

    def price(self, **prices: str) -> int:
        """Decide and apply prices; returns the version of the price list."""
        at = self.clock.now()
        products = [Product(sku, f"Thing {sku}", VAT, price=pln("100.00"), floor=pln("1.00")) for sku in prices]
        self.store.catalogue.save(products, at=at, group=GROUP)
        asked = [
            (Proposal(sku, "default", Outcome.CUT, pln("100.00"), pln(price), pln("1.00"), None, ()),
             DecisionStatus.APPROVED) for sku, price in prices.items()
        ]  # fmt: skip
        plan = self.store.plans.save(at=at, rules_hash="r", proposals=asked, breakers=[], set_aside=[])
        entries = [
            PriceEntry(0, sku, "default", pln(price), VAT, pln("1.00"), None, plan.number, "rule", "anna", at)
            for sku, price in prices.items()
        ]
        desired = [Desired("feed", sku, sku, 0, pln(price), VAT, pln("1.00"), None) for sku, price in prices.items()]
        return self.store.prices.append(plan=plan.number, at=at, entries=entries, desired=desired).version

    @contextmanager
    def web(self, **options: object) -> Iterator[Web]:
        app = build_app(
            self.store, self.clock, groups=(GROUP,), feeds={"google": self.folder / "google.xml"},
            health_file=self.folder / "health.json", **options,
        )  # fmt: skip
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", server_header=False))
        with listen("127.0.0.1", 0) as sock:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
            thread.start()
            try:
                yield Web(sock.getsockname()[1])
            finally:
                server.should_exit = True
                thread.join()


@pytest.fixture
def priced(sqlite_store: SqlStore, clock: FixedClock, tmp_path: Path) -> Shop:
    made = Shop(sqlite_store, clock, tmp_path)
    made.price(A="9.99", B="1299.00")
    return made


def test_a_price_is_exact_and_says_which_version_it_is(priced: Shop) -> None:
    """Decimal strings, gross and net, and nothing of floors or costs."""
    with priced.web() as web:
        assert web.get("/prices/B").json == {
            "list_version": 1, "group": "default", "sku": "B", "price": "1299.00", "net": "1056.10", "currency": "PLN",
            "version": 1, "valid_from": "2026-11-22T12:00:00+00:00", "prior_price": None,
            "announced_from": None, "announced_until": None, "loyalty_price": None, "coupon_price": None,
            "coupon_code": None, "unit_price": None, "unit": None,
        }  # fmt: skip
        assert web.get("/prices/NONE").status == 404


def test_a_sku_may_look_like_a_path(priced: Shop) -> None:
    """Slashes, blanks and letters beyond ASCII in a SKU find their price."""
    priced.price(**{"K/12 ł": "5.00"})
    with priced.web() as web:
        assert web.get("/prices/K/12%20%C5%82").json["price"] == "5.00"


def test_the_list_names_the_version_that_it_is_complete_for(priced: Shop) -> None:
    """`since` gives what changed after an answer; asking again with its cursor misses nothing. A number alone may be of
    another list's version, and gets everything.
    """
    with priced.web() as web:
        whole = web.get("/prices").json
        assert (whole["version"], [row["sku"] for row in whole["prices"]]) == (1, ["A", "B"])
        assert web.get(f"/prices?since={whole['cursor']}").json["prices"] == []
    priced.price(B="1199.00")
    with priced.web() as web:
        changed = web.get(f"/prices?since={whole['cursor']}").json
        assert (changed["version"], [(row["sku"], row["price"]) for row in changed["prices"]]) == (
            2,
            [("B", "1199.00")],
        )
        assert [len(web.get(f"/prices?since={number}").json["prices"]) for number in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "9" * 19, "%D9%A1"])
def test_since_is_a_version_number(priced: Shop, since: str) -> None:
    """Anything else is the caller's mistake."""
    with priced.web() as web:
        assert web.get(f"/prices?since={since}").status == 400


def test_an_unchanged_list_is_not_sent_again(priced: Shop) -> None:
    """The ETag is strong and changes with the version."""
    with priced.web() as web:
        first = web.get("/prices")
        tag = first.headers["etag"]
        again = web.get("/prices", If_None_Match=f'"other", {tag}')
        assert (again.status, again.body) == (304, b"")
        assert not tag.startswith("W/")
    priced.price(A="8.99")
    with priced.web() as web:
        assert web.get("/prices", If_None_Match=tag).status == 200


def test_a_feed_is_served_as_it_was_written(priced: Shop) -> None:
    """The ETag is the file's hash; a new file is seen at once; HEAD sends no body."""
    feed = priced.folder / "google.xml"
    with priced.web() as web:
        assert web.get("/feeds/google").status == 404
        feed.write_bytes(b"<rss>" + b"x" * 600_000 + b"</rss>")
        first = web.get("/feeds/google")
        assert (first.status, first.body) == (200, feed.read_bytes())
        assert first.headers["etag"] == f'"{hashlib.sha256(first.body).hexdigest()}"'
        assert first.headers["content-type"] == "application/xml"
        assert web.get("/feeds/google", If_None_Match=first.headers["etag"]).status == 304
        head = web.get("/feeds/google", method="HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(first.body)))
        beside = feed.with_name("new.xml")
        beside.write_bytes(b"<rss/>")
        beside.replace(feed)
        assert web.get("/feeds/google", If_None_Match=first.headers["etag"]).body == b"<rss/>"


@pytest.mark.parametrize("path", ["/feeds/..%2fhealth.json", "/feeds/../health.json", "/feeds/health.json", "/", "/x"])
def test_only_what_is_named_is_served(priced: Shop, path: str) -> None:
    """No path leads to another file."""
    (priced.folder / "health.json").write_text("secret")
    with priced.web() as web:
        answer = web.get(path)
        assert answer.status == 404
        assert b"secret" not in answer.body


def test_a_token_guards_everything_but_health(priced: Shop) -> None:
    """Without it, or with another one, 401; it is compared whole."""
    with priced.web(passes=[Pass.of(TOKEN)]) as web:
        assert web.get("/prices", Authorization=f"Bearer {TOKEN}").status == 200
        for wrong in ("", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer \xe9"):
            answer = web.get("/prices", Authorization=wrong)
            assert answer.status == 401, wrong
            assert answer.headers["www-authenticate"] == "Bearer"
        assert web.get("/feeds/google").status == 401
        assert web.get("/health").status == 200


def test_a_token_opens_what_it_is_for(priced: Shop) -> None:
    """Of several tokens each has its own part; only their hashes are known here."""
    passes = [Pass(hash_of("for feeds"), frozenset({"feeds"})), Pass(hash_of("for prices"), frozenset({"prices"}))]
    (priced.folder / "google.xml").write_text("<rss/>")
    with priced.web(passes=passes) as web:
        opened = {
            (token, path): web.get(path, Authorization=f"Bearer {token}").status
            for token in ("for feeds", "for prices", passes[0].hash)
            for path in ("/feeds/google", "/prices", "/prices.csv", "/prices/A", "/lookup?q=A", "/pricesx", "//prices")
        }
    assert {path for (token, path), status in opened.items() if token == "for feeds" and status == 200} == {
        "/feeds/google"
    }
    assert {path for (token, path), status in opened.items() if token == "for prices" and status == 200} == {
        "/prices", "/prices.csv", "/prices/A",
    }  # fmt: skip
    assert {status for (token, _), status in opened.items() if token == passes[0].hash} == {401}
    assert {status for (token, path), status in opened.items() if "lookup" in path and token != passes[0].hash} == {403}


def test_without_a_token_only_this_machines_own_names_are_answered(priced: Shop) -> None:
    """A web page whose name was pointed at 127.0.0.1 does not get our prices."""
    with priced.web() as web:
        assert web.get("/prices", Host="evil.example").status == 421
        assert web.get("/prices", Host=f"localhost:{web.port}").status == 200


def test_every_answer_has_safe_headers(priced: Shop) -> None:
    """Also refusals and mistakes."""
    with priced.web(passes=[Pass.of(TOKEN)]) as web:
        for path in ("/health", "/prices", "/nothing"):
            headers = web.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == "private, no-cache"
            assert "server" not in headers


def test_nothing_can_be_changed_over_http(priced: Shop) -> None:
    """The application reads only."""
    with priced.web() as web:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert web.get("/prices", method=method).status == 405


def test_health_follows_the_daemon(priced: Shop) -> None:
    """Well without a daemon or with a living one; unwell when it went silent."""
    now = priced.clock.now()
    with priced.web() as web:
        assert web.get("/health").json == {"status": "ok", "database": True, "price_list": 1, "daemon": None}
        Health("idle", 7, now, now, open_publications=2).write(priced.folder / "health.json")
        assert web.get("/health").json["daemon"]["open_publications"] == 2
        priced.clock.set(now + timedelta(minutes=5))
        answer = web.get("/health")
        assert (answer.status, answer.json["status"]) == (503, "unwell")


def test_the_command_serves_until_it_is_told_to_end(shop, wait_until: Callable[..., None]) -> None:
    """`pricewatch serve` says where it listens, answers, and ends with 0 on SIGTERM."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = shop.start("serve", "--port", str(port))
    try:
        web = Web(port)

        def answers() -> bool:
            try:
                return web.get("/health").status == 200
            except OSError:
                return False

        wait_until(answers)
        assert web.get("/prices").json["prices"] == []
        taken = shop.run("serve", "--port", str(port))
        assert taken.returncode == 1
        assert "another --port" in taken.stderr
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
        assert f"listening on http://127.0.0.1:{port}/" in told
    finally:
        process.kill()
        process.communicate()


def test_other_machines_need_a_token(shop) -> None:
    """Listening on all addresses without one is refused before anything listens."""
    done = shop.run("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "no token guards it" in done.stderr
