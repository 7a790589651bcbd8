"""All stages in their order: the same job for `pricewatch run` and for the daemon."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from pricewatch.domain.errors import (
    ConfigError,
    Locked,
    NotApproved,
    PricewatchError,
    PublishingStopped,
    StoreError,
    UsageError,
)
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.scrape import scrape
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import StageReport, Workbench

STAGES = ("scrape", "match", "plan", "publish", "verify")
_PEOPLES_TURN = (NotApproved, PublishingStopped)  # as it should be: a person decided, or has to
_NO_USE_TO_GO_ON = (UsageError, ConfigError, Locked, StoreError)


async def run(
    bench: Workbench,
    stages: Sequence[str] | None = None,
    *,
    sites: Sequence[str] | None = None,
    due_only: bool = False,
) -> tuple[StageReport, ...]:
    """Do the named stages (or all) in their fixed order; what is left open in the outbox is finished first.

    A stage that fails is reported as failed and does not keep the others from their work; only publishing is left
    out when the plan of the same run failed. The caller holds the lock.
    """
    wanted = _ordered(stages)
    reports = [await _attempt("send", send(bench))] if "publish" in wanted else []
    for name in wanted:
        if name == "publish" and any(done.stage == "plan" and done.status == "failed" for done in reports):
            reports.append(StageReport(name, "failed", message="left out, because the plan failed"))
            continue
        reports.append(await _attempt(name, _perform(bench, name, sites, due_only=due_only)))
    return tuple(reports)


async def _attempt(name: str, work: Awaitable[StageReport]) -> StageReport:
    """Do a stage; errors that other stages need not suffer from become its report."""
    try:
        return await work
    except _PEOPLES_TURN as error:
        return StageReport(name, "ok", message=error.message)
    except _NO_USE_TO_GO_ON:
        raise
    except PricewatchError as error:
        return StageReport(name, "failed", message=str(error))


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
            return plan(bench, changed=True).report
        case "publish":
            return await publish(bench)
        case _:
            return await verify(bench)
