"""Which offers come into question for which products, by title alone: `match candidates`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, Call, command
from pricewatch.cli.match_evaluate import rows
from pricewatch.cli.output import Column
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.matching.candidates import Paired

Left = Annotated[Path, options.argument("LEFT", "CSV of products: id and title (or left_id, left_title).")]
Right = Annotated[Path, options.argument("RIGHT", "CSV of offers: id and title (or right_id, right_title).")]
Most = Annotated[
    int, options.option("--k", env=False, min=1, max=1000, help="So many for each product and each offer.")
]
Gold = Annotated[
    Path | None,
    options.option("--gold", env=False, metavar="FILE", help="True pairs: left_id,right_id and maybe label."),
]

_COLUMNS = (Column("left_id"), Column("right_id"), Column("score"), Column("left_rank"), Column("right_rank"))


def add_to(inner: typer.Typer) -> None:
    """Mount the command in the group `match`."""
    command(inner, "candidates", path="match candidates")(candidates)


def candidates(call: Call, left: Left, right: Right, *, k: Most = 10, gold: Gold = None) -> int:
    """List the nearest titles in both directions; with --gold, how many true pairs are among them."""
    from pricewatch.matching.candidates import both_ways

    ours, theirs = _titles(left, "left"), _titles(right, "right")
    found = list(both_ways([title for _, title in ours], [title for _, title in theirs], k))
    lines = (
        (ours[pair.left][0], theirs[pair.right][0], round(pair.score, 4), pair.left_rank, pair.right_rank)
        for pair in found
    )
    call.out.table("candidate", _COLUMNS, lines, limit=40)
    if gold is None:
        return call.finish(f"{len(found)} candidates", candidates=len(found))
    named = {(ours[pair.left][0], theirs[pair.right][0]): pair for pair in found}
    recall = _recall(named, _gold(gold))
    call.out.table("recall", tuple(Column(name) for name in recall), [tuple(recall.values())], aside=True)
    text = f"{len(found)} candidates; recall@{k} {recall['recall']:.4f} of {recall['gold']} true pairs"
    return call.finish(text, code=OK, candidates=len(found), gold=recall["gold"], recall=recall["recall"])


def _recall(named: dict[tuple[str, str], Paired], gold: set[tuple[str, str]]) -> dict[str, float]:
    """The share of true pairs found, in all and in each direction."""
    hits = [named[pair] for pair in gold if pair in named]
    count = max(1, len(gold))
    return {
        "gold": len(gold),
        "recall": round(len(hits) / count, 4),
        "left_to_right": round(sum(pair.left_rank > 0 for pair in hits) / count, 4),
        "right_to_left": round(sum(pair.right_rank > 0 for pair in hits) / count, 4),
    }


def _titles(path: Path, side: str) -> list[tuple[str, str]]:
    """The id and title of each record, each id once; a file of pairs gives the records of that side."""
    found: dict[str, str] = {}
    for number, row in enumerate(rows(path)):
        title = _first(row, (f"{side}_title", "title", "name"))
        found.setdefault(_first(row, (f"{side}_id", "id", "sku")) or str(number), title)
    if not any(found.values()):
        raise UsageError(f"no titles in {path}", hint=f"a column `title` or `{side}_title` is needed")
    return list(found.items())


def _gold(path: Path) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for row in rows(path):
        if row.get("label", "1") == "1":
            found.add((_first(row, ("left_id", "ltable_id", "left")), _first(row, ("right_id", "rtable_id", "right"))))
    if not any(left and right for left, right in found):
        raise UsageError(f"no true pairs in {path}", hint="columns `left_id` and `right_id` are needed")
    return found


def _first(row: dict[str, str], names: Iterable[str] | Sequence[str]) -> str:
    return next((row[name].strip() for name in names if row.get(name)), "")
