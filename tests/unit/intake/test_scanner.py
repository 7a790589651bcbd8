"""Scanner panels: the elasticities of a text book, whatever its columns are called."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.errors import PricewatchError
from pricewatch.intake import read_scanner
from pricewatch.pricing.demand.evaluate import loglog


def slopes(file: Path) -> dict[str, float]:
    panel = read_scanner(file)
    return dict(loglog(panel.brand, np.array(panel.price), np.array(panel.logmove)).brands)


@pytest.mark.parametrize("form", ["sales,price", "logmove,price", "logmove,logprice"])
def test_elasticities_are_those_that_the_panel_was_made_with(tmp_path: Path, form: str) -> None:
    """Two brands without noise, told by amounts or by their logarithms; further columns are left alone."""
    lines = [f"week,{form},brand,feat"]
    for week, price in enumerate((1.29, 1.49, 1.99, 2.19)):
        for brand, slope in (("dominicks", -3.4), ("minute.maid", -2.7)):
            sold = 9_000 * price**slope
            cells = {"sales": sold, "price": price, "logmove": math.log(sold), "logprice": math.log(price)}
            told = ",".join(repr(cells[name]) for name in form.split(","))
            lines.append(f"{week},{told},{brand},0")
    file = tmp_path / "oj.csv"
    file.write_text("\n".join(lines), "utf-8")
    assert slopes(file) == pytest.approx({"dominicks": -3.4, "minute.maid": -2.7}, abs=1e-9)


def test_what_has_no_logarithm_is_set_aside(tmp_path: Path) -> None:
    """A week without a sale, a price of nothing, words; the rest is read."""
    file = tmp_path / "panel.csv"
    file.write_text("brand,price,sales\na,1.00,0\na,0,5\na,-1,5\na,nan,5\na,x,5\na,1.00,5\na,1e400,5\n", "utf-8")
    panel = read_scanner(file)
    assert panel.price == (1.0,)
    assert len(panel.set_aside) == 6


def test_a_file_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    """The message says what is missing and what is there."""
    file = tmp_path / "panel.csv"
    file.write_text("brand,sales\na,5\n", "utf-8")
    with pytest.raises(PricewatchError, match="no column holds the price or logprice"):
        read_scanner(file)
