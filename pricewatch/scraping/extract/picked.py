"""Amounts of choices that are not made: options, radio buttons and boxes that nobody has picked when a page opens."""

from __future__ import annotations

from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.dom import Document, ancestors, attribute, ids, inside
from pricewatch.scraping.extract.records import Candidate
from pricewatch.scraping.extract.visible import Scan

REASON = "a choice that is not made"
STEPS = 4
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
(_OPTION,), (_SELECT,), (_LABEL,) = ids("option"), ids("select"), ids("label")
_OUTERMOST = ids("body", "form", "main")
_PICKED = "input[type=radio],input[type=checkbox]"


def told(
    document: Document, scan: Scan, scored: list[Candidate | None], stated: Sequence[Candidate]
) -> list[Candidate | None]:
    """The candidates, those of choices that are not made told so; what structured data states is kept as it is."""
    named = {c.amount for c in stated if c.role in _OPEN}
    return [
        c.as_role(PriceRole.OTHER_PRODUCT, REASON)
        if c and c.role in _OPEN and c.score > 0 and c.amount not in named and _is_open(spot.node, document)
        else c
        for spot, c in zip(scan.spots, scored, strict=True)
    ]


def _is_open(node: LexborNode, document: Document) -> bool:
    """Whether an element belongs to a choice that is not made."""
    for step in (node, *ancestors(node, STEPS)):
        tag = step.tag_id
        if tag == _OPTION:
            return not _is_selected(step)
        if tag == _LABEL:
            button = _button_of(step, document)
            return button is not None and "checked" not in button.attributes
        if tag in _OUTERMOST:
            return False
    return False


def _is_selected(option: LexborNode) -> bool:
    """Whether a field shows this option: the one that is marked, else its first."""
    field = next((step for step in ancestors(option, 2) if step.tag_id == _SELECT), None)
    options = inside(field, "option") if field is not None else []
    marked = [other for other in options if "selected" in other.attributes]
    return not options or (marked or options)[0].mem_id == option.mem_id


def _button_of(label: LexborNode, document: Document) -> LexborNode | None:
    """The radio button or box that a label is of."""
    held = inside(label, _PICKED)
    target = attribute(label, "for")
    if held or not target.replace("-", "").replace("_", "").isalnum():
        return held[0] if held else None
    return next((node for node in document.all(_PICKED) if attribute(node, "id") == target), None)
