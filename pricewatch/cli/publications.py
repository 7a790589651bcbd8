"""Listings that do not show the price list's price (yet): as a table, as a parity report, and let out all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FINDINGS, OK, Call, command, who
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import ago, plural

if TYPE_CHECKING:
    from pricewatch.domain.listing import Publication
    from pricewatch.pipeline.differences import ParityReport
    from pricewatch.ports import Outbox

Version = Annotated[int | None, options.argument("VERSION", "The price list version; the one that waits by default.")]

COLUMNS = (
    Column("channel"),
    Column("sku"),
    Column("remote_id", "listing"),
    Column("state", badge=True),
    Column("wanted", money=True),
    Column("shown", money=True),
    Column("version", rank=2),
    Column("attempts", rank=3),
    Column("next_at", "next try", rank=1),
    Column("message", below=True),
)


_DIFFERENCES = (
    Column("channel"),
    Column("sku"),
    Column("remote_id", "listing"),
    Column("wanted", money=True),
    Column("shown", money=True),
    Column("state", badge=True),
    Column("since", rank=1),
    Column("what", below=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "parity")(parity)
    command(app, "release")(release)


def parity(call: Call, channels: options.Channels = None, *, exit_code: options.ExitCode = False) -> int:
    """List every listing that shows another price than its price group's, as far as nothing declares it.

    Nothing is read from the channels now: `pricewatch verify` does that.
    """
    from pricewatch.pipeline.differences import parity as use_case

    with opened(call) as app:
        found, now = use_case(app.bench, channels or None), app.bench.clock.now()
    rows = [
        (d.channel, d.sku, d.remote_id, d.wanted, d.shown, d.state, d.since, d.what) for d in found.differences
    ]  # fmt: skip
    call.out.table("difference", _DIFFERENCES, rows)
    for gap in found.left_out:
        call.out.say(f"{gap.channel} has no place for the {gap.what} of {plural(gap.listings, 'listing')}")
    step = "pricewatch verify" if rows or not found.compared else "pricewatch status"
    oldest = f", the oldest reading is of {ago(found.oldest, now)}" if found.oldest else ""
    code = findings_code(OK, len(rows), exit_code=exit_code)
    return call.finish(
        f"{_share(found)}{oldest}", code=code, next_step=step, differences=len(rows), compared=found.compared,
        parity=found.parity, declared=found.declared,
    )  # fmt: skip


def _share(found: ParityReport) -> str:
    if found.parity is None:
        return "no channel was asked for a price yet"
    declared = f"; {plural(found.declared, 'product')} priced otherwise in other price groups" if found.declared else ""
    return f"{found.parity / 100:.2f} % of {plural(found.compared, 'listing')} in step{declared}"


def release(call: Call, version: Version = None, *, reason: options.Reason = "", by: options.By = "") -> int:
    """Let a price list version go to all listings, although its first ones did not all take their prices."""
    from pricewatch.pipeline.staging import release as use_case

    with locked(call) as app:
        found = use_case(app.bench, version, by=who(by), reason=reason)
    text = f"version {found.version} goes to the {plural(found.waiting, 'listing')} that waited"
    return call.finish(text, next_step="pricewatch verify", version=found.version, listings=found.waiting)


def show_open(call: Call, outbox: Outbox) -> int:
    """Print the listings that are not in step; returns how many there are."""
    from pricewatch.domain.listing import PublicationState

    states = set(PublicationState) - {PublicationState.VERIFIED, PublicationState.SUPERSEDED}
    found = outbox.publications(states=states)
    if found:
        call.out.table("publication", COLUMNS, [row(item) for item in found], title="Not in step", limit=20, aside=True)
    return len(found)


def row(item: Publication) -> Row:
    """One publication as cells of `COLUMNS`."""
    from pricewatch.pipeline.reading import last_shown

    wanted = item.desired
    return (
        wanted.channel, wanted.sku, wanted.remote_id, item.state, wanted.price, last_shown(item), wanted.version,
        item.attempts, item.next_at, item.message,
    )  # fmt: skip


def findings_code(code: int, findings: int, *, exit_code: bool) -> int:
    """Exit code 4 when there are findings and they were asked for; a failure stays what it is."""
    return FINDINGS if exit_code and findings and code == OK else code
