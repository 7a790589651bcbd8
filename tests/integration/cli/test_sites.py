"""A site from its first look to its changed layout: learned, read, replayed, lost and repaired."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DRILL, SANDER = "Wiertarka Bosch GSB 13 RE", "Szlifierka Makita BO4556"
OLD = '<div class="member-zone"><b class="sum">{} zł</b></div><p class="price">999,00 zł</p>'
NEW = '<section data-testid="club-total"><span>{} zł</span></section><p class="price">999,00 zł</p>'
HTML = "text/html; charset=utf-8"
NOTHING = '<div id="app">{}</div>'


@dataclass
class Site:
    """A shop on loopback whose pages may be changed at any time."""

    pages: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def show(self, layout: str, *prices: str) -> None:
        for at, (name, price) in enumerate(zip((DRILL, SANDER), prices, strict=False), 1):
            inner = layout.format(price)
            head = f'<html lang="pl"><head><title>{name}</title></head>'
            self.pages[f"/p/{at}"] = f"{head}<body><h1>{name}</h1>{inner}</body></html>".encode()


@pytest.fixture
def site(serving, answered) -> Iterator[Site]:
    """The shop, with two products in a layout that misleads the reader."""
    made = Site()
    made.show(OLD, "129,00", "87,50")

    def answer(path: str):
        body = made.pages.get(path)
        status = made.status.get(path, 404 if body is None else 200)
        return answered(b"not here" if body is None else body, status, made.types.get(path, HTML))

    with serving(answer) as made.port:
        yield made


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to answer, unless a test says so."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))


def new(shop, site: Site, *more: str):
    return shop.run("site", "new", site.url("/p/1"), *more, "--name", "tools", "--allow-private")


def learned(shop, site: Site):
    done = new(shop, site, site.url("/p/2"), "--price", "129,00", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return shop.folder / "scrapers" / "tools.toml"


def test_from_one_known_price_to_a_repaired_definition(shop, site) -> None:
    """Learn, scrape, replay, lose the layout, be told so, repair, and read the right prices again."""
    file: Path = learned(shop, site)
    text = file.read_text()
    assert "enabled = false" in text
    assert "verified = false" in text
    assert '[read.prices]\n# What a buyer pays now; learned from a known price.\nregular = [".sum"]' in text
    assert shop.run("scrape", "tools").returncode == 0
    replayed = shop.json("site", "test", "tools", "--replay")
    assert (replayed[-1]["counts"], replayed[-1]["exit_code"]) == (
        {"readings": 2, "pages": 2, "differ": 0, "not_kept": 0}, 0,
    )  # fmt: skip

    site.show(NOTHING, "", "")
    shop.run("scrape", "tools")
    lost = shop.run("site", "list", PRICEWATCH_OUTPUT="table", COLUMNS="200")
    assert "next: pricewatch site repair tools" in lost.stderr
    assert "2 pages that had offers show none any more" in " ".join(lost.stdout.split())
    assert "offers were lost on 2 pages" in " ".join(shop.run("status", PRICEWATCH_OUTPUT="table").stdout.split())

    site.show(NEW, "129,00", "79,90")
    declined = shop.run("site", "repair", "tools")
    assert declined.returncode == 2
    assert file.read_text() == text
    done = shop.run("site", "repair", "tools", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '-regular = [".sum"]\n+regular = [\'[data-testid="club-total"] > span\']' in done.stdout
    assert "`.sum` finds nothing any more" in done.stderr
    read = shop.json("site", "test", "tools")
    assert sorted(line["price"] for line in read if line["type"] == "offer") == ["129.00", "79.90"]


STATED = (
    '<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "Product", '
    '"offers": {{"@type": "Offer", "availability": "https://schema.org/InStock"}}}}</script><i>{}</i>'
)


def test_pages_that_still_say_in_stock_but_no_price_are_repaired_from_the_price_before(shop, site) -> None:
    """The last price that was believed counts, not the newest reading, which has none."""
    file = learned(shop, site)
    assert shop.run("scrape", "tools").returncode == 0
    site.show(STATED, "", "")
    shop.run("scrape", "tools")
    site.show(NEW, "129,00", "87,50")
    done = shop.run("site", "repair", "tools", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "club-total" in file.read_text()


def test_replay_shows_what_another_definition_would_read(shop, site) -> None:
    """Before a changed definition goes live: the kept pages, read by it, differ, and --exit-code says so."""
    file = learned(shop, site)
    assert shop.run("scrape", "tools").returncode == 0
    file.write_text(file.read_text().replace('".sum"', '".price"'))
    lines = shop.json("site", "test", "tools", "--replay", "--exit-code")
    assert [(line["field"], line["before"], line["now"]) for line in lines if line["type"] == "difference"] == [
        ("price", "129.00", "999.00"), ("price", "87.50", "999.00"),
    ]  # fmt: skip
    assert lines[-1]["exit_code"] == 4
    number = str(next(line["reading"] for line in lines if line["type"] == "difference"))
    kept = shop.run("extract", "--reading", number, "--explain")
    assert "129.00 PLN from selector at " in kept.stderr
    assert ["true", "regular", "999.00"] in [line.split("\t")[:3] for line in kept.stdout.splitlines()]
    assert "no current reading 999" in shop.run("extract", "--reading", "999").stderr
    file.write_text(file.read_text().replace('".price"', '".gone"') + "\n")
    site.show(NOTHING, "", "")
    assert shop.json("site", "test", "tools", "--replay")[-1]["counts"]["differ"] == 2


def test_another_product_at_the_old_address_repairs_nothing(shop, site) -> None:
    """The site now shows something else there, at the very price: the definition stays as it is, and why is told."""
    file = learned(shop, site)
    assert shop.run("scrape", "tools").returncode == 0
    before = file.read_text()
    site.show(NEW, "129,00")
    site.pages["/p/1"] = site.pages["/p/1"].replace(DRILL.encode(), b"Makita HR2470 SDS")
    site.pages["/p/2"] = site.pages["/p/1"]
    done = shop.run("site", "repair", "tools", "--yes")
    assert done.returncode == 1
    assert "shows another product" in done.stderr
    assert file.read_text() == before


def test_a_saved_page_repairs_too_when_a_person_agrees(shop, site, tmp_path, monkeypatch) -> None:
    """A no changes nothing; a yes writes the new selector."""
    file = learned(shop, site)
    assert shop.run("scrape", "tools").returncode == 0
    site.show(NEW, "129,00", "87,50")
    saved = tmp_path / "saved.html"
    saved.write_bytes(site.pages["/p/1"])
    words = ("site", "repair", "tools", site.url("/p/1"), "--file", str(saved), "--price", "129")
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert shop.run(*words).returncode == 3
    assert "club-total" not in file.read_text()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert shop.run(*words).returncode == 0
    assert "club-total" in file.read_text()


def test_questions_have_defaults_and_answers_count(shop, site, monkeypatch) -> None:
    """An empty answer takes the default; the price that a person names teaches; what is forbidden stays off."""
    answers = "\n129,00\n\nnet\nforbidden\nTheir terms, section 7\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    done = new(shop, site)
    assert done.returncode == 0, done.stderr
    text = (shop.folder / "scrapers" / "tools.toml").read_text()
    for line in ('tax = "net"', 'verdict = "forbidden"', "Their terms, section 7.", 'regular = [".sum"]'):
        assert line in text
    assert shop.run("site", "list").returncode == 0


def test_the_definition_can_go_to_standard_output(shop, site) -> None:
    """With `--output -` stdout holds the definition alone."""
    done = new(shop, site, "--price", "129", "--yes", "--output", "-")
    assert done.returncode == 0
    assert done.stdout.startswith("# 127.0.0.1:")
    assert done.stdout.rstrip().endswith("verified = false")
    assert not (shop.folder / "scrapers" / "tools.toml").exists()


def test_a_page_that_reads_right_gives_a_definition_without_selectors(shop, site) -> None:
    """Generic reading is enough: no [read] at all, and the sitemap that robots.txt names is offered."""
    site.pages["/robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {site.url('/sitemap.xml')}".encode()
    site.show('<p class="price">{} zł</p><button>Do koszyka</button>', "129,00")
    assert new(shop, site, "--yes").returncode == 0
    text = (shop.folder / "scrapers" / "tools.toml").read_text()
    assert "[read" not in text.replace("# No [read]", "")
    assert '# sitemaps = ["robots.txt"]' in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"/robots.txt": b"User-agent: *\nDisallow: /p/"}, "robots.txt does not let"),
        ({"/p/1": b""}, "nothing was written"),
        ({"/p/1": b"\x00\x01\x02\x03" * 4_000}, "binary data"),
        ({"/p/1": b"<html><title>Just a moment...</title><div id='cf-challenge'></div></html>"}, "challenge"),
        ({"/p/1": b"<html><body><h1>Drill</h1><p class='price'>10,00 z\xc5\x82</p></body></html>"}, "129 is not on"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_writes_nothing(shop, site, change: dict[str, bytes], words: str) -> None:
    """Closed, empty, binary, blocked or other pages: the reason in words, exit code 1, and no file."""
    site.pages |= change
    done = new(shop, site, "--price", "129", "--yes")
    assert done.returncode == 1
    assert words in done.stderr
    assert not (shop.folder / "scrapers" / "tools.toml").exists()


@pytest.mark.parametrize(("status", "words"), [(404, "no longer there"), (403, "challenge"), (500, "500")])
def test_refused_and_missing_pages_write_nothing(shop, site, status: int, words: str) -> None:
    """404, 403 and 500 are told in words."""
    site.status["/p/1"] = status
    done = new(shop, site, "--price", "129", "--yes")
    assert (done.returncode, words in done.stderr) == (1, True), done.stderr


def test_wrong_words_are_told_before_anything_is_fetched(shop, site) -> None:
    """A file that is there, prices that are none, addresses of two sites, a private one without leave."""
    learned(shop, site)
    again = new(shop, site, "--price", "129", "--yes")
    assert (again.returncode, "there is such a definition already" in again.stderr) == (2, True)
    for words, told in (
        (("site", "new", "nonsense", "--yes"), "this is no web address"),
        (("site", "new", "https://a.example/1", "https://b.example/2", "--yes"), "give the pages of one site"),
        (("site", "new", site.url("/p/1"), "--name", "other", "--yes"), "private or reserved"),
        (("site", "new", site.url("/p/1"), "--name", "Bad Name", "--yes"), "`name` does not have the form"),
        (("site", "repair", "nobody"), "no site definition named nobody"),
        (("site", "repair", "rival"), "no accepted offers of rival"),
        (("site", "test", "nobody", "--replay"), "no site definition named nobody"),
    ):
        done = shop.run(*words)
        assert done.returncode in (1, 2)
        assert told in done.stderr, done.stderr
    assert "is no price" in new(shop, site, "--price", "cheap", "--yes", "--output", "x.toml").stderr


FEED = """name = "list"
kind = "feed"
enabled = false
domains = ["list.example"]
currency = "PLN"
locale = "pl-PL"
seller = "List"

[source]
type = "feed"
path = "list.csv"
"""


def test_a_tested_feed_is_told_of_as_a_file_not_as_pages(shop) -> None:
    """Offers and faults of the file are told with what to do about them, as pages it has none."""
    (shop.folder / "scrapers" / "list.toml").write_text(FEED)
    (shop.folder / "scrapers" / "list.csv").write_text("id;name;price\n1;Drill;129,00\n2;Saw;1,23E+03\n")
    done = shop.run("site", "test", "list", PRICEWATCH_OUTPUT="table", COLUMNS="200")
    assert done.returncode == 3
    assert "129.00 PLN" in done.stdout
    assert "1 row not used: the price cannot be read, as in '1,23E+03'; correct the rows" in " ".join(
        done.stdout.split()
    )
    assert "1 offer found; 1 fault, told above" in done.stderr
    assert "next: correct [source] in scrapers/list.toml" in done.stderr
    (shop.folder / "scrapers" / "list.csv").write_text("id;name;price\n1;Drill;129,00\n")
    assert "set enabled = true" in shop.run("site", "test", "list").stderr


def test_a_site_whose_terms_forbid_it_is_never_read_not_even_by_name(shop, site) -> None:
    """Neither `scrape` nor `site test` asks such a site for anything, and both say why."""
    file = learned(shop, site)
    file.write_text(file.read_text().replace('verdict = "unchecked"', 'verdict = "forbidden"'))
    site.pages.clear()
    for words in (("scrape", "tools"), ("scrape", "tools", "--dry-run"), ("site", "test", "tools")):
        done = shop.run(*words)
        assert (done.returncode, "the terms of use of tools forbid reading it" in done.stderr) == (2, True), words


def test_a_page_that_is_blocked_and_a_name_that_cannot_be_say_what_to_do(shop, site) -> None:
    """A challenge page is not asked for again: the page is saved by hand; a name is told what it may be made of."""
    site.pages["/p/1"] = (
        b"<html><head><title>Just a moment...</title></head><body><div id=cf-challenge></div></body></html>"
    )
    done = new(shop, site, "--price", "129,00", "--yes")
    assert (done.returncode, "--file PAGE.html" in done.stderr) == (1, True)
    named = shop.run("site", "new", site.url("/p/1"), "--name", "Mój sklep", "--allow-private", "--yes")
    assert (named.returncode, "as in my-shop" in named.stderr) == (2, True)


CSV = "id;nazwa;cena;ean\n1;Wiertarka;129,00;5901234123457\n2;Szlifierka;249,00;4006381333931\n"


def feed(site: Site, path: str, body: str, content_type: str = "text/csv") -> str:
    site.pages[path], site.types[path] = body.encode(), content_type
    return site.url(path)


def test_a_feed_becomes_a_definition_with_a_source_that_reads(shop, site) -> None:
    """By its address or by its Content-Type; what its columns are called is enough, and `site test` reads it."""
    for path in ("/list.csv", "/export"):
        url = feed(site, path, CSV)
        done = shop.run("site", "new", url, "--name", "list", "--currency", "PLN", "--allow-private", "--yes")
        assert done.returncode == 0, done.stderr
        text = (shop.folder / "scrapers" / "list.toml").read_text()
        assert 'kind = "feed"' in text
        assert f'[source]\ntype = "feed"\nurl = "{url}"\n' in text
        read = shop.json("site", "test", "list")
        assert sorted(line["price"] for line in read if line["type"] == "offer") == ["129.00", "249.00"]
        (shop.folder / "scrapers" / "list.toml").unlink()


def test_what_a_feed_does_not_tell_is_asked_for_until_it_makes_sense(shop, site, monkeypatch) -> None:
    """Columns out of those there are, a currency that exists, a country in two letters; rubbish is asked for again."""
    url = feed(site, "/export", "A;B;C\n1;Wiertarka;129,00\n2;Szlifierka;249,00\n")
    answers = ["Q", "C", "A", "zloty", "pln", "Rival", "Polska", "pl", "", "perhaps", "allowed", "they said so"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    done = shop.run("site", "new", url, "--name", "list", "--allow-private")
    assert done.returncode == 0, done.stderr
    text = (shop.folder / "scrapers" / "list.toml").read_text()
    for line in ('columns = { price = "C", id = "A" }', 'currency = "PLN"', 'country = "PL"', 'seller = "Rival"'):
        assert line in text


@pytest.mark.parametrize(
    ("path", "body", "content_type", "words"),
    [
        ("/list.csv", "A;B\n1;2\n", "text/csv", "no column is known to be the price"),
        ("/list.csv", CSV, "text/csv", "its prices have no currency"),
        ("/list.csv", "", "text/csv", "the file is empty"),
        ("/list.csv", "id;price\n1;cheap\n", "text/csv", "none of its first 1 rows can be used"),
        ("/list.csv", "<html><body>Log in</body></html>", HTML, "it is a web page"),
        ("/list.xml", "<?xml version='1.0'?><urlset><url/></urlset>", "application/xml", "it is a sitemap"),
        ("/list.json", '{"id": 1', "application/json", "the JSON is cut off"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_feed_of_offers_writes_nothing(shop, site, path, body, content_type, words) -> None:
    """What is missing is said, nobody is asked with --yes, and there is no file."""
    done = shop.run("site", "new", feed(site, path, body, content_type), "--name", "list", "--allow-private", "--yes",
                    *(["--currency", "PLN"] if "currency" not in words else []))  # fmt: skip
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert not (shop.folder / "scrapers" / "list.toml").exists()


def test_a_password_in_the_address_of_a_feed_is_not_written_down(shop, site) -> None:
    """It is used to look, and left to the environment."""
    url = feed(site, "/list.csv", CSV).replace("http://", "http://ann:sesame@")
    done = shop.run("site", "new", url, "--name", "list", "--currency", "PLN", "--allow-private", "--yes")
    text = (shop.folder / "scrapers" / "list.toml").read_text()
    assert 'password = { env = "LIST_PASSWORD" }' in text
    assert "sesame" not in text + done.stdout + done.stderr


def test_an_empty_shell_is_told_to_need_a_browser(shop, site) -> None:
    """A saved shell cannot be run: what its definition needs is said, and nothing is written."""
    saved = shop.folder / "saved.html"
    saved.write_text('<html><title>Shop</title><body><div id="app"></div><script>load()</script></body></html>')
    done = new(shop, site, "--file", str(saved), "--yes")
    assert (done.returncode, 'render = "auto"' in done.stderr) == (2, True), done.stderr


def test_a_page_is_replayed_in_the_charset_that_it_was_sent_in(shop, site) -> None:
    """Bytes that only the server's Content-Type explains read the same again: it is kept with the page."""
    site.types |= dict.fromkeys(("/p/1", "/p/2"), "text/html; charset=iso-8859-15")
    site.show('<p class="price">{} €</p><button>Do koszyka</button>', "129,00", "87,50")
    site.pages = {path: body.decode().encode("iso-8859-15") for path, body in site.pages.items()}
    assert new(shop, site, site.url("/p/2"), "--currency", "PLN", "--yes").returncode == 0
    read = shop.json("site", "test", "tools")
    assert {line["currency"] for line in read if line["type"] == "offer"} == {"EUR"}
    assert shop.run("scrape", "tools").returncode == 0
    assert shop.json("site", "test", "tools", "--replay")[-1]["counts"] == {
        "readings": 2, "pages": 2, "differ": 0, "not_kept": 0,
    }  # fmt: skip
