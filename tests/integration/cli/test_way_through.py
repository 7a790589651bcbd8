"""The commands as a user runs them: from an empty folder to a published, verified and explained price."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pricewatch.demo.hosting import serving

HEAVY = ("sqlalchemy", "sklearn", "numpy", "polars", "httpx", "apscheduler", "selectolax", "asyncio")


@pytest.mark.parametrize(
    ("line", "more"), [(["--help"], ("pydantic", "rich")), (["--version"], ()), (["plan", "--help"], ())]
)
def test_help_loads_nothing_heavy(line: list[str], more: tuple[str, ...]) -> None:
    """A person who only asks does not wait for a database driver; Typer itself reads a command's words by pydantic."""
    code = f"""
import sys
from pricewatch.cli.main import run
run({line!r})
sys.exit(",".join(name for name in {HEAVY + more!r} if name in sys.modules) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def published(shop) -> dict[str, str]:
    with (shop.folder / "feeds" / "prices.csv").open(newline="") as file:
        return {row["sku"]: row["price"] for row in csv.DictReader(file)}


def test_from_a_catalogue_to_published_prices(shop) -> None:
    """Each step ends well and says what comes next; nothing is published before it is approved."""
    for words, code in (
        (("catalogue", "import", "products.csv"), 0),
        (("scrape",), 0),
        (("match",), 0),
        (("plan",), 0),
        (("apply",), 1),
        (("approve", "--all", "--by", "anna"), 0),
        (("apply",), 0),
        (("verify",), 0),
        (("audit", "verify"), 0),
    ):
        done = shop.run(*words)
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
        assert code or "next: pricewatch" in done.stderr
    assert {sku: price.split()[0] for sku, price in published(shop).items()} == {
        "A-1": "95.00", "A-2": "190.00", "A-3": "285.00",
    }  # fmt: skip
    piped = shop.run("explain", "A-1").stdout
    assert all(said in piped for said in ("Which offers are this product", "Market (default)", "On the channels"))
    lines = shop.json("explain", "A-1")
    assert {"product", "offer", "step", "reading", "publication", "summary"} <= {line["type"] for line in lines}
    step = next(line for line in lines if line["type"] == "step" and line["step"] == "target")
    assert step["rule"].startswith("rules/10-rules.toml:")
    told = shop.json("history", "A-1")
    assert [line["price"] for line in told if line.get("what") == "our price" and line["where"] == "default"] == [
        "100.00",
        "95.00",
    ]
    state = shop.json("status")
    assert next(line for line in state if line["type"] == "channel")["states"] == {"verified": 3}


def test_what_finds_nothing_to_do_says_so_and_what_would_help(shop) -> None:
    """A catalogue with a header alone, and pages that were all read just now, are not a success to go on from."""
    (shop.folder / "empty.csv").write_text("sku,name,price,tax\n")
    assert shop.run("catalogue", "import", "empty.csv").stderr.splitlines() == [
        "no product in empty.csv",
        "next: pricewatch catalogue import FILE",
    ]
    assert shop.run("scrape").returncode == 0
    assert shop.run("scrape", "--due").stderr.splitlines() == [
        "no page is due",
        "next: pricewatch scrape --dry-run",
    ]


def test_all_stages_at_once_publish_only_what_the_band_allows(shop, rival) -> None:
    """`run` does what the daemon does: what lies outside the band waits for a person."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    rival.prices["5901234123457"] = "99.50"  # half a percent: inside the band
    done = shop.run("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert published(shop)["A-1"].split()[0] == "99.50"
    assert published(shop)["A-2"].split()[0] == "200.00"
    plan = shop.json("plan", "--show", "1")
    assert {line["sku"]: line["status"] for line in plan if line["type"] == "decision"} == {
        "A-1": "applied", "A-2": "pending", "A-3": "pending",
    }  # fmt: skip


def test_a_plan_shows_prices_margins_ranks_and_why(shop) -> None:
    """Each row has the numbers before and after, and the summary counts up, down, stay and held back."""
    for words in (("catalogue", "import", "products.csv"), ("scrape",), ("match",)):
        assert shop.run(*words).returncode == 0
    lines = shop.json("plan", "--dry-run", "--exit-code")
    row = next(line for line in lines if line.get("sku") == "A-1")
    assert (row["outcome"], row["now"], row["new"], row["change"], row["currency"]) == (
        "cut", "100.00", "95.00", "-5.00", "PLN",
    )  # fmt: skip
    assert (row["change_percent"], row["margin_before"], row["rank_before"], row["rank_after"]) == (
        "-5.00", "87.70", 2, 1,
    )  # fmt: skip
    assert "lowest" in row["why"]
    assert (lines[-1]["exit_code"], lines[-1]["counts"]["cut"], lines[-1]["counts"]["plan"]) == (4, 3, 0)
    assert shop.json("status")[0]["plan"] is None


def test_one_process_at_a_time_changes_things(shop) -> None:
    """While the lock is taken, stages end with 5; reading and the kill switch still work."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    with (shop.folder / "pricewatch.db.pricewatch.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for words in (("plan",), ("run",), ("scrape",), ("catalogue", "import", "products.csv"), ("db", "upgrade")):
            done = shop.run(*words)
            assert done.returncode == 5, words
            assert "hint: " in done.stderr
        assert shop.json("plan")[-1]["error"]["kind"] == "Locked"
        for words in (("status",), ("plan", "--dry-run"), ("stop", "--reason", "wrong prices")):
            assert shop.run(*words).returncode == 0, words
    stopped = shop.run("apply")
    assert stopped.returncode == 1
    assert "wrong prices" in stopped.stderr
    assert "pricewatch resume" in stopped.stderr


def test_bad_rows_are_set_aside_and_the_rest_is_done(shop) -> None:
    """Exit code 3, each row named with its line, the good ones imported."""
    with (shop.folder / "products.csv").open("a") as file:
        file.write("A-1,again,1.00,1.00,23,1,\nB,x,12.99,-5,23,1,\n")
    lines = shop.json("catalogue", "import", "products.csv")
    assert [line["where"] for line in lines if line["type"] == "set_aside"] == ["products.csv:5", "products.csv:6"]
    assert (lines[-1]["exit_code"], lines[-1]["counts"]["catalogue_added"]) == (3, 3)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("explain", "NONE"), 2, "no product 'NONE'"),
        (("approve",), 2, "--all"),
        (("approve", "--all"), 2, "there is no"),
        (("catalogue", "import", "missing.csv"), 1, "missing.csv"),
        (("site", "test", "nowhere"), 2, "pricewatch site list"),
        (("channel", "test", "nowhere"), 2, "feed"),
        (("freeze", "A-1", "--until", "tomorrow"), 2, "no product"),
        (("plan", "--show", "99"), 2, "no plan 99"),
        (("status", "--config", "elsewhere.toml"), 2, "pricewatch init"),
        (("run", "dance"), 2, "no stage named dance"),
        (("apply", "--plan", "99"), 2, "no plan 99"),
        (("unfreeze", "NONE"), 2, "no product 'NONE'"),
        (("quarantine", "release", "99"), 3, "0 of 1 reading released"),
        (("init", "products.csv"), 2, "products.csv is a file"),
        (("db", "backup", "nowhere/copy.db"), 1, "nowhere"),
    ],
)
def test_mistakes_end_with_a_hint_and_no_traceback(shop, words: tuple[str, ...], code: int, told: str) -> None:
    """What is wrong and what to do; stdout stays clean."""
    done = shop.run(*words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_configuration_mistakes_come_all_at_once_with_their_places(shop) -> None:
    """Two files, three mistakes, one error with carets; --debug adds the traceback."""
    config = shop.folder / "config.toml"
    config.write_text(config.read_text().replace("country", "contry") + '\n[web]\nport = "x"\n')
    rules = shop.folder / "rules" / "10-rules.toml"
    rules.write_text(rules.read_text().replace('"lowest"', '"lowset"'))
    done = shop.run("plan")
    assert done.returncode == 2
    assert "config.toml:4:" in done.stderr
    assert "did you mean" in done.stderr
    assert "rules/10-rules.toml:" in done.stderr
    assert "^" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in shop.run("plan", "--debug").stderr


def test_a_new_shop_is_ready_to_be_edited(tmp_path: Path, shop) -> None:
    """`init` writes files that are valid as they are, overwrites nothing, and doctor finds its way in them."""
    new = type(shop)(tmp_path)
    first = new.run("init", "fresh")
    assert first.returncode == 0, first.stderr
    assert "cd fresh" in first.stderr
    assert new.run("init", "fresh").returncode == 2
    fresh = type(shop)(tmp_path / "fresh")
    assert {"config.toml", "products.csv", "rules", "scrapers"} <= {path.name for path in fresh.folder.iterdir()}
    found = fresh.json("doctor", "--offline")
    assert not [line for line in found if line.get("level") == "fail"]
    assert {line["check"] for line in found if line["type"] == "check"} >= {"configuration", "database", "clock"}
    assert fresh.run("rule", "check").returncode == 0


def test_doctor_says_what_is_wrong_and_what_to_do(shop) -> None:
    """A channel that cannot be written, and publishing that was stopped, are both found."""
    shop.run("catalogue", "import", "products.csv")
    shop.run("stop", "--reason", "holiday", "--by", "anna")
    found = {line["check"]: line for line in shop.json("doctor") if line["type"] == "check"}
    assert found["publishing"]["level"] == "warn"
    assert "holiday" in found["publishing"]["found"]
    assert found["publishing"]["hint"] == "pricewatch resume"
    assert found["catalogue"]["found"] == "3 products"


def test_doctor_believes_no_channel_whose_prices_are_nonsense(shop) -> None:
    """A marketplace that answers with amounts that are no prices is not called well."""
    offer = {"shop_sku": "A-1", "price": "nonsense", "currency_iso_code": "PLN", "active": True}

    async def offers(_request: Request) -> JSONResponse:
        return JSONResponse({"offers": [offer], "total_count": 1})

    (shop.folder / "key").write_text("market-key")
    app = Starlette(routes=[Route("/api/offers", offers)])
    with serving(lambda _address: app) as url:
        with (shop.folder / "config.toml").open("a") as file:
            file.write(f'[channels.market]\ntype = "mirakl"\nurl = "{url}"\nkey = {{ file = "key" }}\n')
        found = {line["check"]: line for line in shop.json("doctor") if line["type"] == "check"}
    assert found["channel market"]["level"] == "warn"
    assert "no price above zero in 1 listing" in found["channel market"]["found"]


def test_people_decide_about_prices_and_readings(shop) -> None:
    """Freeze, unfreeze, reject, and the audit trail that tells who did it."""
    for words in (("catalogue", "import", "products.csv"), ("scrape",), ("match",)):
        assert shop.run(*words).returncode == 0
    assert shop.run("freeze", "A-1", "--reason", "advertised", "--by", "anna").returncode == 0
    rows = {line["sku"]: line for line in shop.json("plan") if line["type"] == "decision"}
    assert rows["A-1"]["outcome"] == "hold"
    assert shop.run("reject", "A-2", "--by", "anna").returncode == 0
    assert shop.run("reject", "A-2", "--by", "anna").returncode == 3
    assert shop.run("unfreeze", "A-1", "--by", "anna").returncode == 0
    events = [(line["event"], line["by"]) for line in shop.json("audit", "list") if line["type"] == "event"]
    assert ("freeze", "anna") in events
    assert ("rejected", "anna") in events
    assert ("unfreeze", "anna") in events


def test_a_match_is_corrected_by_hand(shop) -> None:
    """Rejecting a wrong match takes the offer out of the plan, and the map can be written out and read back."""
    for words in (("catalogue", "import", "products.csv"), ("scrape",), ("match",)):
        assert shop.run(*words).returncode == 0
    pairs = {line["sku"]: line for line in shop.json("match", "export") if line["type"] == "match"}
    assert shop.run("match", "reject", "A-1", str(pairs["A-1"]["item"]), "--by", "anna").returncode == 0
    rows = {line["sku"]: line for line in shop.json("plan", "--dry-run") if line["type"] == "decision"}
    assert (rows["A-1"]["outcome"], rows["A-2"]["outcome"]) == ("keep", "cut")
    (shop.folder / "map.csv").write_text(shop.run("match", "export").stdout)
    assert shop.run("match", "import", "map.csv").returncode == 0


def test_a_backup_is_a_whole_database(shop) -> None:
    """The copy opens by itself and knows everything; an existing file is never overwritten."""
    shop.run("catalogue", "import", "products.csv")
    done = shop.run("db", "backup", "copy.db")
    assert done.returncode == 0, done.stderr
    assert shop.run("db", "backup", "copy.db").returncode == 2
    state = shop.json("status", PRICEWATCH_DATABASE_URL="sqlite:///copy.db")
    assert state[0]["products"] == 3


def test_options_have_twins_in_the_environment(shop) -> None:
    """PRICEWATCH_JSON and PRICEWATCH_CONFIG do what --json and --config do."""
    done = shop.run("rule", "list", PRICEWATCH_JSON="1", PRICEWATCH_CONFIG=str(shop.folder / "config.toml"))
    assert json.loads(done.stdout.splitlines()[-1])["type"] == "summary"


def test_a_site_is_tried_before_it_is_used(shop) -> None:
    """`site test` reads pages, shows offers, and stores nothing."""
    lines = shop.json("site", "test", "rival", "--limit", "1")
    offer = next(line for line in lines if line["type"] == "offer")
    assert (offer["price"], offer["currency"], offer["verdict"]) == ("95.00", "PLN", "product")
    assert shop.json("status")[0]["offers"] == 0


def test_an_unknown_plan_is_not_passed_over(shop) -> None:
    """`explain --plan` of a plan that there is not says so, and shows nothing in its place."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    done = shop.run("explain", "A-1", "--plan", "99")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no plan 99" in done.stderr


def test_a_missing_key_leaves_the_rest_of_the_shop_at_work(shop) -> None:
    """Without a channel's secret one can look, decide and publish elsewhere; doctor names the variable."""
    with (shop.folder / "config.toml").open("a") as file:
        file.write('[channels.shut]\ntype = "prestashop"\nurl = "http://127.0.0.1:9"\nkey = { env = "NO_SUCH_KEY" }\n')
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    for words in (("status",), ("plan",), ("explain", "A-1"), ("channel", "list"), ("channel", "test", "feed")):
        assert shop.run(*words).returncode in (0, 3), words
    tested = shop.run("channel", "test", "shut")
    assert tested.returncode == 1
    assert "NO_SUCH_KEY" in tested.stderr
    checks = {line["check"]: line for line in shop.json("doctor") if line["type"] == "check"}
    assert (checks["channel shut"]["level"], checks["channel feed"]["level"]) == ("fail", "warn")
    assert "NO_SUCH_KEY" in checks["channel shut"]["found"]


def test_a_damaged_database_is_not_called_up_to_date(shop) -> None:
    """`db upgrade` looks at the file as `doctor` does, also where there is nothing to upgrade."""
    assert shop.run("db", "upgrade").returncode == 0
    file = shop.folder / "pricewatch.db"
    content = bytearray(file.read_bytes())
    for start in range(8_192, len(content) - 4_096, 4_096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)
    done = shop.run("db", "upgrade")
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert "backup" in done.stderr


def test_a_database_of_a_newer_version_asks_for_a_newer_pricewatch(shop) -> None:
    """Every command says the same, and none suggests an upgrade that cannot work."""
    assert shop.run("status").returncode == 0
    with contextlib.closing(sqlite3.connect(shop.folder / "pricewatch.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    for words in (("status",), ("plan",), ("db", "upgrade")):
        done = shop.run(*words)
        assert done.returncode == 1
        assert "upgrade pricewatch itself" in done.stderr, words
    assert "upgrade pricewatch itself" in next(
        line["hint"] for line in shop.json("doctor") if line.get("check") == "database"
    )
