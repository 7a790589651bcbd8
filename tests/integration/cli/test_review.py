"""Suggested matches at the keyboard: in a terminal key by key, from a pipe line by line; answers are saved at once."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from pricewatch.bootstrap import open_app
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import Evidence, Item, ItemKey, Observation, Offer, Verdict
from pricewatch.ports import Sighting, Target

GTIN = "5901234123457"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def suggested(shop, rival):
    """A shop in which three suggestions wait: two for one item, one for another."""
    for words in (("catalogue", "import", "products.csv"), ("scrape",)):
        assert shop.run(*words).returncode == 0
    one, two = (ItemKey("rival", f"http://127.0.0.1:{rival.port}/p/{gtin}") for gtin in list(rival.prices)[:2])
    pair = Match("A-1", one, MatchStatus.SUGGESTED, probability=6_000, method="model", reasons=("3 words in common",))
    with open_app(shop.folder / "config.toml") as app:
        app.bench.store.matches.save(
            [
                pair,
                Match("A-2", one, MatchStatus.SUGGESTED, probability=5_500, method="model"),
                Match("A-2", two, MatchStatus.SUGGESTED, probability=9_900, method="model"),
            ]
        )
    return shop


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What somebody types, line by line."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def answers(shop) -> dict[tuple[str, str], str]:
    rows = [line for line in shop.json("match", "export") if line["type"] == "match"]
    return {(row["sku"], row["item"][-4:]): f"{row['status']} {row['decided_by']}" for row in rows}


def test_each_question_shows_both_sides_and_each_answer_is_saved(suggested, types) -> None:
    """Names, prices, ratio, reasons and link; what was accepted is not asked about again."""
    types("a\nr\n")
    done = suggested.run("match", "review", "--by", "anna", "--json")
    assert done.returncode == 0, done.stderr
    assert "Thing [1]" in done.stderr
    assert "(0.95 of ours)" in done.stderr
    assert "3 words in common" in done.stderr
    assert f"/p/{GTIN}" in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["sku"], line["answer"], line["by"]) for line in told[:-1]] == [
        ("A-1", "accepted", "anna"), ("A-2", "rejected", "anna"),
    ]  # fmt: skip
    assert told[-1]["counts"] == {"answered": 2, "left": 0}
    assert answers(suggested) == {("A-1", "3457"): "accepted anna", ("A-2", "3931"): "rejected anna"}


def test_a_slip_is_taken_back_also_after_the_last_question(suggested, types) -> None:
    """Step by step, as far as this sitting goes."""
    types("u\na\nu\nr\ns\ns\nu\nq\n")
    done = suggested.run("match", "review", "--by", "anna")
    assert "nothing to take back" in done.stderr
    assert done.stderr.count("taken back") == 2
    assert answers(suggested)["A-1", "3457"] == "suggested auto"


def test_a_pack_an_equivalent_and_another_product(suggested, types) -> None:
    """A pack asks for its factor, 'other' for our product by words, SKU or GTIN; an empty line goes back."""
    types(f"p\nmany\n6\no\n\no\n{GTIN}\n9\n\no\nA-3\n1\n")
    done = suggested.run("match", "review", "--by", "anna", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()][:-1]
    assert [(line["sku"], line["kind"], line["factor"]) for line in told] == [("A-1", "pack", 6), ("A-3", "exact", 1)]


def test_words_that_lead_nowhere_are_asked_for_again(suggested, types) -> None:
    """The next try is no answer to the question: a SKU that begins with A must not accept the wrong product."""
    types("o\nzebra\nA-99\nRRR\n\np\n0\nabc\n\nq\n")
    done = suggested.run("match", "review")
    assert done.stderr.count("nothing like that") == 3
    assert done.stderr.count("nothing was saved") == 2
    assert "0 answers saved, 3 left" in done.stderr


def test_keys_that_mean_nothing_are_explained(suggested, types) -> None:
    """And the same question stays."""
    types("x\n?\nq\n")
    done = suggested.run("match", "review")
    assert "is no answer" in done.stderr
    assert "take back the last answer" in done.stderr
    assert "0 answers saved, 3 left" in done.stderr


def test_an_empty_queue_says_what_comes_next(shop, types) -> None:
    """Nothing to ask."""
    types("")
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    assert "nothing waits" in shop.run("match", "review").stderr


def test_a_product_or_site_that_there_is_not_is_said(suggested, types) -> None:
    """A slip in a name is no empty queue."""
    types("q\n")
    for words in (("suggest", "A-0"), ("review", "A-0"), ("review", "--site", "rivl")):
        done = suggested.run("match", *words)
        assert (done.returncode, words[-1] in done.stderr) == (2, True)


def test_an_item_may_be_named_by_its_address(suggested) -> None:
    """The link that a person sees in the review is enough, also where the item has a number of its own."""
    item = Item(ItemKey("rival", "x-77"), "https://rival.example/a-thing", title="A thing")
    seen = Observation(Offer(item, "Rival", None), NOW, Evidence("hash", "feed"), item.url)
    with open_app(suggested.folder / "config.toml") as app:
        app.bench.store.sightings.save(1, [Sighting(Target("rival", item.url), Verdict.PRODUCT, (seen,))])
    done = suggested.run("match", "accept", "A-1", item.url, "--by", "anna")
    assert done.returncode == 0, done.stderr
    assert answers(suggested)["A-1", "x-77"] == "accepted anna"


def test_suggestions_show_our_name_beside_theirs(suggested) -> None:
    """The most valuable first."""
    lines = [line for line in suggested.json("match", "suggest") if line["type"] == "match"]
    assert (lines[0]["name"], lines[0]["title"]) == ("Thing 1", f"Thing {GTIN}")


def test_a_map_file_of_rubbish_is_reported_line_by_line(suggested, rival) -> None:
    """Unknown SKUs, repeated lines and bytes of another encoding; the good line is saved, the exit code is 3."""
    url = f"http://127.0.0.1:{rival.port}/p/{GTIN}"
    text = f"sku,url,status\nA-1,{url},accepted\nA-1,{url},accepted\nŻ-9,{url},accepted\nA-2,nonsense,\n"
    (suggested.folder / "map.csv").write_bytes(text.encode("cp1250"))
    done = suggested.run("match", "import", "map.csv", "--by", "anna", "--json")
    assert done.returncode == 3, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    aside = {line["where"]: line["reason"] for line in lines if line["type"] == "set_aside"}
    assert set(aside) == {"map.csv:3", "map.csv:4", "map.csv:5"}
    assert "first in map.csv:2" in aside["map.csv:3"]
    assert answers(suggested)["A-1", "3457"] == "accepted anna"


def test_an_export_can_be_imported_again(suggested, types) -> None:
    """As TSV, with kinds and factors; nothing changes."""
    types("p\n6\nr\n")
    suggested.run("match", "review", "--by", "anna")
    (suggested.folder / "all.tsv").write_text(suggested.run("match", "export").stdout)
    before = answers(suggested)
    done = suggested.run("match", "import", "all.tsv", "--by", "anna")
    assert done.returncode == 0, done.stderr
    assert answers(suggested) == before


@pytest.fixture
def terminal(suggested) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`match review` in a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        suggested.command(("match", "review", "--by", "anna")), cwd=suggested.folder, stdin=theirs, stdout=theirs,
        stderr=theirs, env=suggested.environment(TERM="xterm-256color", COLUMNS="100"), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    yield ours, process
    process.kill()
    process.wait()
    os.close(ours)


def read_until(terminal: int, text: str) -> str:
    """Read what the terminal shows until it has the text."""
    seen = ""
    while text not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 65_536).decode("utf-8", "replace")
    return seen


def test_in_a_terminal_a_key_counts_at_once_and_ctrl_c_leaves_every_answer_saved(terminal, suggested) -> None:
    """Differences are coloured, arrow keys mean nothing."""
    ours, process = terminal
    assert "\x1b[1;33m" in read_until(ours, "[q]uit")
    os.write(ours, b"\x1b[A")
    os.write(ours, b"a")
    read_until(ours, "[q]uit")
    process.send_signal(signal.SIGINT)
    assert "interrupted" in read_until(ours, "interrupted")
    assert process.wait(60) == 130
    assert answers(suggested)["A-1", "3457"] == "accepted anna"
