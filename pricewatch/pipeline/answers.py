"""What people say about matches, by the file: line by line, and never over an answer that somebody gave one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import MapLine, StageReport, Workbench
from pricewatch.ports import ImportCount

STAGE = "match import"
BY_FILE = "map"  # the method of an answer that came from a file


def import_matches(bench: Workbench, rows: Iterable[MapLine], *, by: str = "map") -> StageReport:
    """Save a person's answers from a file. Unknown SKUs, lines that repeat or contradict another, and lines that
    contradict an answer given one by one are set aside with their place.
    """
    with stage(bench, STAGE) as log:
        saved = save_answers(bench, rows, log, by=by)
        log.count({"added": saved.added, "changed": saved.changed, "unchanged": saved.unchanged})
    return log.report()


def save_answers(bench: Workbench, rows: Iterable[MapLine], log: StageLog, *, by: str) -> ImportCount:
    """Save what a file says, and set aside what cannot be used of it."""
    reader: _Lines | None = None
    answers = []
    for place, row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
            continue
        reader = reader or _Lines(bench)
        problem, hint = reader.check(place, row)
        if problem:
            log.put_aside(SetAside(STAGE, row.sku, problem, place, hint))
        else:
            at = bench.clock.now()
            answers.append(replace(row, method=BY_FILE, decided_by=by, decided_at=at, probability=10_000))
    return bench.store.matches.save(answers) if answers else ImportCount()


def bound_pages(bench: Workbench) -> list[MapLine]:
    """What targets say that are bound to a product, in a file or in a site's definition, as lines of a map."""
    decided = {pair.item for pair in bench.store.matches.answered()} | {
        pair.item for pair in bench.store.matches.suspended()
    }
    return [
        (url, Match(sku, item, MatchStatus.ACCEPTED, method=BY_FILE))
        for sku, item, url in bench.store.discovery.bound()
        if item not in decided
    ]


class _Lines:
    """What the lines so far have said, beside the catalogue and what people had answered before."""

    def __init__(self, bench: Workbench) -> None:
        self._products: Mapping[Sku, Product] = bench.store.catalogue.load().products
        self._answered = {(pair.sku, pair.item): pair for pair in bench.store.matches.answered()}
        self._suspended = {(pair.sku, pair.item): pair for pair in bench.store.matches.suspended()}
        self._pairs: dict[tuple[Sku, ItemKey], str] = {}
        self._taken: dict[ItemKey, tuple[Sku, str]] = {}

    def check(self, place: str, row: Match) -> tuple[str, str]:
        """Why a line cannot be used and what to do about it; two empty texts when it can."""
        if row.sku not in self._products:
            return "not in the catalogue", "correct the SKU, or import the catalogue first"
        pair = (row.sku, row.item)
        if pair in self._pairs:
            return f"stands more than once: first in {self._pairs[pair]}, which counts", ""
        if _contradicts(self._answered.get(pair), row):
            known = self._answered[pair]
            return f"{known.decided_by} has answered {known.status}, which stays", "`pricewatch match accept|reject`"
        if pair in self._suspended and row.status is MatchStatus.ACCEPTED:
            return self._suspended[pair].reasons[0], "look at the page, then `pricewatch match review` or accept it"
        taken = self._taken.get(row.item)
        if taken and _is_the_same(row):
            return f"{row.item.item} is already {taken[0]} in {taken[1]}", "an item is one product; correct one of them"
        self._pairs[pair] = place
        if _is_the_same(row):
            self._taken[row.item] = (row.sku, place)
        return "", ""


def _is_the_same(row: Match) -> bool:
    return row.status is MatchStatus.ACCEPTED and row.kind is not MatchKind.EQUIVALENT


def _contradicts(known: Match | None, row: Match) -> bool:
    """Whether a person said something else of this pair, one by one and not by a file."""
    if known is None or known.method == BY_FILE:
        return False
    return (known.status, known.kind, known.factor) != (row.status, row.kind, row.factor)
