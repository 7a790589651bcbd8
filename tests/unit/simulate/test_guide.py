"""The guide names every market and strategy, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pricewatch.simulate.catalogue import MARKETS

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "judge-a-strategy.md").read_text("utf-8")


def test_every_market_and_strategy_is_explained() -> None:
    """What can be named on the command line is in the guide."""
    names = {name for entry in MARKETS.values() for name in entry.strategies}
    assert all(f"`{name}`" in GUIDE for name in names)
    assert all(f"| {name} |" in GUIDE for name in MARKETS)


def test_the_example_of_a_strategy_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Readers copy it."""
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(example, "guide", "exec"), {})
    assert capsys.readouterr().out.startswith("Score(value=")
