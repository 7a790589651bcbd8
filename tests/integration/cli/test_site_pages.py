"""A pricing manager takes a site over, keeps its pages as tests, and is told when they read otherwise: no code."""

from __future__ import annotations

PAGE = """<html lang="pl"><h1>Drill 12 V</h1><p class="price">419,00 zł</p>
<p>419,00 zł</p><p>wysyłka jutro</p><button>do koszyka</button></html>"""


def test_a_live_page_becomes_a_test_of_its_site(shop, rival) -> None:
    """It is fetched, kept with what was read, holds as it stands, and fails when the record asks for more."""
    gtin = next(iter(rival.prices))
    made = shop.run("site", "record", "rival", f"http://127.0.0.1:{rival.port}/p/{gtin}")
    assert made.returncode == 0, made.stderr
    assert "put it right" in made.stderr
    record = shop.folder / "scrapers" / "tests" / "rival" / f"{gtin}.toml"
    assert record.with_suffix(".html").read_bytes() == rival.page(gtin).encode()
    held = shop.run("site", "test", "rival", "--recorded")
    assert held.returncode == 0, held.stderr
    record.write_text(record.read_text().replace('availability = "in_stock"', 'availability = "out_of_stock"'))
    (line, summary) = shop.json("site", "test", "rival", "--recorded")
    assert (line["key"], line["expected"], line["read"]) == ("availability", "out_of_stock", "in_stock")
    assert summary["counts"] == {"pages": 1, "wrong": 1}


def test_a_saved_page_needs_neither_network_nor_config(tmp_path, shop) -> None:
    """In a folder with one definition: record, test again, and never write over a record."""
    bare = type(shop)(tmp_path / "bare")
    (bare.folder / "scrapers").mkdir(parents=True)
    (bare.folder / "scrapers" / "toolshop.toml").write_text(
        'name = "toolshop"\ndomains = ["toolshop.example"]\nlocale = "pl-PL"\ncurrency = "PLN"\nenabled = false\n'
    )
    (bare.folder / "saved.html").write_text(PAGE)
    words = ("site", "record", "toolshop", "https://toolshop.example/p/drill-12-v.html", "--file", "saved.html")
    assert bare.run(*words).returncode == 0
    assert 'price = "419.00"' in (bare.folder / "scrapers/tests/toolshop/drill-12-v.toml").read_text()
    assert bare.run("site", "test", "toolshop", "--recorded").returncode == 0
    again = bare.run(*words)
    assert again.returncode == 2
    assert "--as TITLE" in again.stderr
    assert bare.run(*words, "--as", "Second look").returncode == 0
    assert (bare.folder / "scrapers/tests/toolshop/second-look.toml").exists()


def test_what_is_not_there_is_told_with_the_next_step(shop) -> None:
    """Unknown sites, foreign pages, no recorded page."""
    for words, said in (
        (("site", "test", "rival", "--recorded"), "pricewatch site record rival URL"),
        (("site", "test", "nowhere", "--recorded"), "site list --all"),
        (("site", "record", "rival", "https://other.example/p/1"), "add the host to its domains"),
        (("site", "record", "rival", "http://127.0.0.1:1/p", "--file", "nothing.html"), "add the host"),
        (("site", "copy", "nowhere"), "site list --all"),
        (("site", "copy", "idealo-ed"), "did you mean `idealo`?"),
        (("site", "test", "rivl", "--recorded"), "did you mean `rival`?"),
        (("site", "copy", "rival"), "site list --all"),
    ):
        done = shop.run(*words)
        assert done.returncode == 2, words
        assert said in done.stderr, words


def test_sites_that_come_along_stay_out_of_sight_until_they_are_taken_over(shop) -> None:
    """The list shows what is the project's; a copy is its own, switched off, and cannot be switched on untried."""
    first = shop.run("site", "list")
    assert "rival" in first.stdout
    assert "ceneo" not in first.stdout
    assert "more that come with pricewatch" in first.stderr
    assert "ceneo" in shop.run("site", "list", "--all").stdout
    assert shop.run("site", "copy", "ceneo", "geizhals").returncode == 0
    assert "geizhals" in shop.run("site", "list").stdout
    taken = shop.folder / "scrapers" / "ceneo.toml"
    taken.write_text(taken.read_text().replace("enabled = false", "enabled = true"))
    refused = shop.run("site", "list")
    assert refused.returncode == 2
    assert "scrapers/ceneo.toml" in refused.stderr
    assert "pricewatch site test ceneo URL" in refused.stderr
    tried = taken.read_text().replace("verified = false", "verified = true")
    taken.write_text(tried.replace('verdict = "unchecked"', 'verdict = "allowed"'))
    assert shop.run("site", "list").returncode == 0


def test_pages_of_a_site_that_is_switched_off_are_taken_and_told(shop) -> None:
    """Nobody waits for readings that never come: the import and the doctor say so."""
    (shop.folder / "pages.csv").write_text("site,url\nceneo,https://www.ceneo.pl/61034482\n")
    done = shop.run("targets", "import", "pages.csv")
    assert done.returncode == 0, done.stderr
    assert "switched" in done.stdout + done.stderr
    found = [line for line in shop.json("doctor", "--offline") if line.get("check") == "site ceneo"]
    assert [(line["level"], "switched off" in str(line["found"])) for line in found] == [("warn", True)]
