"""A product of which one listing will not take its price gets the price before back on all of them, where configured
so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import SetAside
from pricewatch.domain.listing import Desired, Publication
from pricewatch.domain.product import Sku
from pricewatch.pipeline.listings import wanted
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.settings import FailurePolicy
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.timing import next_version_at
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Freeze

BY = "publish"
TAKEN_BACK = "taken back"


def take_back(bench: Workbench, board: Board, log: StageLog) -> int:
    """Say the earlier prices of these products once more, as a new version, and freeze them for a while: else the next
    plan would ask for the same again. Returns how many products get their price back.
    """
    entries: list[PriceEntry] = []
    desired: list[Desired] = []
    for (group, sku), row in board.failed.items():
        if board.policy(sku) is FailurePolicy.ROLL_BACK:
            entry = bench.store.prices.current(group, skus=[sku]).get(sku)
            before = _before(bench, entry, row)
            if entry is not None and isinstance(before, PriceEntry):
                again = _again(before, row, log)
                entries.append(again)
                desired += _wishes(bench, again, entry)
            elif isinstance(before, str):
                _hold(log, row, before)
    if not entries:
        return 0
    at = next_version_at(bench)
    entries = [replace(entry, valid_from=at) for entry in entries]
    bench.store.prices.append(plan=max(e.plan for e in entries), at=at, entries=(), desired=desired, restated=entries)
    until = bench.clock.now() + timedelta(hours=bench.publishing.refused_rest)
    for each in entries:
        bench.store.catalogue.freeze(Freeze(each.sku, each.reason, BY, until))
    board.forgive({(each.group, each.sku) for each in entries})
    log.count({"taken back": len(entries)})
    return len(entries)


def _before(bench: Workbench, entry: PriceEntry | None, row: Publication) -> PriceEntry | str | None:
    """The entry to go back to; a text says why there is none, None that there is nothing to take back."""
    if entry is None or entry.version != row.desired.version or entry.adopted or entry.reason.startswith(TAKEN_BACK):
        return None
    before = _known(bench, entry).get(entry.sku)
    if before is None or before.found:
        return "there is no decided price to go back to"
    if before.gross == entry.gross:
        return None
    if entry.floor is not None and before.gross < entry.floor:
        return f"the price before, {before.gross}, is below the floor {entry.floor}"
    if entry.ceiling is not None and before.gross > entry.ceiling:
        return f"the price before, {before.gross}, is above the ceiling {entry.ceiling}"
    return before


def _known(bench: Workbench, entry: PriceEntry) -> Mapping[Sku, PriceEntry]:
    return bench.store.prices.current(entry.group, until=entry.version - 1, skus=[entry.sku])


def _again(before: PriceEntry, row: Publication, log: StageLog) -> PriceEntry:
    reason = f"{TAKEN_BACK}: {row.desired.channel} did not take {row.desired.price}: {row.message}"[:300]
    return replace(before, version=0, reason=reason, run=log.run)


def _wishes(bench: Workbench, again: PriceEntry, entry: PriceEntry) -> list[Desired]:
    rows = bench.store.outbox.publications(sku=again.sku)
    return [
        wanted(bench.channels[row.desired.channel], row.desired.remote_id, again, entry.gross)
        for row in rows
        if bench.channel_groups.get(row.desired.channel) == again.group
    ]


def _hold(log: StageLog, row: Publication, why: str) -> None:
    words = f"cannot be taken back: {why}; its other listings are held"
    log.put_aside(SetAside("publish", row.desired.sku, words, where=row.desired.channel))
