"""A new version goes to a few products first, and to the rest when these show their prices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.listing import OPEN_STATES, Publication, PublicationState
from pricewatch.domain.product import Sku
from pricewatch.pipeline.orders import UNKNOWN as NO_ORDERS
from pricewatch.pipeline.orders import order_rate, read_orders
from pricewatch.pipeline.reading import NEVER
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench

HINT = "`pricewatch release` lets the rest go out all the same, `pricewatch rollback --reason …` takes the version back"
_FAILED = frozenset({PublicationState.REFUSED, PublicationState.UNREPRESENTABLE})  # what waits for these waits in vain


@dataclass(frozen=True, slots=True)
class StagedVersion:
    """How far the first listings of a version are: how many show their price, how many never will, and how many wait.

    `due` is when the rest may go at the earliest; `halted` says why it does not; empty = it is on its way. What is
    halted `for_good` waits for a person, whatever comes later. `unknown` is what has to be known first.
    """

    version: int
    first: int
    verified: int
    waiting: int
    due: datetime | None
    halted: str = ""
    for_good: bool = False
    unknown: str = ""
    began: datetime | None = None


def first_skus(skus: Sequence[Sku], count: int) -> tuple[Sku, ...]:
    """So many products, evenly over the list, so that all kinds of them go first; empty = all go at once."""
    if not count or len(skus) <= count:
        return ()
    return tuple(skus[place * len(skus) // count] for place in range(count))


def first_of(bench: Workbench, listed: Iterable[Sku]) -> tuple[Sku, ...]:
    """The products of a new version that go first; empty = all go at once. Those that went first with a version that
    still waits are among them: what is decided of them now, perhaps the way back, does not wait for others.
    """
    skus = list(dict.fromkeys(listed))
    first = first_skus(skus, bench.publishing.release.first)
    if not first:
        return ()
    outbox = bench.store.outbox
    ahead = {row.desired.sku for version in outbox.parked() for row in outbox.first(version)}.difference(first)
    return (*first, *(sku for sku in skus if sku in ahead))


def staged(bench: Workbench) -> tuple[StagedVersion, ...]:
    """The versions of which listings wait for the first ones."""
    return tuple(_look(bench, version, count) for version, count in sorted(bench.store.outbox.parked().items()))


def _look(bench: Workbench, version: int, waiting: int) -> StagedVersion:
    settings = bench.publishing.release
    newest = {(row.desired.channel, row.desired.remote_id): row for row in bench.store.outbox.first(version)}
    rows = [row for row in newest.values() if row.desired.channel in bench.channels]
    verified = sum(row.state is PublicationState.VERIFIED for row in rows)
    times = [at for row in rows if (at := row.sent_at or row.checked_at or row.created_at) is not None]
    sent = max(times, default=None)
    now = bench.clock.now()
    due = min(sent, now) + timedelta(seconds=settings.wait if sent <= now else 0) if sent else None
    failed = {row.desired.sku for row in rows if row.state in _FAILED or row.next_at == NEVER}
    unsettled = [row for row in rows if row.state in OPEN_STATES and row.desired.sku not in failed]
    enough = bool(rows) and verified * 100 >= settings.verified * len(rows)
    found = StagedVersion(version, len(rows), verified, waiting, None if unsettled else due)
    found = replace(found, began=min((row.sent_at for row in rows if row.sent_at is not None), default=sent))
    if halted := bench.store.prices.halted(version):
        return replace(found, halted=halted, for_good=True)
    if not (unsettled or enough):
        return replace(found, halted=_why(rows, verified))
    return _with_orders(bench, found, {row.desired.sku for row in rows})


def _with_orders(bench: Workbench, found: StagedVersion, skus: Collection[Sku]) -> StagedVersion:
    settings = bench.publishing.release
    if not settings.watches_orders or found.began is None:
        return found
    rate = order_rate(bench, skus, found.began)
    wrong = rate.wrong(settings)
    return replace(found, halted=wrong, for_good=bool(wrong), unknown=NO_ORDERS if rate.expected is None else "")


def _why(rows: Sequence[Publication], verified: int) -> str:
    bad = next((row for row in rows if row.state is not PublicationState.VERIFIED), None)
    if bad is None:
        return "newer versions have overtaken all of its first listings"
    words = f"such as {bad.desired.sku} on {bad.desired.channel}: {bad.state}, {bad.message}"
    return f"only {verified} of its first {len(rows)} listings show their price, {words}"


async def let_go(bench: Workbench, log: StageLog) -> datetime | None:
    """Let the rest of every version go whose first products are where they shall be, unless publishing is stopped; says
    when to look again.
    """
    again: list[datetime] = []
    if bench.store.control.stopped() is not None:
        return None
    await _read_orders(bench, log)
    now = bench.clock.now()
    for each in staged(bench):
        free = bench.store.prices.released(each.version)
        stays = each.halted or each.unknown
        if free or (not stays and each.due is not None and each.due <= now):
            log.count({"released": bench.store.outbox.unpark(each.version)})
        elif each.for_good:
            bench.store.prices.halt(each.version, at=now, reason=each.halted)
        elif each.due is not None and not stays:
            again.append(each.due)
    return min(again, default=None)


async def _read_orders(bench: Workbench, log: StageLog) -> None:
    waiting = staged(bench) if bench.publishing.release.watches_orders else ()
    for each in waiting:
        if each.began is not None and not each.halted:
            await read_orders(bench, each.began, each.due, log)


def report(bench: Workbench, log: StageLog) -> None:
    """Put aside what is halted, with the way to go on."""
    for each in staged(bench):
        if why := each.halted or (each.due is not None and each.due <= bench.clock.now() and each.unknown):
            reason = f"{why}; {each.waiting} listings wait"
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
