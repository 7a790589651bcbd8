"""How stage reports are shown, and what exit code they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pricewatch.cli.call import FAILED, OK, PARTLY, Call
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural

if TYPE_CHECKING:
    from pricewatch.pipeline.workbench import StageReport

_COLUMNS = (
    Column("stage"),
    Column("status", badge=True),
    Column("counts", fold=True),
    Column("set_aside", "set aside"),
    Column("message", below=True),
    Column("run", machine=True),
)


def code_of(reports: Sequence[StageReport]) -> int:
    """Failed when a stage failed, partly done when something was set aside, else ok."""
    if any(report.status == "failed" for report in reports):
        return FAILED
    return PARTLY if any(report.status != "ok" or report.set_aside for report in reports) else OK


def idle(report: StageReport) -> bool:
    """Whether a stage found nothing to do, and has no reason of its own to tell."""
    return report.status == "ok" and not (any(report.counts.values()) or report.set_aside or report.message)


def show_stages(call: Call, reports: Sequence[StageReport], *, next_step: str = "", nothing: str = "") -> int:
    """Print one row a stage, what was set aside, and the summary; `nothing` is said of one that found nothing to do."""
    rows = [
        (report.stage, report.status, _counted(report), len(report.set_aside), report.message, report.run)
        for report in reports
    ]
    call.out.table("stage", _COLUMNS, rows)
    items = [item for report in reports for item in report.set_aside]
    call.out.set_aside(items)
    code = code_of(reports)
    done = reports[0].stage if len(reports) == 1 else plural(len(reports), "stage")
    text = f"{done} done" + (f", {plural(len(items), 'item')} set aside" if items else "")
    if nothing and all(map(idle, reports)):
        text = nothing
    if code == FAILED:
        text = "; ".join(f"{report.stage} failed: {report.message}" for report in reports if report.status == "failed")
    totals = {f"{report.stage}_{name}": count for report in reports for name, count in report.counts.items()}
    return call.finish(text, code=code, next_step=next_step, stages=len(reports), set_aside=len(items), **totals)


def _counted(report: StageReport) -> dict[str, int]:
    return {name: count for name, count in report.counts.items() if count}
