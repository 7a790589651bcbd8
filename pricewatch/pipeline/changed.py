"""What a plan of changes may stand on, and which products it has to look at.

The database notes what is written; what time alone brings is noted by the plan before (see pricing/again.py). All else
that decides prices goes into one text of inputs: where it differs from the last plan's, everything is planned. So it is
after midnight, when the rules or the configuration were edited, when a rule begins or ends, and when the hour changes
and a rule asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

import numpy as np

from pricewatch.domain.product import Sku
from pricewatch.pipeline.market import whole_families
from pricewatch.pipeline.trials import at_work
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Basis, Chained
from pricewatch.pricing.again import looks, names_of
from pricewatch.pricing.breakers import NOTHING, Rest
from pricewatch.pricing.exact import ONE
from pricewatch.pricing.plan import PlanFrame

FORMAT = "1"  # of what is noted; a new one lets every database begin with a plan of everything


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is about: `skus` None is everything; `why` says so in words, where changes were asked for."""

    read_at: datetime
    inputs: str
    skus: tuple[Sku, ...] | None = None
    basis: Basis | None = None
    notes: tuple[int, ...] = ()
    why: str = ""

    def words(self) -> str:
        """What a plan of changes was about, empty where none was asked for."""
        if self.skus is None or self.basis is None:
            return f"everything was planned: {self.why}" if self.why else ""
        number = len(self.skus)
        return f"{number} {'product' if number == 1 else 'products'} to look at since plan {self.basis.number}"

    def rest(self, bench: Workbench, group: str) -> Rest:
        """What the plan leaves alone in a price group."""
        if self.skus is None:
            return NOTHING
        return Rest(*bench.store.plans.elsewhere(self.skus, group))

    def chained(self, bench: Workbench, parts: Sequence[PlanFrame]) -> Chained:
        """What the next plan of changes has to know."""
        basis = self.basis.whole if self.basis is not None and self.skus is not None else None
        return Chained(self.read_at, self.inputs, basis, self.notes, tuple(_again(bench, self, parts)))


def scope(bench: Workbench, *, changed: bool) -> Scope:
    """Everything, or what changed since the last plan where that was asked for and can be told."""
    now = bench.clock.now()
    inputs = _inputs(bench, now)
    if not changed:
        return Scope(now, inputs)
    basis = bench.store.plans.basis()
    why = _why_everything(bench, basis, inputs, now)
    if why or basis is None:
        return Scope(now, inputs, why=why)
    found = bench.store.plans.changes(basis, at=now)
    skus = tuple(whole_families(bench, found.skus) or ())
    if found.everything:
        return Scope(now, inputs, why="exchange rates, or very much else, changed")
    if _too_many(bench, skus):
        return Scope(now, inputs, why="much changed")
    return Scope(now, inputs, skus, basis, found.notes)


def _too_many(bench: Workbench, skus: Sequence[Sku]) -> bool:
    return len(skus) * ONE > bench.store.catalogue.count() * bench.pricing.changes_up_to


def _why_everything(bench: Workbench, basis: Basis | None, inputs: str, now: datetime) -> str:
    book = bench.rulebook
    if basis is None:
        return "there is no plan of everything to stand on"
    if now < basis.read_at:
        return "the clock was set back"
    if inputs != basis.inputs:
        return "the rules, the configuration, the day or the hour are others"
    if basis.stopped:
        return "the last plan was stopped"
    if book.reads_trend:
        return "a rule asks where the market went"
    if book.reads_optimal:
        return "a rule asks a demand model"
    return next(filter(None, (at_work(bench, group.name, basis.read_at, now) for group in bench.groups)), "")


def _inputs(bench: Workbench, now: datetime) -> str:
    """All that decides prices and does not stand in the database, as a digest."""
    sites = sorted((name, site.kind, site.own) for name, site in bench.sites.items())
    told = [FORMAT, bench.rulebook.hash, repr(bench.pricing), repr(bench.groups), repr(sites)]
    told += [repr(sorted(bench.own_sellers)), now.astimezone(UTC).date().isoformat()]
    told += [part for group in bench.groups for part in _clock(bench, now.astimezone(ZoneInfo(group.timezone)))]
    return blake2b("\x00".join(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _clock(bench: Workbench, local: datetime) -> Iterator[str]:
    """What the rules read from the clock of a price group."""
    yield local.date().isoformat()
    if "hour" in names_of(bench.rulebook):
        yield str(local.hour)
    yield "".join(str(int(branch.active(local))) for branch in bench.rulebook.branches)


def _until(bench: Workbench, now: datetime) -> int:
    """The next midnight, in whichever time zone it comes first: everything is planned then."""
    zones = [UTC, *(ZoneInfo(group.timezone) for group in bench.groups)]
    days = ((zone, now.astimezone(zone).date() + timedelta(days=1)) for zone in zones)
    return int(min(datetime.combine(day, time(), tzinfo=zone) for zone, day in days).timestamp())


def _again(bench: Workbench, plan: Scope, parts: Sequence[PlanFrame]) -> Iterator[tuple[str, Sku, str, int]]:
    until = _until(bench, plan.read_at)
    wanted = None if plan.skus is None else frozenset(plan.skus)
    for part in parts:
        sku = part.frame.products.sku
        chosen = np.ones(len(sku), np.bool_) if wanted is None else np.array([one in wanted for one in sku], np.bool_)
        found = looks(part.frame, part.trail, part.book, part.settings, until, chosen)
        yield from ((part.frame.group, *look) for look in found)
