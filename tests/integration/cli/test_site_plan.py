"""What would be read and why, and hosts that are left alone, as an operator sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pricewatch.bootstrap import open_app
from pricewatch.ports import HostRecord


def test_a_dry_run_shows_what_would_be_read_and_asks_nobody(shop, rival) -> None:
    """Each page with its time, its interval and why; after a scrape nothing is due."""
    shop.run("catalogue", "import", "products.csv")
    shop.run("scrape")
    asked = len(rival.asked)
    pages = [line for line in shop.json("scrape", "--dry-run", "--due") if line["type"] == "visit"]
    assert len(pages) == 3
    assert all(page["every"] and page["why"] and page["due"] != "now" for page in pages)
    assert len(rival.asked) == asked


def test_a_paused_host_is_told_and_resumed(shop, rival) -> None:
    """Status and scrape say it with its reason, nothing is asked of it, and `site resume` ends that."""
    host, until = f"127.0.0.1:{rival.port}", datetime.now(UTC) + timedelta(hours=1)
    shop.run("catalogue", "import", "products.csv")
    shop.run("scrape")
    asked = len(rival.asked)
    with open_app(shop.folder / "config.toml") as app:
        app.bench.store.hosts.save([HostRecord(host, "rival", paused_until=until, reason="refuses us")])
    assert "refuses us: left alone until" in shop.run("status", "--json").stdout
    (told,) = [line for line in shop.json("doctor", "--offline") if line.get("check") == f"host {host}"]
    assert told["level"] == "warn"
    assert told["hint"] == "pricewatch site resume rival"
    held = shop.run("scrape", "--json")
    assert held.returncode == 3
    assert "3 pages of rival" in held.stdout
    assert len(rival.asked) == asked
    assert f"{host} may be asked again" in shop.run("site", "resume", "rival").stderr
    assert shop.run("scrape").returncode == 0
    assert len(rival.asked) == asked + 3
