"""Do the work that is due: claim slots of the schedule in the database, and perform their stages under the lock.

A slot is claimed once for ever. A job that a kill, a restart or Ctrl-C interrupted is taken up again by the next
worker, up to three times; one that failed waits for its next slot.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pricewatch.config import Config, load_rulebook, rule_files
from pricewatch.domain.errors import ConfigError, PricewatchError
from pricewatch.pipeline.run import run
from pricewatch.pipeline.schedule import Moments, Schedule, due, next_slot
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import RunRecord, RunStore

DAEMON_LOCK = "daemon"
JOB = "job"  # the stage name of the run record around all stages of a job
ATTEMPTS = 3
_REMEMBERED = 200
RULE_CHANGE = "rule change"  # no name of a [schedule] entry has a blank
_FROM_PLAN = ("plan", "publish", "verify")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of [schedule]: its stages, its sites, and when."""

    name: str
    stages: tuple[str, ...]
    sites: tuple[str, ...]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Claim:
    """A job's slot that this worker has to perform; `attempt` counts from 1."""

    job: Job
    slot: datetime
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job; `error` is empty unless it could not go on."""

    name: str
    slot: datetime
    reports: tuple[StageReport, ...] = ()
    error: str = ""

    @property
    def problem(self) -> str:
        """What failed, in words; empty when nothing did."""
        failed = [f"{report.stage}: {report.message}" for report in self.reports if report.status == "failed"]
        return "; ".join([self.error] * bool(self.error) + failed)

    @property
    def status(self) -> str:
        """One word: ok, partly or failed."""
        if self.problem:
            return "failed"
        return "partly" if any(report.set_aside for report in self.reports) else "ok"


def jobs_of(config: Config) -> tuple[Job, ...]:
    """The jobs of the configuration in their order."""
    zone = config.shop.timezone
    return tuple(
        Job(name, tuple(entry.stages), tuple(entry.sites), entry.timing(zone))
        for name, entry in config.schedule.items()
    )


@dataclass(slots=True)
class RuleWatch:
    """Makes the job that plans when a rule starts or ends, of what the jobs do from their plan on.

    Rule files that were edited are read again; while they have mistakes, the moments of before stand.
    """

    config: Config
    _seen: tuple[tuple[Path, int, int], ...] = ()
    _moments: tuple[datetime, ...] = ()

    def __call__(self) -> tuple[Job, ...]:
        """The job, or none when no job plans or no rule starts or ends."""
        wanted = {stage for entry in self.config.schedule.values() if "plan" in entry.stages for stage in entry.stages}
        if not wanted:
            return ()
        self._renew()
        stages = tuple(stage for stage in _FROM_PLAN if stage in wanted)
        return (Job(RULE_CHANGE, stages, (), Moments(self._moments)),) if self._moments else ()

    def _renew(self) -> None:
        files = [(file, file.stat()) for file in rule_files(self.config)]
        seen = tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in files)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._moments = load_rulebook(self.config).moments(self.config.shop.timezone)
        except ConfigError as error:
            log.error("the rules can't be read: %s", error)


class Agenda:
    """What is due, according to the database; `also` makes jobs that change while the program runs."""

    def __init__(self, jobs: Sequence[Job], runs: RunStore, *, also: Callable[[], Sequence[Job]] = tuple) -> None:
        self._fixed = tuple(jobs)
        self._also = also
        self._runs = runs

    @property
    def _jobs(self) -> tuple[Job, ...]:
        return (*self._fixed, *self._also())

    def pending(self, now: datetime) -> bool:
        """Whether a claim would find something; claims only the first slots of new calendars."""
        past = self._past()
        found = [self._open(job, past, now) for job in self._jobs]
        return any(found)

    def claim(self, now: datetime) -> Claim | None:
        """Take the next due slot, first what was interrupted; None when nothing is due."""
        past = self._past()
        for job in self._jobs:
            found = self._open(job, past, now)
            if found and (found.attempt > 1 or self._runs.claim_slot(job.name, found.slot, at=now)):
                return found
        return None

    def upcoming(self, now: datetime) -> Mapping[str, datetime | None]:
        """When each job runs next."""
        return {job.name: next_slot(job.schedule, now) for job in self._jobs}

    def _past(self) -> Sequence[RunRecord]:
        return self._runs.recent(stage=JOB, limit=_REMEMBERED)

    def _open(self, job: Job, past: Sequence[RunRecord], now: datetime) -> Claim | None:
        if interrupted := _interrupted(job, past):
            return interrupted
        found = due(job.schedule, last=self._runs.last_slot(job.name), now=now)
        if found and not found.run:
            self._runs.claim_slot(job.name, found.slot, at=now)
            return None
        return Claim(job, found.slot) if found else None


def _interrupted(job: Job, past: Sequence[RunRecord]) -> Claim | None:
    """The newest slot of the job, when its last attempt was interrupted and another one is left."""
    prefix = f"{job.name} "
    mine = [run for run in past if run.detail.startswith(prefix)]
    if not mine or mine[0].status != "interrupted":
        return None
    attempts = sum(run.detail == mine[0].detail for run in mine)
    slot = datetime.fromisoformat(mine[0].detail.removeprefix(prefix))
    return Claim(job, slot, attempts + 1) if attempts < ATTEMPTS else None


async def perform(bench: Workbench, claim: Claim) -> Result:
    """Run a job's stages inside a run record of its own; a failure is recorded, told to people and returned."""
    runs, job = bench.store.runs, claim.job
    record = runs.begin(JOB, at=bench.clock.now(), detail=f"{job.name} {claim.slot.isoformat()}")
    status, message = "interrupted", ""
    try:
        result = await _stages(bench, claim)
        status, message = result.status, result.problem
    finally:
        runs.finish(record, at=bench.clock.now(), status=status, counts={}, message=message)
    if result.status == "failed":
        await bench.notifier.notify(f"pricewatch: job {job.name} failed", result.problem)
    return result


async def _stages(bench: Workbench, claim: Claim) -> Result:
    """Run the stages; whatever a job runs into, the daemon outlives it."""
    job = claim.job
    try:
        reports = await run(bench, job.stages, sites=job.sites or None, due_only=True)
    except Exception as error:
        log.error("job %s failed: %s", job.name, _words(error), exc_info=_unexpected(error))
        return Result(job.name, claim.slot, error=_words(error))
    result = Result(job.name, claim.slot, reports)
    if result.problem:
        log.error("job %s: %s", job.name, result.problem)
    return result


def _words(error: BaseException) -> str:
    """Say what went wrong, out of the groups that concurrent work wraps it in."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_words(inner) for inner in error.exceptions)
    return str(error) if isinstance(error, PricewatchError) else f"{type(error).__name__}: {error}"


def _unexpected(error: BaseException) -> BaseException | None:
    """The error again when it is a mistake in pricewatch, whose place the log must show."""
    if isinstance(error, BaseExceptionGroup):
        return next((error for inner in error.exceptions if _unexpected(inner)), None)
    return None if isinstance(error, PricewatchError) else error


async def run_due(
    bench: Workbench, agenda: Agenda, *, on_claim: Callable[[Claim], None] | None = None
) -> tuple[Result, ...]:
    """Perform everything that is due, one job after the other; the caller holds the lock."""
    bench.store.runs.interrupt_unfinished(at=bench.clock.now())
    results = []
    while claim := agenda.claim(bench.clock.now()):
        if on_claim:
            on_claim(claim)
        log.info("job %s: slot %s, attempt %d", claim.job.name, claim.slot.isoformat(), claim.attempt)
        results.append(await perform(bench, claim))
        await asyncio.sleep(0)  # a place to be cancelled between jobs
    return tuple(results)


# --- health ----------------------------------------------------------------------------------------------------

HEALTH_FILE = "pricewatch.health.json"
STALE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Health:
    """How the daemon is: written to a file beside the configuration, for monitors and the web server.

    `state` is idle, working, stopping or stopped; `beat_at` is renewed every few seconds while the process lives,
    `tick_at` whenever it looked for due work.
    """

    state: str
    pid: int
    started_at: datetime
    beat_at: datetime
    tick_at: datetime | None = None
    job: str = ""
    last_job: str = ""
    last_status: str = ""
    last_finished_at: datetime | None = None
    open_publications: int | None = None
    publishing_stopped: bool = False
    upcoming: Mapping[str, datetime | None] = field(default_factory=dict)
    problem: str = ""

    def well(self, now: datetime) -> bool:
        """Whether the daemon lives: its last beat is fresh, and it did not end on purpose."""
        return self.state != "stopped" and abs(now - self.beat_at) <= STALE

    def write(self, path: Path) -> None:
        """Replace the file in one step; a reader sees the old or the new one, whole."""
        text = json.dumps({item.name: _plain(getattr(self, item.name)) for item in fields(self)}, indent=1)
        beside = path.with_name(f".{path.name}.{self.pid}")
        beside.write_text(text + "\n", "utf-8")
        beside.replace(path)

    @classmethod
    def read(cls, path: Path) -> Health | None:
        """Read the file; None when there is none, or none that can be understood."""
        try:
            raw = json.loads(path.read_text("utf-8"))
            return cls(**{name: _moment(name, value) for name, value in raw.items()})
        except (OSError, ValueError, TypeError, AttributeError):
            return None


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _moment(name: str, value: Any) -> Any:
    if name == "upcoming":
        return {job: _moment("at", at) for job, at in value.items()}
    return datetime.fromisoformat(value) if isinstance(value, str) and (name == "at" or name.endswith("_at")) else value
