"""What was sold, the demand model and price tests by their commands, in a folder of a user's own, with odd input."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricewatch.cli.main import run

PRODUCTS, DAYS = 24, 15 * 7
RULES = """
[[guardrails]]
min_margin = "5%"

[[rule]]
name = "learnt"
when = "optimal > 0"
target = "optimal"

[[rule]]
name = "rest"
target = "keep"
"""
Told = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with fifteen weeks of sales; of its products the last four are one price, never sold, far too large an
    order, and hardly sold.
    """
    folder = tmp_path_factory.mktemp("sold")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["init", "--quiet"]) == 0
        for file in (folder / "rules").iterdir():
            file.unlink()
        (folder / "rules" / "rules.toml").write_text(RULES)
        _write(folder / "products.csv", ("sku", "name", "category", "price", "cost", "tax", "stock"), _products())
        assert run(["catalogue", "import", "products.csv", "--quiet"]) == 0
        _write(folder / "orders.csv", ("order", "line", "sku", "date", "units", "price"), _orders())
        assert run(["sales", "import", "orders.csv", "--quiet"]) == 0
    return folder


def _write(file: Path, header: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as open_file:
        csv.writer(open_file).writerows([header, *rows])


def _products() -> Iterator[tuple[Any, ...]]:
    for n in range(PRODUCTS):
        yield f"T-{n:02}", f"Towar {n}", "saws" if n < 12 else "drills", "100.00", "55.00", "23", 500


def _orders() -> Iterator[tuple[Any, ...]]:
    random = np.random.default_rng(3)
    today = datetime.now(UTC).date()
    for n in range(PRODUCTS - 4):
        asked = 1.0
        for day in range(DAYS, 0, -1):
            asked = 1.0 + float(random.choice([-0.08, 0.0, 0.08])) if day % 7 == 0 else asked
            units = int(random.poisson(3.0 * asked**-3.0))
            if units:
                yield f"{n}-{day}", 1, f"T-{n:02}", today - timedelta(days=day), units, f"{100 * asked:.2f}"
    for day in range(DAYS, 0, -1):
        yield f"flat-{day}", 1, "T-20", today - timedelta(days=day), 2, "100.00"
        yield (
            f"odd-{day}",
            1,
            "T-22",
            today - timedelta(days=day),
            5_000 if day == 30 else 2,
            "98.00" if day % 2 else "102.00",
        )
    yield "few", 1, "T-23", today - timedelta(days=5), 2, "100.00"


@pytest.fixture
def told(sold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run a command in a copy of the shop; its exit code and what it printed as records."""
    shutil.copytree(sold, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")

    def call(*words: str) -> tuple[int, list[dict[str, Any]]]:
        code = run([*words, "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def of(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["type"] == kind]


# --- sales


def test_every_odd_line_of_sales_has_its_outcome(told: Told) -> None:
    """Without a price it counts without one; a return counts below zero; the same line again replaces itself; a clock
    that jumped, no pieces, too many, unknown products, a price below zero and what is no number are set aside.
    """
    lines = """order,line,sku,date,units,price,status
A1,1,T-00,2026-11-01,2,,paid
A2,1,T-00,2026-11-02,-1,52.00,paid
A3,1,T-00,2026-11-02,1,52.00,returned
A4,1,T-00,2026-11-06,1,52.00,paid
A4,1,T-00,2026-11-06,1,52.00,paid
A5,1,T-00,2026-11-06,1,52.00,cancelled
B1,1,T-00,2026-11-03,0,52.00,paid
B2,1,T-00,2026-11-04,99999999,52.00,paid
B3,1,T-00,1999-11-06,1,52.00,paid
B4,1,T-00,2061-11-06,1,52.00,paid
B5,1,NOSUCH,2026-11-06,1,52.00,paid
B6,1,T-00,2026-11-06,1.5,52.00,paid
B7,1,T-00,not a date,1,52.00,paid
B8,1,T-00,2026-11-06,1,-52.00,paid
B9,1,,2026-11-06,2,52.00,paid
C1,1,T-00,9999-12-31,1,52.00,paid
C2,1,T-00,0001-01-01,1,52.00,paid
"""
    Path("odd.csv").write_text(lines)
    code, found = told("sales", "import", "odd.csv")
    counts = of(found, "stage")[0]["counts"]
    assert (code, len(of(found, "set_aside"))) == (3, 11)
    assert (counts["added"], counts["returned"], counts["without_price"]) == (4, 2, 1)
    assert told("sales", "import", "odd.csv")[1][0]["counts"]["unchanged"] >= 4


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Symbol;Data sprzedaży;Ilość;Cena brutto;Numer zamówienia\nT-01;06.11.2026;3;1 054,50;Z1\n", "utf-8-sig"),
        ("Symbol;Data zamówienia;Ilość sztuk;Wartość brutto;Zamówienie\nT-01;06-11-2026;3;3163,50 zł;Z1\n", "cp1250"),
        ("Artikelnummer;Bestelldatum;Menge;Einzelpreis;Bestellnummer\nT-01;06.11.2026;3;1.054,50;Z1\n", "utf-8"),
        ("sku\tdate\tqty\ttotal\nT-01\t2026-11-06\t3\t3163.50\n", "utf-8"),
    ],
)
def test_sales_are_read_as_shops_write_them(told: Told, text: str, encoding: str) -> None:
    """Semicolons and tabs, decimal commas, day first, a byte order mark, Windows' encoding, Polish and German words."""
    Path("theirs.csv").write_bytes(text.encode(encoding))
    code, found = told("sales", "import", "theirs.csv", "--source", "theirs")
    assert (code, of(found, "stage")[0]["counts"]) == (0, {"added": 1})
    (known,) = [line for line in told("sales", "status")[1] if line.get("source") == "theirs"]
    assert (known["units"], known["first"][:10]) == (3, "2026-11-06")


def test_a_price_in_another_unit_teaches_nothing(told: Told) -> None:
    """Grosze where złote are meant: the pieces count, the price does not, and each line says so."""
    Path("grosze.csv").write_text(
        "order,line,sku,date,units,price\nG1,1,T-00,2026-11-06,3,10450\nG2,1,T-00,2026-11-06,1,2\n"
    )
    code, found = told("sales", "import", "grosze.csv", "--source", "till")
    assert code == 3
    assert [line["item"] for line in of(found, "set_aside")] == ["T-00", "T-00"]
    assert "20 times the catalogue's 100.00 PLN" in of(found, "set_aside")[0]["reason"]
    (known,) = [line for line in told("sales", "status")[1] if line.get("source") == "till"]
    assert known["units"] == 4


# --- the model


def test_what_the_model_cannot_know_is_left_to_the_rules_and_no_price_is_wild(told: Told) -> None:
    """One price ever, never sold, hardly sold: the plan says why. One enormous order moves nothing by itself."""
    code, found = told("model", "train")
    assert (code, of(found, "model")[0]["set_aside"].get("enormous, cut")) == (0, 1)
    told("model", "use", of(found, "model")[0]["model"])
    code, decided = told("plan")
    assert code == 0
    assert all(90.0 < float(each["new"]) < 110.0 for each in of(decided, "decision"))
    said = {}
    for sku in ("T-20", "T-21", "T-23"):
        said[sku] = " ".join(line["text"] for line in of(told("explain", sku)[1], "step"))
    assert "the demand model: one price only was ever seen" in said["T-20"]
    assert "the demand model: the model knows no sale of it" in said["T-21"]
    assert "the demand model: too few sales" in said["T-23"]


@pytest.mark.slow
def test_an_evaluation_says_what_may_be_claimed_and_prints_the_audit(told: Told) -> None:
    """Prices that moved without a reason of their own allow no claim; the default mode's audit is near competition."""
    found = told("model", "evaluate")[1]
    assert {line["category"] for line in of(found, "claim")} == {"saws", "drills"}
    assert all(line["elasticity"] is None and line["why"].startswith("no claim") for line in of(found, "claim"))
    assert [line["mode"] for line in of(found, "audit")] == ["default", "looking ahead (only on request)"]
    assert of(found, "audit")[0]["delta"] <= 0.1


# --- price tests


def test_a_price_test_by_its_commands(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """Planned with what it can show and cost, started, looked at, too young to report, stopped, and never twice."""
    code, found = told("model", "experiment", "plan", "--step", "3%", "--weeks", "4", "--category", "saws")
    (planned,) = of(found, "experiment")
    assert (code, planned["products"], planned["design"], planned["status"]) == (0, 10, "switchback", "planned")
    assert planned["expected_cost"].endswith(" PLN")
    assert planned["elasticity_within"].endswith("(90 %)")
    code, found = told("model", "experiment", "start", "1", "--by", "jan")
    assert (code, of(found, "summary")[0]["counts"]["left_out"]) == (0, 0)
    assert of(told("model", "experiment", "status")[1], "experiment")[0]["status"] == "running"
    found = told("model", "experiment", "status", "1")[1]
    lot, *_ = of(found, "lot")
    assert (len(of(found, "lot")), lot["lower"], lot["higher"], sorted(lot["lots"])) == (
        10,
        "97.00",
        "103.00",
        ["+", "+", "-", "-"],
    )
    assert told("model", "experiment", "report", "1")[0] == 2
    assert told("model", "experiment", "start", "1")[0] == 2
    taken = [word for line in of(found, "lot") for word in ("--sku", line["sku"])]
    assert told("model", "experiment", "plan", *taken)[0] == 2
    assert told("model", "experiment", "stop", "1", "--reason", "season", "--by", "anna")[0] == 0
    assert of(told("model", "experiment", "status")[1], "experiment")[0]["reason"] == "by anna: season"
    assert told("model", "experiment", "stop", "1")[0] == 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("plan", "--step", "40%"), "not between 0.1% and 20%"),
        (("plan", "--step", "much"), "write it as in 4%"),
        (("plan", "--step", "7%"), "--step 6.9% at most"),
        (("plan", "--step", "14%", "--design", "weeks"), "--step 13% at most"),
        (("plan", "--design", "zigzag"), "switchback, weeks"),
        (("plan", "--category", "nope"), "--category"),
        (("report", "9"), "no price test 9"),
        (("start", "9"), "no price test 9"),
    ],
)
def test_a_price_test_that_cannot_be_says_why(
    sold: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], hint: str
) -> None:
    """Exit code 2, and what to do; nothing is planned."""
    monkeypatch.chdir(sold)
    assert run(["model", "experiment", *words]) == 2
    assert hint in capsys.readouterr().err
