"""All hosts that are known, what their answers taught us, and their robots.txt: kept beyond the process."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.pacing import LONGEST_WAIT, retry_after
from pricewatch.ports import Clock, HostRecord, HostStore, RobotsRecord
from pricewatch.scraping.rate import Host
from pricewatch.scraping.robots import Robots, parse_robots
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.urls import host_key
from pricewatch.wire import Reply

log = logging.getLogger(__name__)

REFUSALS = frozenset({403, 429})
STRAINED = frozenset({429, 503})
SILENCE = frozenset({FetchErrorKind.CONNECTION, FetchErrorKind.TIMEOUT, FetchErrorKind.TLS})
SILENT_PAUSE = 600.0
ROBOTS_RETRY = 600.0  # seconds after which an unreadable robots.txt is asked for again


@dataclass(frozen=True, slots=True)
class _Rules:
    robots: Robots
    until: datetime


class HostBook:
    """Hosts by name and port; `memory` keeps pauses, pace, budgets and robots.txt for the next process.

    A pause is saved the moment it begins; the rest when `save` is called.
    """

    def __init__(self, settings: ScrapingSettings, clock: Clock, memory: HostStore | None) -> None:
        self._settings = settings
        self._clock = clock
        self._memory = memory
        self._hosts: dict[str, Host] = {}
        self._told: dict[str, HostRecord] = {}
        self._rules: dict[str, _Rules] = {}

    # --- beginning and end ---

    def load(self) -> None:
        """Take over what is remembered: it may have been changed by a person since."""
        if self._memory is None:
            return
        now, tick = self._clock.now(), time.monotonic()
        self._told = {record.host: record for record in self._memory.load()}
        for name, record in self._told.items():
            if name in self._hosts:
                self._recall(self._hosts[name], record, now, tick)

    def save(self) -> None:
        """Remember what changed since it was loaded, and let go of the event loop."""
        for host in self._hosts.values():
            host.detach()
        if self._memory is None:
            return
        now, tick = self._clock.now(), time.monotonic()
        records = (_record(name, host, now, tick) for name, host in self._hosts.items())
        changed = [record for record in records if _differs(record, self._told.get(record.host))]
        if changed:
            self._memory.save(changed)
        self._told |= {record.host: record for record in changed}

    def _save_now(self, name: str, host: Host) -> None:
        if self._memory is not None:
            self._memory.save([_record(name, host, self._clock.now(), time.monotonic())])

    # --- one host ---

    def of(self, url: str, site: SiteDefinition | None) -> Host:
        """What is known of a host; where several definitions share it, the slowest pace holds."""
        name, crawl = host_key(url), site.crawl if site else None
        host = self._hosts.get(name)
        if host is None or (crawl and crawl.delay is not None):
            delay = crawl.delay if crawl and crawl.delay is not None else self._settings.delay
            host = host or self._meet(name, delay, crawl.concurrency if crawl else None)
            host.delay = max(host.delay, delay)
        if site and not host.site:
            host.site = site.name
        return host

    def _meet(self, name: str, delay: float, places: int | None) -> Host:
        host = self._hosts[name] = Host(delay, places or self._settings.concurrency, self._settings.strained_delay)
        if name in self._told:
            self._recall(host, self._told[name], self._clock.now(), time.monotonic())
        return host

    @staticmethod
    def _recall(host: Host, record: HostRecord, now: datetime, tick: float) -> None:
        host.slowness, host.usual, host.paused_for = max(record.slowness, 1.0), record.usual, record.reason
        host.site, host.day, host.asked = record.site, record.day, record.asked
        host.held_until = _tick(record.held_until, now, tick)
        host.paused_until = _tick(record.paused_until, now, tick)

    def paused(self, url: str) -> float:
        """Seconds for which the host of an address is left alone; 0 = it is not."""
        host = self._hosts.get(host_key(url))
        return max(host.paused_until - time.monotonic(), 0.0) if host else 0.0

    def waits_long(self, host: Host) -> bool:
        """Whether a host is paused, or asks for a longer wait than is waited within a crawl: it is not asked now."""
        now = time.monotonic()
        return host.paused_until > now or host.held_until - now > self._settings.retry_delay_cap

    def check(self, host: Host, url: str) -> None:
        """Raise FetchError (kind paused) for a host that is left alone now; the page was not asked for."""
        now = time.monotonic()
        if host.paused_until > now:
            raise _paused(f"the host {host.paused_for} and is left alone", host.paused_until - now, url)
        if host.held_until - now > self._settings.retry_delay_cap:
            raise _paused("the host asked to be left alone", host.held_until - now, url)
        budget = self._settings.daily_budget
        if budget and host.asked >= budget:
            today = self._clock.now()
            if host.day == today.date().isoformat():
                midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
                words = f"the {budget:,} requests that the host gets a day are used: it is left alone"
                raise _paused(words, (midnight - today).total_seconds(), url)

    def count(self, host: Host) -> None:
        """A request is sent."""
        host.requests += 1
        day = self._clock.now().date().isoformat()
        if host.day != day:
            host.day, host.asked = day, 0
        host.asked += 1

    # --- what answers teach ---

    def learn(self, host: Host, url: str, reply: Reply) -> None:
        """Remember what an answer says about the host's patience."""
        if reply.status < 300:
            host.answered_well(reply.elapsed)
            return
        wait = self.wait_of(reply)
        if wait:
            host.hold(wait, time.monotonic())
        if reply.status in STRAINED:
            host.slow_down()
        if reply.status in REFUSALS:
            self.refuse(host, url, slower=reply.status not in STRAINED)
        elif wait and self.waits_long(host):
            self._save_now(host_key(url), host)
        elif reply.status < 400:
            host.answered_well(reply.elapsed)

    def refuse(self, host: Host, url: str, *, slower: bool = True) -> None:
        """Count a refusal: 403, 429 or a challenge page."""
        if slower:
            host.slow_down()
        pause = self._settings.block_pause
        if host.refused(time.monotonic(), limit=self._settings.block_limit, pause=pause):
            log.warning("%s refuses us; it is left alone for %.0f s", host_key(url), pause)
        if self.waits_long(host):
            self._save_now(host_key(url), host)

    def lament(self, host: Host, url: str, error: FetchError) -> None:
        """A host that does not answer at all, page after page, is left alone for a while too."""
        if error.kind not in SILENCE:
            return
        if error.kind is FetchErrorKind.TIMEOUT:
            host.slow_down()
        pause = min(SILENT_PAUSE, self._settings.block_pause)
        if host.silent(time.monotonic(), limit=self._settings.block_limit, pause=pause):
            log.warning("%s does not answer; it is left alone for %.0f s", host_key(url), pause)
            self._save_now(host_key(url), host)

    def wait_of(self, reply: Reply) -> float | None:
        """The answer's Retry-After in seconds."""
        return retry_after(reply.headers.get("retry-after"), self._clock.now())

    # --- robots.txt ---

    def robots(self, origin: str) -> Robots | None:
        """The rules of an origin as long as they hold, from this process or an earlier one."""
        known = self._rules.get(origin)
        if known is None and self._memory is not None:
            record = self._memory.robots(origin)
            if record is not None:
                robots = Robots(refused=record.refused) if record.refused else parse_robots(record.body)
                known = self._rules[origin] = _Rules(robots, record.until)
        if known is None:
            return None
        now, longest = self._clock.now(), timedelta(hours=self._settings.robots_hours)
        return known.robots if now < known.until <= now + longest else None

    def remember(self, origin: str, robots: Robots, body: bytes) -> None:
        """Keep an origin's rules for as long as they hold."""
        seconds = ROBOTS_RETRY if robots.refused else self._settings.robots_hours * 3_600
        until = self._clock.now() + timedelta(seconds=seconds)
        self._rules[origin] = _Rules(robots, until)
        if self._memory is not None:
            self._memory.save_robots(RobotsRecord(origin, body, robots.refused, until))


def _tick(moment: datetime | None, now: datetime, tick: float) -> float:
    return 0.0 if moment is None else tick + min((moment - now).total_seconds(), LONGEST_WAIT)


def _moment(at: float, now: datetime, tick: float) -> datetime | None:
    return now + timedelta(seconds=at - tick) if at > tick else None


def _record(name: str, host: Host, now: datetime, tick: float) -> HostRecord:
    paused = _moment(host.paused_until, now, tick)
    return HostRecord(
        host=name,
        site=host.site,
        slowness=host.slowness,
        usual=host.usual,
        held_until=_moment(host.held_until, now, tick),
        paused_until=paused,
        reason=host.paused_for if paused else "",
        day=host.day,
        asked=host.asked,
    )


def _differs(record: HostRecord, told: HostRecord | None) -> bool:
    """Whether saving is worth it: a host that was not asked since has nothing new to tell."""
    return told is None or (record.day, record.asked) != (told.day, told.asked)


def _paused(words: str, seconds: float, url: str) -> FetchError:
    return FetchError(
        f"{words} for {seconds:.0f} s",
        kind=FetchErrorKind.PAUSED,
        where=url,
        hint="its pages stay due; `pricewatch status` shows paused hosts, `pricewatch site resume` lifts a pause",
        retry_after=seconds,
    )
