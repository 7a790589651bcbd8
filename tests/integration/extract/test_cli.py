"""`pricewatch extract` and `pricewatch parse-price` as a user runs them, parsing processes included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FIELDS = [
    "file", "url", "verdict", "price", "currency", "availability", "name", "gtin", "sku", "brand", "condition",
    "shipping", "ambiguous", "readings", "offers", "evidence",
]  # fmt: skip
KETTLE = """<html lang="pl"><title>Kettle</title><h1>Kettle</h1><div class="product-price"><del>149,00 zł</del>
<b class="price">129,00 zł</b></div><button>Do koszyka</button></html>"""


def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pricewatch", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_batch_answers_every_line_in_its_order(tmp_path: Path) -> None:
    """Good pages, a missing file and a broken line: one JSON line each, exactly the promised fields, exit code 3."""
    (tmp_path / "a.html").write_text(KETTLE, encoding="utf-8")
    (tmp_path / "b.html").write_text("<title>Are you human?</title><body>captcha", encoding="utf-8")
    listed = [{"file": "a.html", "url": "https://shop.example/a"}, {"file": "gone.html"}, {"file": "b.html", "url": ""}]
    text = "\n".join([*map(json.dumps, listed), "{broken", json.dumps({"file": 7, "url": None})])
    (tmp_path / "list.jsonl").write_text(text, encoding="utf-8")
    done = run("extract", "--batch", str(tmp_path / "list.jsonl"))
    found = lines(done.stdout)
    assert done.returncode == 3
    assert [record["verdict"] for record in found] == ["product", "unreadable", "blocked", "unreadable", "unreadable"]
    assert [record["file"] for record in found[:3]] == ["a.html", "gone.html", "b.html"]
    assert list(found[0]) == FIELDS
    assert (found[0]["price"], found[0]["currency"], found[0]["availability"]) == ("129.00", "PLN", "InStock")
    assert [("error" in record) for record in found] == [False, True, False, True, True]


def test_a_batch_of_readable_pages_succeeds(tmp_path: Path) -> None:
    """Exit code 0 when every page could be read, whatever is on it."""
    (tmp_path / "a.html").write_text(KETTLE, encoding="utf-8")
    (tmp_path / "list.jsonl").write_text('{"file": "a.html", "url": "https://shop.example/a"}\n\n', encoding="utf-8")
    done = run("extract", "--batch", str(tmp_path / "list.jsonl"))
    assert (done.returncode, len(lines(done.stdout))) == (0, 1)


def test_one_saved_page_is_told_with_what_lost(tmp_path: Path) -> None:
    """One JSON object for programs; its evidence says where the price stood and what was rejected."""
    (tmp_path / "a.html").write_text(KETTLE, encoding="utf-8")
    done = run("extract", str(tmp_path / "a.html"), "--url", "https://shop.example/a", "--json")
    (record,) = lines(done.stdout)
    assert (done.returncode, record["price"]) == (0, "129.00")
    assert record["evidence"]["was"] == "149.00"
    assert "149,00 zł" in record["evidence"]["rejected"][0]


def test_a_page_that_is_not_there_is_a_mistake_of_the_call(tmp_path: Path) -> None:
    """Exit code 2, with a hint, and nothing on stdout."""
    done = run("extract", str(tmp_path / "nothing.html"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "hint:" in done.stderr


def test_price_texts_come_from_arguments_or_standard_input() -> None:
    """One JSON line a text, in order, ambiguity included."""
    done = run("parse-price", "--json", stdin="1 299,00 zł\n1.226\nnothing\n")
    assert done.returncode == 0
    assert lines(done.stdout) == [
        {"text": "1 299,00 zł", "amount": "1299.00", "currency": "PLN", "ambiguous": False, "readings": ["1299.00"]},
        {"text": "1.226", "amount": None, "currency": None, "ambiguous": True, "readings": ["1.226", "1226"]},
        {"text": "nothing", "amount": None, "currency": None, "ambiguous": False, "readings": []},
    ]
    told = run("parse-price", "1.226", "--locale", "de-DE", "--currency", "EUR", "--json")
    assert lines(told.stdout)[0]["amount"] == "1226"


def test_a_locale_that_says_nothing_is_a_mistake_of_the_call() -> None:
    """Exit code 2, and the hint names the languages; one that is known by its country alone is taken."""
    done = run("parse-price", "--locale", "xx-YY", "12,00")
    assert (done.returncode, done.stdout) == (2, "")
    assert "xx-YY" in done.stderr
    assert "pl, pt" in " ".join(done.stderr.split())
    assert run("parse-price", "--locale", "ar-AE", "--json", "--", "-12,00").returncode == 0
