"""The stages, one command each, and all of them: scrape, apply, verify, run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, Call, command, complete, who
from pricewatch.cli.opening import locked
from pricewatch.cli.plans import one_plan, saved
from pricewatch.cli.publications import findings_code, show_open
from pricewatch.cli.reports import idle, show_stages
from pricewatch.cli.site_plan import show_plan
from pricewatch.cli.text import clean_lines, human

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.worker import Agenda


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "scrape", locks=True)(scrape)
    command(app, "apply", locks=True)(apply)
    command(app, "verify", locks=True)(verify)
    command(app, "run", locks=True)(run)


def scrape(
    call: Call, sites: options.Sites = None, *, due: options.DueTargets = False, dry_run: options.DryRun = False
) -> int:
    """Read competitors' pages and store what changed; --dry-run shows what would be read when, and why."""
    from pricewatch.pipeline.scrape import scrape as stage

    if dry_run:
        return show_plan(call, sites, due=due)
    with locked(call) as app:
        report = complete(stage(app.bench, sites or None, due_only=due))
    if idle(report):
        what, then = ("no page is due", "scrape --dry-run") if due else ("there is no page to read", "site list")
        return show_stages(call, [report], next_step=f"pricewatch {then}", nothing=what)
    return show_stages(call, [report], next_step="pricewatch match")


def apply(
    call: Call,
    number: options.PlanNumber = None,
    *,
    plan: options.Plan = None,
    adopt: options.Adopt = None,
    by: options.By = "",
    exit_code: options.ExitCode = False,
) -> int:
    """Publish the approved prices of a plan and read them back; refuses what nobody approved."""
    from pricewatch.pipeline.publish import publish

    plan = one_plan(number, plan)
    with locked(call) as app:
        if plan is not None:
            saved(app, plan)
        report = complete(publish(app.bench, plan, adopt=adopt or (), by=who(by)))
        unsettled = show_open(call, app.bench.store.outbox)
        code = show_stages(call, [report], next_step="pricewatch verify")
    return findings_code(code, unsettled, exit_code=exit_code)


def verify(
    call: Call,
    channels: options.Channels = None,
    *,
    repair: options.Repair = True,
    exit_code: options.ExitCode = False,
) -> int:
    """Compare what every channel shows with the price list, and repair drift."""
    from pricewatch.pipeline.verify import verify as stage

    with locked(call) as app:
        report = complete(stage(app.bench, channels=channels or None, repair=repair))
        unsettled = show_open(call, app.bench.store.outbox)
        code = show_stages(call, [report], next_step="pricewatch status")
    return findings_code(code, unsettled, exit_code=exit_code)


def run(call: Call, stages: options.Stages = None, *, due: options.DueJobs = False) -> int:
    """Do all stages once, as the daemon does: for cron, or by hand."""
    with locked(call) as app:
        return _run_due(call, app) if due else _run_stages(call, app, stages)


def _run_stages(call: Call, app: App, stages: list[str] | None) -> int:
    from pricewatch.pipeline.run import run as all_stages

    return show_stages(call, complete(all_stages(app.bench, stages or None)), next_step="pricewatch status")


def _run_due(call: Call, app: App) -> int:
    from pricewatch.worker import Agenda, RuleWatch, jobs_of, run_due

    agenda = Agenda(jobs_of(app.config), app.bench.store.runs, also=RuleWatch(app.config))
    results = complete(run_due(app.bench, agenda))
    if not results:
        return call.finish("nothing is due", next_step=_upcoming(call, agenda, app), jobs=0)
    for result in results:
        if result.problem:
            call.out.say(f"job {result.name} failed: {clean_lines(result.problem)}")
    code = show_stages(call, [report for result in results for report in result.reports], next_step="pricewatch status")
    return FAILED if any(result.status == "failed" for result in results) else code


def _upcoming(call: Call, agenda: Agenda, app: App) -> str:
    times = [(at, name) for name, at in agenda.upcoming(app.bench.clock.now()).items() if at]
    if not times:
        return "add a [schedule.NAME] to config.toml, or `pricewatch run` without --due"
    at, name = min(times)
    return f"{name} at {human(at, call.out.zone)}"
