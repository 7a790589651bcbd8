"""What two records have in common and what not, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator

from pricewatch.matching.models import spelled_models
from pricewatch.matching.traits import Traits

MOST = 5


def reasons(ours: Traits, theirs: Traits) -> tuple[str, ...]:
    """A few sentences' worth of evidence, the most telling first."""
    return tuple(reason for reason, _ in zip(_reasons(ours, theirs), range(MOST), strict=False))


def _reasons(ours: Traits, theirs: Traits) -> Iterator[str]:
    mine, other = part_numbers(ours), part_numbers(theirs)
    if shared := sorted(mine & other, key=lambda model: (-len(model), model)):
        yield f"same part number {shared[0]}"
    elif mine and other:
        yield f"other part number: {_first(other)} against {_first(mine)}"
    if ours.brand and theirs.brand:
        same = ours.brand == theirs.brand
        yield (
            f"same brand {theirs.record.brand}" if same else f"brand {theirs.record.brand} against {ours.record.brand}"
        )
    for unit in sorted(ours.sizes.keys() & theirs.sizes.keys()):
        if both := ours.sizes[unit] & theirs.sizes[unit]:
            yield f"{min(both):g} {unit} = {min(both):g} {unit}"
    words = {word for word in ours.words & theirs.words if len(word) > 2}
    yield f"{len(words) or 'no'} word{'s' * (len(words) > 1)} in common"
    if ours.record.price > 0 and theirs.record.price > 0 and ours.record.currency == theirs.record.currency:
        yield f"price {theirs.record.price / ours.record.price:.2f} of ours"


def part_numbers(side: Traits) -> frozenset[str]:
    """The part numbers that a record names, also in two words."""
    return side.models | spelled_models(side.record.title)


def _first(models: frozenset[str]) -> str:
    return max(sorted(models), key=len)
