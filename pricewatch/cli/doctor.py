"""Find out what is wrong, and say what to do about it: doctor."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, FINDINGS, OK, Call, command, complete
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import ago, human, plural
from pricewatch.domain.errors import ConfigError, Locked, PricewatchError, Problem

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.config import Project
    from pricewatch.ports import Store

_COLUMNS = (
    Column("level", " ", badge=True),
    Column("check"),
    Column("found", fold=True),
    Column("hint", "what to do", below=True),
)
_LITTLE_SPACE = 500 * 1024 * 1024
_LATE = timedelta(days=1)
_LOOKED_AT = 5  # listings of a channel


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `level` is ok, warn or fail."""

    level: str
    check: str
    found: str
    hint: str = ""


def add_to(app: typer.Typer) -> None:
    """Mount the command."""
    command(app, "doctor")(doctor)


def doctor(call: Call, *, offline: options.Offline = False, exit_code: options.ExitCode = False) -> int:
    """Look at configuration, database, channels, sites, clock and rules; say what is wrong and what to do."""
    found = list(_examine(call, offline=offline))
    rows = [(each.level, each.check, each.found, each.hint) for each in found]
    call.out.table("check", _COLUMNS, rows)
    failed = sum(each.level == "fail" for each in found)
    warned = sum(each.level == "warn" for each in found)
    code = FAILED if failed else FINDINGS if exit_code and warned else OK
    text = f"{plural(len(found), 'check')}: {failed} failed, {plural(warned, 'warning')}"
    return call.finish(text, code=code, next_step=_next(found), failed=failed, warnings=warned)


def _next(found: Sequence[Finding]) -> str:
    """The command that the first trouble names, failures first."""
    ordered = [each for level in ("fail", "warn") for each in found if each.level == level]
    named = next((each.hint for each in ordered if each.hint.startswith("pricewatch ")), "pricewatch status")
    return "mend what failed, then pricewatch doctor" if ordered and ordered[0].level == "fail" else named


def _examine(call: Call, *, offline: bool) -> Iterator[Finding]:
    """Each step needs the one before: no database without configuration, no channels without database."""
    from pricewatch.bootstrap import open_store
    from pricewatch.config import load_project

    try:
        project = load_project(call.config)
    except ConfigError as error:
        yield from map(_mistake, error.problems)
        return
    call.out.zone = ZoneInfo(project.config.shop.timezone)
    yield from _configuration(project)
    try:
        with _closing(open_store(project.config)) as store:
            ready = yield from _database(store)
        if ready:
            with opened(call) as app:
                yield from _shop(call, app, offline=offline)
    except ConfigError as error:
        yield from map(_mistake, error.problems)
    except PricewatchError as error:
        yield Finding("fail", "database", _where(error), error.hint)


@contextmanager
def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


def _mistake(problem: Problem) -> Finding:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return Finding("fail", "configuration", f"{place}: {problem.message}", problem.hint)


def _where(error: PricewatchError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message


def _configuration(project: Project) -> Iterator[Finding]:
    config = project.config
    rules = len(project.rulebook.branches)
    yield Finding("ok", "configuration", f"{config.folder}: {len(project.sites)} sites, {rules} rules")
    for problem in project.rulebook.warnings:
        yield Finding("warn", "rules", f"{problem.file}:{problem.line}: {problem.message}", problem.hint)
    if not rules:
        yield Finding("warn", "rules", "there are no rules: every price stays as it is", "write one in rules/")
    if not config.schedule:
        yield Finding("warn", "schedule", "nothing is scheduled", "add a [schedule.NAME], or run from cron")
    free = shutil.disk_usage(config.folder).free
    if free < _LITTLE_SPACE:
        yield Finding(
            "warn", "disk", f"only {free // 1024 // 1024} MB are free", "make room: prices stop when it is full"
        )


def _database(store: Store) -> Generator[Finding, None, bool]:
    """Look at revision and integrity; the generator's value says whether the database can be worked with."""
    found, needed = store.revision()
    if not found:
        yield Finding("ok", "database", "new: it gets its tables now")
        return True
    if found != needed:
        hint = "pricewatch db upgrade" if found < needed else "a newer pricewatch made it: upgrade pricewatch itself"
        yield Finding("fail", "database", f"revision {found}, this pricewatch needs {needed}", hint)
        return False
    problems = store.check()
    for problem in problems:
        yield Finding("fail", "database", problem, "restore a backup, or ask for help with this message")
    if not problems:
        yield Finding("ok", "database", f"revision {found}, in order")
    for problem in store.prices.verify_chain():
        yield Finding("fail", "price list", problem, "compare with a backup: pricewatch audit verify")
    return True


def _shop(call: Call, app: App, *, offline: bool) -> Iterator[Finding]:
    yield from _state(call, app)
    yield from _catalogue(app)
    yield from _sites(app)
    yield from _hosts(call, app)
    yield from _browser(app)
    for name in app.bench.channels:
        yield from () if offline else _channel(app, name)
    yield from _processes(call, app)


def _processes(call: Call, app: App) -> Iterator[Finding]:
    from pricewatch.pipeline.holding import LOCK
    from pricewatch.worker import DAEMON_LOCK, HEALTH_FILE, Health

    works = not _free(app.bench.store, LOCK)
    yield Finding("ok", "lock", "another pricewatch process works now" if works else "free")
    alive = not _free(app.bench.store, DAEMON_LOCK)
    health = Health.read(app.folder / HEALTH_FILE)
    if alive and health and health.problem:
        yield Finding("warn", "daemon", f"runs, with a problem: {health.problem}", "see its log")
    elif alive:
        yield Finding("ok", "daemon", "runs")
    elif health and health.state != "stopped":
        yield Finding(
            "warn",
            "daemon",
            f"ended without a word, last seen {human(health.beat_at, call.out.zone)}",
            "pricewatch daemon",
        )
    elif app.config.schedule:
        yield Finding("warn", "daemon", "does not run", "pricewatch daemon, or `pricewatch run --due` from cron")


def _free(store: Store, name: str) -> bool:
    try:
        with store.lock(name):
            return True
    except Locked:
        return False


def _state(call: Call, app: App) -> Iterator[Finding]:
    store, now = app.bench.store, app.bench.clock.now()
    stopped = store.control.stopped()
    if stopped:
        what = f"stopped since {ago(stopped.at, now)} by {stopped.by}: {stopped.reason}"
        yield Finding("warn", "publishing", what, "pricewatch resume")
    yield from _clock(call, app, now)
    from pricewatch.domain.listing import OPEN_STATES

    rows = store.outbox.publications(states=OPEN_STATES)
    late = [row for row in rows if row.created_at and now - row.created_at > _LATE]
    if late:
        what = f"{plural(len(late), 'publication')} open for more than a day, such as {late[0].desired.sku}"
        yield Finding("warn", "publishing", what, "pricewatch verify")


def _clock(call: Call, app: App, now: datetime) -> Iterator[Finding]:
    runs = app.bench.store.runs.recent(limit=1)
    if runs and runs[0].started_at > now + timedelta(minutes=1):
        what = f"the last run began {ago(runs[0].started_at, now)}: the clock was set back, or is wrong"
        yield Finding("fail", "clock", what, "set the machine's clock (NTP)")
    else:
        yield Finding("ok", "clock", f"{human(now, call.out.zone)} in {app.config.shop.timezone}")


def _catalogue(app: App) -> Iterator[Finding]:
    products = app.bench.store.catalogue.load().products.values()
    if not products:
        yield Finding("warn", "catalogue", "empty", "pricewatch catalogue import products.csv")
        return
    yield Finding("ok", "catalogue", plural(len(products), "product"))
    unpriceable = sum(p.cost is None and p.floor is None for p in products)
    unmatchable = sum(not p.gtin and not (p.brand and p.mpn) for p in products)
    gaps = (
        (unpriceable, "neither cost nor floor: never repriced", "add costs"),
        (sum(p.price is None for p in products), "no price of their own", "add prices"),
        (unmatchable, "neither EAN nor brand with part number: nothing matches them by itself", "add EANs"),
    )
    for count, what, hint in gaps:
        if count:
            yield Finding("warn", "catalogue", f"{plural(count, 'product')} with {what}", hint)


def _sites(app: App) -> Iterator[Finding]:
    watched = 0
    for name, site in app.sites.items():
        targets = app.bench.store.sightings.targets(name)
        if not targets:
            continue
        if not site.enabled:
            what = f"it is switched off: {plural(len(targets), 'page')} of it not read"
            yield Finding("warn", f"site {name}", what, "see [terms] of its definition, then enabled = true")
            continue
        watched += 1
        verdicts = [target.verdict.value if target.verdict else "" for target in targets]
        bad = sum(verdict in ("blocked", "unreadable") for verdict in verdicts)
        failing = sum(target.failures > 2 for target in targets)
        if site.terms.verdict == "forbidden":
            yield Finding("warn", f"site {name}", "its terms forbid reading it", "set enabled = false, or ask them")
        if bad or failing:
            what = f"of {plural(len(targets), 'page')} {bad} blocked or unreadable, {failing} failing again and again"
            yield Finding("warn", f"site {name}", what, f"pricewatch site test {name}")
        else:
            yield Finding("ok", f"site {name}", plural(len(targets), "page"))
    if not watched:
        yield Finding(
            "warn", "sites", "no page of a competitor is watched", "pricewatch site list, then pricewatch scrape"
        )


def _hosts(call: Call, app: App) -> Iterator[Finding]:
    """Hosts that are left alone for now, and how to ask them again."""
    at = app.bench.clock.now()
    for record in app.bench.store.hosts.load():
        until = record.paused(at)
        if until is not None:
            why = record.reason or "asked to be left alone"
            what = f"it {why}: nothing is read from it until {human(until, call.out.zone)}"
            hint = f"pricewatch site resume {record.site}" if record.site else "it is asked again by itself then"
            yield Finding("warn", f"host {record.host}", what, hint)


def _browser(app: App) -> Iterator[Finding]:
    """Whether there is a browser, and who needs it."""
    from pricewatch.scraping.browser import find_browser, what_is_missing

    settings = app.config.scraping.browser
    needed = [name for name, site in app.sites.items() if site.enabled and site.render != "plain"]
    missing = what_is_missing(settings)
    if missing and needed:
        yield Finding("warn", "browser", f"{', '.join(needed)} cannot be rendered", missing)
    elif missing:
        yield Finding("ok", "browser", "there is none, and no site asks for one")
    else:
        yield Finding("ok", "browser", f"{find_browser(settings)}, for {plural(len(needed), 'site')}")


def _channel(app: App, name: str) -> Iterator[Finding]:
    from pricewatch.cli.parts import first_listings

    check = f"channel {name}"
    try:
        found = complete(first_listings(app.bench.channels[name], _LOOKED_AT))
    except PricewatchError as error:
        yield Finding("fail", check, error.message if error.where == name else _where(error), error.hint)
        return
    look = f"pricewatch channel test {name}"
    if not found:
        yield Finding("warn", check, "answers, and has no listings yet", look)
    elif any(listing.payable is not None and listing.payable.minor > 0 for listing in found):
        yield Finding("ok", check, "answers")
    else:
        yield Finding("warn", check, f"answers; no price above zero in {plural(len(found), 'listing')}", look)
