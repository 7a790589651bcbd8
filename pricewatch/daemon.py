"""The daemon: one process that does what is due, when it is due, until it is told to end.

APScheduler is an in-memory tick in UTC and nothing more; what is due is computed from the database. Every job opens
the shop afresh, so rules and site definitions count from the next job on; the schedule is read at the start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from logging.handlers import WatchedFileHandler
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from pricewatch.bootstrap import App
from pricewatch.config import Config
from pricewatch.domain.errors import Locked, PricewatchError
from pricewatch.domain.listing import OPEN_STATES
from pricewatch.pipeline.holding import hold
from pricewatch.ports import Clock, Store
from pricewatch.redaction import RedactingFilter, quiet_logs
from pricewatch.worker import DAEMON_LOCK, Agenda, Health, Result, run_due

BEAT = 1.0  # seconds between two looks at the clock and the tick
_SAY_AGAIN = 600.0  # seconds until a lasting problem is logged once more
log = logging.getLogger(__name__)


class Daemon:
    """Performs due jobs, one at a time, under the lock; `run` returns after `stop` was called or a signal came."""

    def __init__(
        self,
        agenda: Agenda,
        store: Store,
        opener: Callable[[], AbstractContextManager[App]],
        *,
        clock: Clock,
        health: Path,
        tick: float = 5.0,
    ) -> None:
        self._store, self._opener, self._clock, self._file, self._seconds = store, opener, clock, health, tick
        self._agenda = agenda
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._work: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        now = clock.now()
        self._health = Health("idle", os.getpid(), started_at=now, beat_at=now)
        self._said = ("", 0.0)

    def run(self) -> None:
        """Hold the daemon's own lock and work until stopped; raises Locked when another daemon runs."""
        with self._store.lock(DAEMON_LOCK):
            self._take_stock()
            scheduler = self._scheduler()
            scheduler.start()
            log.info("started")
            try:
                while not self._stop.wait(BEAT):
                    self._beat()
                    self._rescue(scheduler)
            finally:
                self.stop()
                scheduler.shutdown(wait=True)
                self._tell(state="stopped", job="")
                log.info("ended")

    def stop(self) -> None:
        """End soon: nothing new is begun, and the running stage is told to end at its next item."""
        self._stop.set()
        with self._guard:
            if self._work is not None:
                loop, task = self._work
                with suppress(RuntimeError):  # the loop has just ended by itself
                    loop.call_soon_threadsafe(task.cancel)

    def _scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_job(self.tick, "interval", seconds=self._seconds, id="tick", next_run_time=datetime.now(UTC))
        return scheduler

    def _rescue(self, scheduler: BackgroundScheduler) -> None:
        """After the clock was set back, the tick would sleep until the old time comes again: bring it forward."""
        job, now = scheduler.get_job("tick"), datetime.now(UTC)
        if job is not None and job.next_run_time - now > timedelta(seconds=2 * self._seconds):
            log.warning("the clock was set back; looking for due work now")
            job.modify(next_run_time=now)

    def _take_stock(self) -> None:
        """Mark what a killed process left open, so that it is taken up again; leave it when somebody works now."""
        with suppress(Locked), hold(self._store):
            self._store.runs.interrupt_unfinished(at=self._clock.now())
        self._look()

    def tick(self) -> None:
        """Do everything that is due; whatever goes wrong is logged, and the next tick tries again."""
        if self._stop.is_set():
            return
        now = self._clock.now()
        try:
            self._tell(tick_at=now)
            if self._agenda.pending(now):
                with self._opener() as app, hold(app.bench.store):
                    asyncio.run(self._perform(app))
                self._look()
            self._said = ("", 0.0)
            self._tell(problem="")
        except asyncio.CancelledError:
            log.info("interrupted; the job is taken up again at the next start")
        except Locked:
            self._complain("another pricewatch process works now; the job waits for it", logging.INFO)
        except PricewatchError as error:
            self._complain(str(error), logging.ERROR)
        except Exception as error:
            self._complain(f"{type(error).__name__}: {error}", logging.ERROR)
            log.debug("the place", exc_info=True)

    async def _perform(self, app: App) -> None:
        task = asyncio.current_task()
        assert task is not None
        with self._guard:
            if self._stop.is_set():
                return
            self._work = asyncio.get_running_loop(), task
        self._tell(state="working")
        try:
            for result in await run_due(app.bench, self._agenda, on_claim=lambda claim: self._tell(job=claim.job.name)):
                self._done(result)
        finally:
            with self._guard:
                self._work = None
            self._tell(state="idle", job="")

    def _done(self, result: Result) -> None:
        counts = {f"{report.stage}.{name}": count for report in result.reports for name, count in report.counts.items()}
        aside = sum(len(report.set_aside) for report in result.reports)
        log.info(
            "job %s: %s, %d set aside", result.name, result.status, aside,
            extra={"data": {"job": result.name, "slot": result.slot.isoformat(), "status": result.status, **counts}},
        )  # fmt: skip
        self._tell(last_job=result.name, last_status=result.status, last_finished_at=self._clock.now())

    def _look(self) -> None:
        """Renew what the health file says of the database."""
        self._tell(
            open_publications=len(self._store.outbox.publications(states=OPEN_STATES)),
            publishing_stopped=self._store.control.stopped() is not None,
            upcoming=self._agenda.upcoming(self._clock.now()),
        )

    def _beat(self) -> None:
        self._tell(beat_at=self._clock.now())

    def _tell(self, **changes: Any) -> None:
        """Change what is known of the daemon's health and write it; a full disk must not stop prices."""
        with self._guard:
            self._health = replace(self._health, **{"beat_at": self._clock.now(), **changes})
            try:
                self._health.write(self._file)
            except OSError as error:
                self._complain_once(f"the health file can't be written: {error}")

    def _complain(self, text: str, level: int) -> None:
        """Log a problem when it is new, and again from time to time while it lasts."""
        before, at = self._said
        if text != before or time.monotonic() - at > _SAY_AGAIN:
            self._said = (text, time.monotonic())
            log.log(level, text)
        self._tell(problem=text)

    def _complain_once(self, text: str) -> None:
        if self._said[0] != text:
            self._said = (text, time.monotonic())
            log.error(text)


@contextmanager
def signals(daemon: Daemon) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the daemon cleanly; a second one ends it at once."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        daemon.stop()

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- logs ------------------------------------------------------------------------------------------------------


class Lines(logging.Formatter):
    """One line a record: text, or a JSON object; times in the shop's time zone with their offset."""

    def __init__(self, zone: tzinfo, *, as_json: bool) -> None:
        super().__init__()
        self._zone, self._json = zone, as_json

    def format(self, record: logging.LogRecord) -> str:
        """Write the record without control characters, its traceback included."""
        at = datetime.fromtimestamp(record.created, self._zone).isoformat(timespec="milliseconds")
        text, trace = record.getMessage(), record.exc_text or ""
        if record.exc_info and not trace:
            trace = self.formatException(record.exc_info)
        data: Mapping[str, object] = getattr(record, "data", {})
        if self._json:
            fields = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": text, **data}
            return json.dumps(fields | ({"trace": trace} if trace else {}), ensure_ascii=True, default=str)
        line = f"{at} {record.levelname:<7} {record.name}: {text}" + (f" | {trace}" if trace else "")
        return "".join(c if c.isprintable() else " " for c in line)


def set_up_logs(config: Config) -> None:
    """Send the log where [log] says: standard error, or a file that may be rotated; secrets are hidden."""
    settings = config.log
    handler = (
        WatchedFileHandler(settings.file, encoding="utf-8") if settings.file else logging.StreamHandler(sys.stderr)
    )
    handler.setFormatter(Lines(ZoneInfo(config.shop.timezone), as_json=settings.format == "json"))
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    quiet_logs()
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns at every tick while a job is under way
