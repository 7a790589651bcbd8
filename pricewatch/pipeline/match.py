"""Find out which item is which product, and hear what people say about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku
from pricewatch.matching.matcher import match_items
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import ImportCount


def match(bench: Workbench) -> StageReport:
    """Take in the map file, then judge every item that no person has accepted a match for."""
    with stage(bench, "match") as log:
        _save_answers(bench, bench.match_map(), log, by="map")
        products = tuple(bench.store.catalogue.load().products.values())
        items = tuple(bench.store.sightings.items())
        found = []
        for judged in match_items(products, items, _decided(bench), bench.matching, bench.clock.now()):
            found.append(judged)
            bench.progress.advance("match", len(found), None, judged.sku)
        saved = bench.store.matches.save(found)
        log.count({"items": len(items), "new": saved.added, "changed": saved.changed, "unchanged": saved.unchanged})
        for status in MatchStatus:
            log.counts[status.value] = len(bench.store.matches.all(status=status))
    return log.report()


def _decided(bench: Workbench) -> Mapping[ItemKey, list[Match]]:
    answers: dict[ItemKey, list[Match]] = defaultdict(list)
    for known in bench.store.matches.all():
        answers[known.item].append(known)
    return answers


def import_matches(bench: Workbench, rows: Iterable[Match | SetAside], *, by: str = "map") -> StageReport:
    """Save a person's answers from a file; unknown SKUs are set aside."""
    with stage(bench, "match import") as log:
        saved = _save_answers(bench, rows, log, by=by)
        log.count({"added": saved.added, "changed": saved.changed, "unchanged": saved.unchanged})
    return log.report()


def _save_answers(bench: Workbench, rows: Iterable[Match | SetAside], log: StageLog, *, by: str) -> ImportCount:
    known = bench.store.catalogue.load().products
    answers = []
    for row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
        elif row.sku not in known:
            log.put_aside(SetAside("match import", row.sku, "not in the catalogue", where=row.item.item))
        else:
            answers.append(replace(row, decided_by=by, decided_at=bench.clock.now(), probability=10_000))
    return bench.store.matches.save(answers)


def decide_match(bench: Workbench, sku: Sku, item: ItemKey, status: MatchStatus, *, by: str) -> Match:
    """Record a person's answer for one pair; it wins over the model for ever."""
    if bench.store.catalogue.get(sku) is None:
        raise UsageError(f"no product {sku!r} in the catalogue", hint="`pricewatch catalogue import` adds products")
    known = next((pair for pair in bench.store.matches.of_item(item) if pair.sku == sku), None)
    base = known or Match(sku=sku, item=item, status=status, method="person")
    answer = replace(base, status=status, decided_by=by, decided_at=bench.clock.now(), probability=10_000)
    bench.store.matches.save([answer])
    bench.store.control.audit(
        f"match {status}", at=bench.clock.now(), by=by, detail=f"{sku} = {item.site} {item.item} {item.variant}".strip()
    )
    return answer
