"""A new version goes to a few products first, and to the rest when these show their prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.listing import OPEN_STATES, Desired, Publication, PublicationState
from pricewatch.domain.product import Sku
from pricewatch.pipeline.reading import NEVER
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench

HINT = "`pricewatch release` lets the rest go out all the same, `pricewatch rollback` takes the version back"
_FAILED = frozenset({PublicationState.REFUSED, PublicationState.UNREPRESENTABLE})  # what waits for these waits in vain


@dataclass(frozen=True, slots=True)
class StagedVersion:
    """How far the first listings of a version are: how many show their price, how many never will, and how many wait.

    `due` is when the rest may go at the earliest; `halted` says why it does not; empty = it is on its way.
    """

    version: int
    first: int
    verified: int
    waiting: int
    due: datetime | None
    halted: str = ""


def first_skus(skus: Sequence[Sku], count: int) -> tuple[Sku, ...]:
    """So many products, evenly over the list, so that all kinds of them go first; empty = all go at once."""
    if not count or len(skus) <= count:
        return ()
    return tuple(skus[place * len(skus) // count] for place in range(count))


def park(bench: Workbench, version: int, desired: Sequence[Desired]) -> int:
    """Let the rest of a new version wait for its first products; returns how many listings wait."""
    first = first_skus(list(dict.fromkeys(wish.sku for wish in desired)), bench.publishing.release.first)
    if not first:
        return 0
    return bench.store.outbox.park(version, first, f"waits for the first {len(first)} products of version {version}")


def staged(bench: Workbench) -> tuple[StagedVersion, ...]:
    """The versions of which listings wait for the first ones."""
    return tuple(_look(bench, version, count) for version, count in sorted(bench.store.outbox.parked().items()))


def _look(bench: Workbench, version: int, waiting: int) -> StagedVersion:
    rows, settings = bench.store.outbox.first(version), bench.publishing.release
    verified = sum(row.state is PublicationState.VERIFIED for row in rows)
    times = [at for row in rows if (at := row.sent_at or row.checked_at or row.created_at) is not None]
    sent = max(times, default=None)
    due = sent + timedelta(seconds=settings.wait) if sent else None
    failed = {row.desired.sku for row in rows if row.state in _FAILED or row.next_at == NEVER}
    unsettled = [row for row in rows if row.state in OPEN_STATES and row.desired.sku not in failed]
    enough = verified * 100 >= settings.verified * len(rows)
    halted = "" if unsettled or enough else _why(rows, verified)
    return StagedVersion(version, len(rows), verified, waiting, None if unsettled else due, halted)


def _why(rows: Sequence[Publication], verified: int) -> str:
    bad = next(row for row in rows if row.state is not PublicationState.VERIFIED)
    words = f"such as {bad.desired.sku} on {bad.desired.channel}: {bad.state}, {bad.message}"
    return f"only {verified} of its first {len(rows)} listings show their price, {words}"


def let_go(bench: Workbench, log: StageLog) -> datetime | None:
    """Let the rest of every version go whose first products are where they shall be; says when to look again."""
    again: list[datetime] = []
    now = bench.clock.now()
    for each in staged(bench):
        free = bench.store.prices.released(each.version)
        if free or (not each.halted and each.due is not None and each.due <= now):
            log.count({"released": bench.store.outbox.unpark(each.version)})
        elif each.due is not None and not each.halted:
            again.append(each.due)
    return min(again, default=None)


def report(bench: Workbench, log: StageLog) -> None:
    """Put aside what is halted, with the way to go on."""
    for each in staged(bench):
        if each.halted:
            reason = f"{each.halted}; {each.waiting} listings wait"
            log.put_aside(SetAside("publish", f"price list {each.version}", reason, hint=HINT))


def release(bench: Workbench, version: int | None, *, by: str, reason: str) -> StagedVersion:
    """Let all listings of a waiting version go with the next run; raises UsageError when none waits."""
    waiting = staged(bench)
    chosen = [each for each in waiting if version in {None, each.version}]
    if len(chosen) != 1:
        known = ", ".join(str(each.version) for each in waiting) or "none"
        raise UsageError(f"which version shall go out? {known} wait" if waiting else "no version waits to be released")
    now, only = bench.clock.now(), chosen[0]
    bench.store.prices.release(only.version, at=now, by=by, reason=reason)
    bench.store.control.audit("release", at=now, by=by, detail=f"price list {only.version} {reason}".strip())
    return only
