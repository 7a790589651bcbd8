"""All stages in their order: the same job for `pricewatch run` and for the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from pricewatch.domain.errors import UsageError
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.scrape import scrape
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import StageReport, Workbench

STAGES = ("scrape", "match", "plan", "publish", "verify")


async def run(
    bench: Workbench,
    stages: Sequence[str] | None = None,
    *,
    sites: Sequence[str] | None = None,
    due_only: bool = False,
) -> tuple[StageReport, ...]:
    """Do the named stages (or all) in their fixed order; what is left open in the outbox is finished first."""
    wanted = _ordered(stages)
    bench.store.runs.interrupt_unfinished(at=bench.clock.now())
    reports = [await send(bench)] if "publish" in wanted else []
    return (*reports, *[await _perform(bench, name, sites, due_only=due_only) for name in wanted])


def _ordered(stages: Sequence[str] | None) -> list[str]:
    unknown = [name for name in stages or () if name not in STAGES]
    if unknown:
        raise UsageError(f"no stage named {', '.join(unknown)}", hint=f"stages: {', '.join(STAGES)}")
    return [name for name in STAGES if stages is None or name in stages]


async def _perform(bench: Workbench, name: str, sites: Sequence[str] | None, *, due_only: bool) -> StageReport:
    match name:
        case "scrape":
            return await scrape(bench, sites, due_only=due_only)
        case "match":
            return match(bench)
        case "plan":
            return plan(bench).report
        case "publish":
            return await publish(bench)
        case _:
            return await verify(bench)
