"""What becomes of prices that end: whether their way back will need an approval of its own, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings

_ANOTHER = "what follows is another decision to approve"
_MOVES = (Outcome.RAISE, Outcome.CUT)


def tells_ends(book: RuleBook) -> bool:
    """Whether any rule announces or ends, so that there is something to say."""
    return any(branch.announced or branch.ends is not None for branch in book.branches)


def words(decided: Decided, book: RuleBook, settings: PricingSettings) -> Iterator[str]:
    """What a person who approves these decisions should know of their ends; one sentence for each kind."""
    announcing = decided.moving & (decided.prior != MISSING)
    stated = int(np.sum(announcing & (decided.ends != MISSING)))
    if stated:
        yield f"{_many(stated, 'announced reduction')} with a stated end: {_way_back(settings)}"
    if openly := int(np.sum(announcing)) - stated:
        yield f"{_many(openly, 'announced reduction')} without a stated end: {_ANOTHER}"
    names = {branch.rule for branch in book.branches if branch.ends is not None and not branch.announced}
    moved = {name: sum(counts.get(each, 0) for each in _MOVES) for name, counts in decided.by_rule().items()}
    if temporary := sum(count for name, count in moved.items() if name in names):
        yield f"{_many(temporary, 'price')} of rules that end: {_ANOTHER}"


def _way_back(settings: PricingSettings) -> str:
    if not settings.ends_approved:
        return f"{_ANOTHER}, and until then the reduced price stays"
    limit = settings.four_eyes_above
    two = "" if limit is None else f" (of more than {limit / 100:g} % it needs two people again)"
    return f"the way back to exactly the price before is approved with it{two}, to any other price it is not"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
