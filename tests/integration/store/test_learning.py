"""Tests of prices, learned moves and costs in the database."""

from __future__ import annotations

from datetime import timedelta

from pricewatch.domain.experiment import Experiment, ExperimentStatus, Lot
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.ports import LearnedMove, LearntRow

LOTS = (Lot("S-1", 11_999, "+-+-"), Lot("S-2", 5_000, "-+-+", family=3))


def _planned(given) -> Experiment:
    at = given.store.database.now()
    return Experiment(
        0, "default", "switchback", ExperimentStatus.PLANNED, 4, 400, 1_000, at, "anna", stated={"cost": 12}
    )


def test_a_test_is_kept_with_its_lots_and_begins_once(given) -> None:
    """What was drawn is what runs; a second start and a second end change nothing."""
    store = given.store.learning
    number = store.plan_test(_planned(given), LOTS)
    (kept,) = store.tests("default")
    assert (kept.number, kept.status, kept.begins, kept.stated) == (
        number,
        ExperimentStatus.PLANNED,
        None,
        {"cost": 12},
    )
    assert store.lots(number) == LOTS
    assert store.tests("other") == ()
    begins = kept.made_at + timedelta(days=1)
    assert store.begin(number, begins=begins, by="jan", lots=LOTS[:1])
    assert not store.begin(number, begins=begins, by="eve", lots=LOTS)
    assert store.lots(number) == LOTS[:1]
    assert store.finish(number, ExperimentStatus.STOPPED, at=begins, reason="harm")
    assert not store.finish(number, ExperimentStatus.DONE, at=begins, reason="")
    (ended,) = store.tests()
    assert (ended.started_by, ended.reason, ended.begins) == ("jan", "harm", begins)


def test_what_the_model_said_stays_with_the_decision(given) -> None:
    """Beside the plan that it was said for, with the moves that it made; the newest move of a product counts."""
    at = given.store.database.now()
    row = LearntRow("S-1", "default", "demand-default-1", b"\x01\x02")
    moves = [LearnedMove("S-1", "default", 100, price, at) for price in (104, 108)]
    plans = [
        given.store.plans.save(
            at=at, rules_hash="r", proposals=[], breakers=[], set_aside=[], learnt=learnt, moves=[move]
        )
        for learnt, move in (([row], moves[0]), ([], moves[1]))
    ]
    store = given.store.learning
    assert store.said(plans[0].number, "default", "S-1") == row
    assert store.said(plans[1].number, "default", "S-1") is None
    assert store.moves("default") == {"S-1": moves[1]}


def test_costs_are_remembered_from_every_import(store, clock) -> None:
    """A changed cost is a new point; an unchanged or unknown one is none."""
    group = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
    begins = clock.now()
    for days, cost in ((0, "5.00"), (1, "5.00"), (2, "6.00"), (3, None)):
        made = Product("A", "A", TaxRate(2300), cost=Money.parse(cost, "PLN") if cost else None)
        store.catalogue.save([made], at=begins + timedelta(days=days), group=group)
    points = store.learning.costs(begins - timedelta(days=1))["A"]
    assert [(point.minor, (point.since - begins).days) for point in points] == [(500, 0), (600, 2)]
    assert [point.minor for point in store.learning.costs(begins + timedelta(days=5))["A"]] == [600]
