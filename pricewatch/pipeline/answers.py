"""What people say about matches, by the file: line by line, and never over an answer that somebody gave one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """Save a person's answers from a file; what stands as a line says stays as it is, with whoever decided it. Unknown
    SKUs, lines that repeat or contradict another, and lines that contradict an answer given one by one are set aside
    with their place.
    """
    with stage(bench, STAGE) as log:
        saved = _save(bench, rows, log, bench.store.matches.all, by=by)
        log.count({"added": saved.added, "changed": saved.changed, "unchanged": saved.unchanged})
    return log.report()


def save_answers(bench: Workbench, rows: Iterable[MapLine], log: StageLog, *, by: str) -> ImportCount:
    """Save what the map says, also of pairs that were accepted without a person, and set aside what cannot be used."""
    return _save(bench, rows, log, bench.store.matches.answered, by=by)


def _save(
    bench: Workbench, rows: Iterable[MapLine], log: StageLog, known: Callable[[], Sequence[Match]], *, by: str
) -> ImportCount:
    """Save the lines that say something else than the known pairs do."""
    reader: _Lines | None = None
    answers, same = [], 0
    for place, row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
            continue
        reader = reader or _Lines(bench, known())
        problem, hint = reader.check(place, row)
        if problem:
            log.put_aside(SetAside(STAGE, row.sku, problem, place, hint))
        elif reader.stands(row):
            same += 1
        else:
            at = bench.clock.now()
            answers.append(replace(row, method=BY_FILE, decided_by=by, decided_at=at, probability=10_000))
    saved = bench.store.matches.save(answers) if answers else ImportCount()
    return replace(saved, unchanged=saved.unchanged + same)


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
    """What the lines so far have said, beside the catalogue and the pairs that were known before."""

    def __init__(self, bench: Workbench, known: Iterable[Match]) -> None:
        self._products: Mapping[Sku, Product] = bench.store.catalogue.load().products
        self._known = {(pair.sku, pair.item): pair for pair in known}
        self._suspended = {(pair.sku, pair.item): pair for pair in bench.store.matches.suspended()}
        self._pairs: dict[tuple[Sku, ItemKey], str] = {}
        self._taken: dict[ItemKey, tuple[Sku, str]] = {
            pair.item: (pair.sku, f"the answer of {pair.decided_by}")
            for pair in self._known.values()
            if _one_by_one(pair) and _is_the_same(pair)
        }

    def check(self, place: str, row: Match) -> tuple[str, str]:
        """Why a line cannot be used and what to do about it; two empty texts when it can."""
        if row.sku not in self._products:
            return "not in the catalogue", "correct the SKU, or import the catalogue first"
        pair = (row.sku, row.item)
        if pair in self._pairs:
            return f"stands more than once: first in {self._pairs[pair]}, which counts", ""
        known = self._known.get(pair)
        if known is not None and _contradicts(known, row):
            return f"{known.decided_by} has answered {known.status}, which stays", "`pricewatch match accept|reject`"
        if pair in self._suspended and row.status is MatchStatus.ACCEPTED:
            return self._suspended[pair].reasons[0], "look at the page, then `pricewatch match review` or accept it"
        taken = self._taken.get(row.item)
        if taken and taken[0] != row.sku and _is_the_same(row) and not self.stands(row):
            return f"{row.item.item} is already {taken[0]} in {taken[1]}", "an item is one product; correct one of them"
        self._pairs[pair] = place
        if _is_the_same(row):
            self._taken[row.item] = (row.sku, place)
        return "", ""

    def stands(self, row: Match) -> bool:
        """Whether a line says nothing new of a known pair."""
        known = self._known.get((row.sku, row.item))
        return known is not None and _said(known) == _said(row)


def _is_the_same(row: Match) -> bool:
    return row.status is MatchStatus.ACCEPTED and row.kind is not MatchKind.EQUIVALENT


def _contradicts(known: Match, row: Match) -> bool:
    """Whether a person said something else of this pair, one by one and not by a file."""
    return _one_by_one(known) and _said(known) != _said(row)


def _one_by_one(known: Match) -> bool:
    return known.decided_by != "auto" and known.method != BY_FILE


def _said(pair: Match) -> tuple[MatchStatus, MatchKind, int]:
    return pair.status, pair.kind, pair.factor
