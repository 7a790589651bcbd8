"""Which days among rivals are learnt from, and what of them is heeded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pricewatch.pricing.demand.rivalry import Rivalry
from pricewatch.pricing.explore.among import calm, enough, learnt
from pricewatch.pricing.offered import OTHERS, chosen_names, in_order

DAYS = 80


def days(seed: int = 1) -> Rivalry:
    """Two rivals, one without stock every fifth day; most customers take the cheapest."""
    random = np.random.default_rng(seed)
    own, theirs = random.uniform(90.0, 110.0, DAYS), random.uniform(90.0, 110.0, (DAYS, 2))
    theirs[::5, 1] = np.nan
    units = random.poisson(np.where(own < np.nanmin(theirs, axis=1), 9.0, 2.0)).astype(float)
    return Rivalry(("one", "two"), own, theirs, units, np.ones(DAYS))


def test_few_days_few_pieces_or_no_rival_are_not_enough() -> None:
    """Each alone is a reason."""
    known = days()
    assert enough(known)
    assert not enough(known.part(slice(0, 20)))
    assert not enough(replace(known, units=known.units / 10.0))
    assert not enough(replace(known, theirs=np.full((DAYS, 2), np.nan)))
    assert not enough(replace(known, days=np.zeros(DAYS)))


def test_customers_are_heeded_where_they_predict_the_newest_days() -> None:
    """Where the same days are followed by sales that have nothing to do with prices among rivals, they are not."""
    known = days()
    assert learnt(known, 100.0, "A") is not None
    turned = np.array(known.units)
    turned[60:] = 11.0 - turned[60:]
    assert learnt(replace(known, units=turned), 100.0, "A") is None


def test_one_enormous_day_and_a_return_move_little() -> None:
    """The day counts as a very good one, what came back as nothing sold, and the others as they were."""
    known = days()
    odd = np.array(known.units)
    odd[5], odd[6] = 50_000.0, -40.0
    found = calm(replace(known, units=odd)).units
    assert found[5] < 100.0
    assert found[6] == 0.0
    assert np.array_equal(np.delete(found, [5, 6]), np.delete(known.units, [5, 6]))


def test_many_rivals_are_those_there_most_often_and_the_lowest_of_the_others() -> None:
    """Five by name; who comes newly counts among the others."""
    seen = [{f"r{number}": 100.0 + number for number in range(9) if day % (number + 1) == 0} for day in range(40)]
    names = chosen_names(seen)
    assert names == ("r0", "r1", "r2", "r3", "r4", OTHERS)
    found = in_order({"r0": 99.0, "r8": 98.0, "new": 97.0}, names, set(names))
    assert found[0] == 99.0
    assert found[-1] == 97.0
    assert np.isnan(found[1:5]).all()
