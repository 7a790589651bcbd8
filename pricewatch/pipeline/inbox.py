"""Everything that waits for a person, in the order in which it holds things up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pricewatch.domain.decision import DecisionStatus, Plan
from pricewatch.domain.experiment import ExperimentStatus
from pricewatch.domain.listing import PublicationState
from pricewatch.domain.match import MatchStatus
from pricewatch.pipeline.found import held_prices
from pricewatch.pipeline.staging import staged
from pricewatch.pipeline.workbench import Workbench

_FRESH = timedelta(days=7)  # so long a test that has ended is pointed at
_STUCK = {
    PublicationState.REFUSED: "refused by the channel",
    PublicationState.UNREPRESENTABLE: "not possible on the channel",
    PublicationState.DRIFTED: "show another price",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that a person has to look at: how many, since when, and the command that shows them."""

    what: str
    count: int
    since: datetime | None
    command: str
    detail: str = ""


def inbox(bench: Workbench) -> tuple[Waiting, ...]:
    """What waits for a person now; empty when nothing does."""
    return tuple(item for item in _everything(bench) if item.count)


def _everything(bench: Workbench) -> Iterator[Waiting]:
    store = bench.store
    if (stopped := store.control.stopped()) is not None:
        yield Waiting("publishing is stopped", 1, stopped.at, "pricewatch resume", f"{stopped.by}: {stopped.reason}")
    plan = store.plans.get()
    if plan is not None and plan.status == "open":
        yield from _of_plan(bench, plan)
    yield from _of_promotions(bench)
    held = store.sightings.quarantined()
    since = min((seen.observation.seen_at for seen in held), default=None)
    yield Waiting("readings held back", len(held), since, "pricewatch quarantine list")
    suggested = store.matches.count().get(MatchStatus.SUGGESTED, 0)
    yield Waiting("matches to answer", suggested, None, "pricewatch match review")
    yield from _of_found(bench)
    yield from _of_tests(bench)
    yield from _of_releases(bench)
    yield from _of_channels(bench)


def _of_promotions(bench: Workbench) -> Iterator[Waiting]:
    """Announced reductions that are over, and whose reduced price is still in force."""
    now = bench.clock.now()
    told = (entry for group in bench.groups for entry in bench.store.prices.current(group.name, telling=True).values())
    ends = [end for entry in told if entry.announcement and (end := entry.announcement.ends) and end <= now]
    detail = "their reduced prices stay until the way back is planned, approved and applied"
    yield Waiting("promotions that are over", len(ends), min(ends, default=None), "pricewatch plan", detail)


def _of_found(bench: Workbench) -> Iterator[Waiting]:
    """Prices of the catalogue that no run lets out by itself."""
    held = held_prices(bench)
    if held:
        sku, why = held[0].product.sku, held[0].wrong
        command = f"pricewatch apply --adopt {sku}"
        yield Waiting("prices of the catalogue held back", len(held), None, command, f"{sku}: {why}")


def _of_tests(bench: Workbench) -> Iterator[Waiting]:
    """Tests of prices that were planned and not started, and those that ended of late."""
    tests = bench.store.learning.tests()
    planned = [test for test in tests if test.status is ExperimentStatus.PLANNED]
    since = min((test.made_at for test in planned), default=None)
    show = f"pricewatch model experiment status {planned[0].number}" if planned else ""
    yield Waiting("price tests to start or drop", len(planned), since, show)
    for test in tests:
        if test.ended_at and test.begins and bench.clock.now() - test.ended_at < _FRESH:
            command = f"pricewatch model experiment report {test.number}"
            yield Waiting(f"price test {test.number} is {test.status}", 1, test.ended_at, command, test.reason)


def _of_releases(bench: Workbench) -> Iterator[Waiting]:
    """Versions of the price list of which the rest goes nowhere by itself."""
    for each in staged(bench):
        overdue = each.unknown if each.due is not None and each.due <= bench.clock.now() else ""
        if why := each.halted or overdue:
            what = f"listings that price list {each.version} holds back"
            yield Waiting(what, each.waiting, each.began, "pricewatch release", why)


def _of_plan(bench: Workbench, plan: Plan) -> Iterator[Waiting]:
    number, at = plan.number, plan.created_at
    words = "; ".join(breaker.text for breaker in plan.breakers)
    yield Waiting("checks that stopped the plan", len(plan.breakers), at, "pricewatch breaker list", words)
    counted = bench.store.plans.count(number)
    second = bench.store.plans.half_approved(number)
    show = f"pricewatch plan --show {number}"
    yield Waiting("prices to approve", counted[DecisionStatus.PENDING] - second, at, show)
    yield Waiting("prices that a second person must approve", second, at, show)
    if not plan.breakers:
        approved = counted[DecisionStatus.APPROVED]
        yield Waiting("approved prices to apply", approved, at, f"pricewatch apply --plan {number}")


def _of_channels(bench: Workbench) -> Iterator[Waiting]:
    tally = bench.store.outbox.tally()
    for state, words in _STUCK.items():
        mine = {channel: found for (channel, each), found in tally.items() if each is state}
        since = min((oldest for _, oldest in mine.values()), default=None)
        channels = ", ".join(sorted(mine))
        yield Waiting(f"listings that {words}" if state is PublicationState.DRIFTED else f"listings {words}",
                      sum(count for count, _ in mine.values()), since, "pricewatch parity", channels)  # fmt: skip
