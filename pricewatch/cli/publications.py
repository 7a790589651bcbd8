"""Listings that do not show the price list's price (yet), as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricewatch.cli.call import FINDINGS, OK, Call
from pricewatch.cli.output import Column, Row

if TYPE_CHECKING:
    from pricewatch.domain.listing import Publication
    from pricewatch.ports import Outbox

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
    wanted = item.desired
    return (
        wanted.channel, wanted.sku, wanted.remote_id, item.state, wanted.price, item.observed, wanted.version,
        item.attempts, item.next_at, item.message,
    )  # fmt: skip


def findings_code(code: int, findings: int, *, exit_code: bool) -> int:
    """Exit code 4 when there are findings and they were asked for; a failure stays what it is."""
    return FINDINGS if exit_code and findings and code == OK else code
