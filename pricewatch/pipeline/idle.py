"""Which rules price nothing in the market as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.engine import decide
from pricewatch.pricing.rules import Branch
from pricewatch.pricing.scope import local_time


@dataclass(frozen=True, slots=True)
class IdleRule:
    """A rule, or a case of one, that prices no product now, and why as far as it is known."""

    rule: str
    place: str
    reason: str


def idle_rules(bench: Workbench) -> tuple[IdleRule, ...]:
    """The rules that price no product in any price group, in the order in which they are tried; nothing is saved."""
    found: list[dict[str, IdleRule]] = []
    for group in bench.groups:
        frame = market_frame(bench, group)
        now = local_time(frame)
        idle = decide(frame, bench.rulebook, bench.pricing).idle
        found.append({branch.place: IdleRule(branch.rule, branch.place, _reason(branch, now)) for branch in idle})
    first, *others = found
    return tuple(rule for place, rule in first.items() if all(place in other for other in others))


def _reason(branch: Branch, now: datetime) -> str:
    if not branch.active(now):
        return "it is not used at this time"
    return "no product meets its conditions that a rule before it has not taken"
