"""What two records have in common and what not, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator

from pricewatch.matching.traits import Traits

MOST = 5


def reasons(ours: Traits, theirs: Traits) -> tuple[str, ...]:
    """A few sentences' worth of evidence, the most telling first."""
    return tuple(reason for reason, _ in zip(_reasons(ours, theirs), range(MOST), strict=False))


def _reasons(ours: Traits, theirs: Traits) -> Iterator[str]:
    if shared := sorted(ours.models & theirs.models, key=lambda model: (-len(model), model)):
        yield f"same part number {shared[0]}"
    elif ours.models and theirs.models:
        yield f"other part number: {_first(theirs.models)} against {_first(ours.models)}"
    if ours.brand and theirs.brand:
        same = ours.brand == theirs.brand
        yield (
            f"same brand {theirs.record.brand}" if same else f"brand {theirs.record.brand} against {ours.record.brand}"
        )
    for unit in sorted(ours.sizes.keys() & theirs.sizes.keys()):
        if both := ours.sizes[unit] & theirs.sizes[unit]:
            yield f"{min(both):g} {unit} = {min(both):g} {unit}"
    words = {word for word in ours.words & theirs.words if len(word) > 2}
    yield f"{len(words)} words in common" if words else "no word in common"
    if ours.record.price > 0 and theirs.record.price > 0 and ours.record.currency == theirs.record.currency:
        yield f"price {theirs.record.price / ours.record.price:.2f} of ours"


def _first(models: frozenset[str]) -> str:
    return max(sorted(models), key=len)
