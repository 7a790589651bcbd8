"""What people hold in their hands: the kill switch, freezes, quarantine, and the proof of the price list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, FINDINGS, OK, PARTLY, Call, command, group, who
from pricewatch.cli.named import require_product
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import ago, plural
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.ports import StoredObservation

_QUARANTINE = (
    Column("id"),
    Column("sku"),
    Column("site"),
    Column("seller"),
    Column("price", money=True),
    Column("seen_at", "seen", rank=1),
    Column("why", below=True),
    Column("title", below=True),
    Column("url", machine=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "stop")(stop)
    command(app, "resume")(resume)
    command(app, "freeze")(freeze)
    command(app, "unfreeze")(unfreeze)
    quarantine = group(app, "quarantine", "Readings that are held back as implausible.")
    command(quarantine, "list", path="quarantine list")(quarantine_list)
    command(quarantine, "release", path="quarantine release")(quarantine_release)
    audit = group(app, "audit", "Who did what, and whether the price list is untouched.")
    command(audit, "list", path="audit list")(audit_list)
    command(audit, "verify", path="audit verify")(audit_verify)


def stop(call: Call, *, reason: options.Reason = "", by: options.By = "") -> int:
    """Throw the kill switch: from now on no price leaves, also not from a run that is under way."""
    with opened(call) as app:
        app.bench.store.control.stop(at=app.bench.clock.now(), by=who(by), reason=reason)
    return call.finish("publishing is stopped", next_step="pricewatch resume (when it may go on)")


def resume(call: Call, *, by: options.By = "") -> int:
    """Release the kill switch."""
    with opened(call) as app:
        was_stopped = app.bench.store.control.resume(at=app.bench.clock.now(), by=who(by))
    text = "publishing goes on" if was_stopped else "publishing was not stopped"
    return call.finish(text, next_step="pricewatch verify", was_stopped=was_stopped)


def freeze(
    call: Call, sku: options.Sku, *, reason: options.Reason = "", until: options.Until = "", by: options.By = ""
) -> int:
    """Keep a product's price as it is."""
    from pricewatch.ports import Freeze

    with opened(call) as app:
        bench, at = app.bench, app.bench.clock.now()
        require_product(app, sku)
        end = _moment(until, ZoneInfo(bench.groups[0].timezone), at)
        bench.store.catalogue.freeze(Freeze(sku=sku, reason=reason, by=who(by), until=end))
        bench.store.control.audit("freeze", at=at, by=who(by), detail=f"{sku} {reason}".strip())
    call.out.record("freeze", {"sku": sku, "until": end, "reason": reason, "by": who(by)})
    return call.finish(f"the price of {sku} stays", next_step=f"pricewatch unfreeze {sku}")


def _moment(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Read a date or time in the shop's zone; a date alone means its end."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until {text!r} is no date", hint="write it as 2026-12-31 or 2026-12-31T18:00") from None
    if len(text) == len("2026-12-31"):
        read = read.replace(hour=23, minute=59, second=59)
    moment = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    if moment <= now:
        raise UsageError(f"--until {text!r} is in the past", hint="leave it out to freeze for good")
    return moment


def unfreeze(call: Call, sku: options.Sku, *, by: options.By = "") -> int:
    """Let the rules decide a product's price again."""
    with opened(call) as app:
        was_frozen = app.bench.store.catalogue.unfreeze(sku)
        if not was_frozen:
            require_product(app, sku)
        else:
            app.bench.store.control.audit("unfreeze", at=app.bench.clock.now(), by=who(by), detail=sku)
    text = f"the rules decide {sku} again" if was_frozen else f"{sku} was not frozen"
    return call.finish(text, next_step=f"pricewatch explain {sku}", was_frozen=was_frozen)


def quarantine_list(call: Call, *, exit_code: options.ExitCode = False) -> int:
    """List readings that no rule may use until somebody looked at them."""
    with opened(call) as app:
        held, now = app.bench.store.sightings.quarantined(), app.bench.clock.now()
    call.out.table("reading", _QUARANTINE, (_row(reading) for reading in held))
    if not held:
        return call.finish("nothing is held back", next_step="pricewatch plan", quarantined=0)
    oldest = min(reading.observation.seen_at for reading in held)
    text = f"{plural(len(held), 'reading')} held back, the oldest {ago(oldest, now)}"
    code = FINDINGS if exit_code else OK
    return call.finish(text, code=code, next_step="pricewatch quarantine release ID…", quarantined=len(held))


def _row(reading: StoredObservation) -> Row:
    offer = reading.observation.offer
    return (
        reading.id, reading.sku, offer.item.key.site, offer.seller, offer.price, reading.observation.seen_at,
        reading.observation.quarantine, offer.item.title, offer.url or offer.item.url,
    )  # fmt: skip


def quarantine_release(
    call: Call, readings: options.Readings = None, *, everything: options.AllPending = False, by: options.By = ""
) -> int:
    """Let rules use these readings after all."""
    if bool(readings) == everything:
        raise UsageError("say which: ids, or --all", hint="`pricewatch quarantine list` shows the ids")
    with opened(call) as app:
        sightings = app.bench.store.sightings
        chosen = readings or [reading.id for reading in sightings.quarantined()]
        released = sightings.release(chosen, by=who(by))
        detail = f"{released} readings: {', '.join(map(str, chosen[:20]))}"
        app.bench.store.control.audit("quarantine release", at=app.bench.clock.now(), by=who(by), detail=detail)
    if released < len(chosen):
        text = f"{released} of {plural(len(chosen), 'reading')} released; the others are not held back"
        return call.finish(text, code=PARTLY, next_step="pricewatch quarantine list", released=released)
    return call.finish(f"{plural(released, 'reading')} released", next_step="pricewatch plan", released=released)


def audit_list(call: Call, *, limit: options.Limit = 50) -> int:
    """List what people did, newest first."""
    with opened(call) as app:
        trail = app.bench.store.control.audit_trail(limit=limit)
    call.out.table("event", (Column("at"), Column("event"), Column("by"), Column("detail", fold=True)), trail)
    return call.finish(plural(len(trail), "event"), next_step="pricewatch audit verify", events=len(trail))


Noted = Annotated[
    str, options.option("--noted", env=False, metavar="HASH", help="A hash that this command printed before.")
]


def audit_verify(call: Call, *, noted: Noted = "") -> int:
    """Recompute the hash chain of the price list: nothing was changed or removed behind pricewatch's back.

    Whoever may write the whole database could write a new chain: note the hash of the newest version somewhere else,
    and give it next time.
    """
    with opened(call) as app:
        prices = app.bench.store.prices
        newest, problems = prices.version(), prices.verify_chain()
        if noted and not any(noted == head.hash for head in prices.versions(limit=newest.version if newest else 1)):
            problems = (*problems, f"no version has the hash {noted}: the list was written anew, or cut off before it")
    call.out.table("problem", (Column("problem", fold=True),), ((problem,) for problem in problems))
    version = newest.version if newest else 0
    if problems:
        step = "compare with a backup: pricewatch history SKU shows every version"
        return call.finish(f"the chain is broken: {plural(len(problems), 'problem')}", code=FAILED, next_step=step)
    head = newest.hash if newest else ""
    step = f"pricewatch audit verify --noted {head}" if head else "pricewatch status"
    return call.finish(f"the chain is intact up to version {version}", next_step=step, version=version, hash=head)
