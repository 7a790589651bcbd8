"""A stage that fails costs the others nothing, except that no price leaves on a failed plan."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pricewatch.bootstrap import open_app
from pricewatch.domain.errors import MoneyError
from pricewatch.pipeline.run import run


class Broken:
    """A rule book that cannot be read."""

    def __getattr__(self, name: str) -> object:
        raise MoneyError("the rules are broken", where="rules/x.toml:1")


def test_nothing_new_is_published_when_the_plan_failed(shop) -> None:
    """Earlier approvals wait for a plan that looked at the market; the channels are verified all the same."""
    for words in (("catalogue", "import", "products.csv"), ("scrape",), ("match",), ("plan",), ("approve", "--all")):
        assert shop.run(*words).returncode == 0, words
    with open_app(shop.folder / "config.toml") as app:
        reports = asyncio.run(run(replace(app.bench, rulebook=Broken())))
        found = {report.stage: report for report in reports}
        assert [report.stage for report in reports] == ["send", "scrape", "match", "plan", "publish", "verify"]
        assert (found["plan"].status, found["publish"].status, found["verify"].status) == ("failed", "failed", "ok")
        assert "the rules are broken" in found["plan"].message
        assert app.bench.store.prices.version() is None
    assert not (shop.folder / "feeds" / "prices.csv").exists()
