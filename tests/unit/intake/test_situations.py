"""Text-book data as people have it: situations with an outcome, and scanner panels in their usual shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pricewatch.domain.errors import PricewatchError
from pricewatch.intake import read_scanner
from pricewatch.intake.situations import holds_situations, read_situations
from pricewatch.pricing.demand.evaluate import loglog

SLOPES = {"dominicks": -3.4, "minute.maid": -3.3, "tropicana": -2.7}


def _panel(tmp_path, header: str, line) -> dict[str, float]:
    """A panel with exact elasticities, written in one shape and read again."""
    rows = []
    for number, (brand, slope) in enumerate(SLOPES.items(), start=1):
        for week in range(40, 60):
            price = 1.0 + 0.1 * (week % 7)
            rows.append(line(number, brand, week, price, 9.0 + slope * math.log(price)))
    file = tmp_path / "oj.csv"
    file.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    assert not holds_situations(file)
    found = read_scanner(file)
    assert not found.set_aside
    return dict(loglog(found.brand, np.array(found.price), np.array(found.logmove)).brands)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("store,brand,week,logmove,constant,price,feat", lambda _, b, w, p, m: f"2,{b},{w},{m},1,{p},0"),
        ("STORE,Brand,WEEK,LogMove,Constant,Price,Feat", lambda _, b, w, p, m: f"2,{b},{w},{m},1,{p},0"),
        (",store,brand,week,logmove,price", lambda n, b, w, p, m: f"{n},2,{b},{w},{m},{p}"),
        ("brand,week,lmove,lprice", lambda _, b, w, p, m: f"{b},{w},{m},{math.log(p)}"),
        ("brand,week,logmove,price", lambda _, b, w, p, m: f"{b},{w},{m},${p:.1f}"),
        ("brand,week,sales,price", lambda _, b, w, p, m: f"{b},{w},{math.exp(m)},{p}"),
    ],
)
def test_a_panel_reads_the_same_in_all_its_shapes(tmp_path, header, line) -> None:
    """Capitals, a leading index, prices in dollars or logarithms: the elasticities are those that were put in."""
    found = _panel(tmp_path, header, line)
    assert found == {brand: pytest.approx(slope, abs=1e-3) for brand, slope in SLOPES.items()}


def test_a_wide_panel_gives_each_brand_its_own_price(tmp_path) -> None:
    """Every line has the prices of all brands, and the brand is a number."""
    found = _panel(
        tmp_path, "store,brand,week,logmove,constant,price1,price2,price3",
        lambda n, _, w, p, m: f"2,{n},{w},{m},1," + ",".join(str(p if k == n else 9.99) for k in (1, 2, 3)),
    )  # fmt: skip
    assert list(found.values()) == [pytest.approx(slope, abs=1e-3) for slope in SLOPES.values()]


def test_situations_are_numbers_with_the_outcome_last(tmp_path) -> None:
    """A counting first column is left out, a count above 0 is a purchase, unreadable lines are counted."""
    file = tmp_path / "situations.csv"
    file.write_text("1,5.5,0,2\n2,4.5,1,0\nx,1,1,1\n3,4.0,1,1\n", "utf-8")
    assert holds_situations(file)
    found = read_situations(file)
    assert (found.features, found.bought) == (((5.5, 0.0), (4.5, 1.0), (4.0, 1.0)), (1.0, 0.0, 1.0))
    assert found.unreadable == 1
    file.write_text("Bought,price\n1,5\n0,6\n", "utf-8")
    assert not holds_situations(tmp_path / "missing.csv")
    named = read_situations(file)
    assert (named.names, named.bought) == (("price",), (1.0, 0.0))
    file.write_text("a,b\n", "utf-8")
    with pytest.raises(PricewatchError, match="no line holds numbers"):
        read_situations(file)
