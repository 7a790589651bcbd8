"""Selectors that lead to one element: by names that last, then by the label beside it, last by its position."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.dom import ancestors, text_of
from pricewatch.scraping.learn_names import TAG_COST, Token, tokens_of

MAX_STEPS_UP = 8
MAX_TRIED = 160
STEP_COST = 3
PLAIN_COST = 3  # up to here a name says by itself what it is
ALONE_COST = 3
LABEL_COST = 9
POSITION_COST = 40
_LABEL = re.compile(r"^[^\W\d][^\d\"\\<>]{2,30}$")
_LABELLED = frozenset({"dt", "th", "td", "label", "span", "strong", "b", "div", "p"})


@dataclass(frozen=True, slots=True, order=True)
class Selector:
    """A CSS selector and how much is doubtful about it; `by_position` counts elements, so it is the last resort."""

    cost: int
    css: str
    by_position: bool = False


def selectors_for(
    node: LexborNode, *, root: LexborNode | None = None, strange: frozenset[str] = frozenset(), positions: bool = True
) -> list[Selector]:
    """Selectors that may lead to the element (inside `root`, or from the top of the page), the best first.

    Whether one is unique on the page is for the caller to ask.
    """
    way = _way(node, root)
    found = [*_by_names(node, way, strange), *_by_label(node, way, strange)]
    if positions:
        found += _by_position(node, way, root, strange)
    unique = {selector.css: selector for selector in sorted(found, reverse=True)}
    return heapq.nsmallest(MAX_TRIED, unique.values())


def _way(node: LexborNode, root: LexborNode | None) -> list[LexborNode]:
    """The elements around a node, nearest first, up to `root`, which is left out."""
    way = []
    for around in islice(ancestors(node, 40), 40):
        if around.tag in {"body", "html", "-document"} or (root is not None and around.mem_id == root.mem_id):
            break
        way.append(around)
    return way


def _own(node: LexborNode, strange: frozenset[str]) -> list[Token]:
    """Tests for the element itself: its names one by one, two classes together, its tag."""
    tokens = tokens_of(node, strange)[:6]
    classes = [token for token in tokens if token.css.startswith(".")][:4]
    pairs = [Token(a.css + b.css, a.cost + b.cost) for a in classes for b in classes if a.css < b.css]
    tag = node.tag or "*"
    return [*tokens, *pairs, Token(tag, TAG_COST)] if re.fullmatch(r"[a-z][a-z0-9-]*", tag) else [*tokens, *pairs]


def _by_names(node: LexborNode, way: Sequence[LexborNode], strange: frozenset[str]) -> Iterator[Selector]:
    own = _own(node, strange)
    yield from (Selector(token.cost + _alone(token), token.css) for token in own)
    outer = [(at, tokens_of(around, strange)[:4]) for at, around in enumerate(way[:MAX_STEPS_UP])]
    for at, tokens in outer:
        joint = " > " if at == 0 else " "
        for one in tokens:
            for mine in own:
                yield Selector(one.cost + mine.cost + STEP_COST, f"{one.css}{joint}{mine.css}")
            yield from _through(one, node, way[:at], at)
    yield from _three_steps(own[:4], outer)


def _alone(token: Token) -> int:
    """What is doubtful about a selector of one test: a name that says little, or an element's kind and no name."""
    return 0 if token.cost <= PLAIN_COST else 20 if token.css[0].isalpha() and "-" not in token.css else ALONE_COST


def _through(one: Token, node: LexborNode, between: Sequence[LexborNode], at: int) -> Iterator[Selector]:
    """`.box > p > span`: the tags on the way from a named element, each a child of the one before."""
    if 0 < at <= 2:
        tags = " > ".join(step.tag or "*" for step in reversed((node, *between)))
        yield Selector(one.cost + STEP_COST * (at + 1) + TAG_COST, f"{one.css} > {tags}")


def _three_steps(own: Sequence[Token], outer: Sequence[tuple[int, Sequence[Token]]]) -> Iterator[Selector]:
    named = [(at, tokens[0]) for at, tokens in outer if tokens]
    for at, inner in named[:4]:
        for above, top in named:
            if above > at:
                for mine in own:
                    css = f"{top.css} {inner.css}{' > ' if at == 0 else ' '}{mine.css}"
                    yield Selector(top.cost + inner.cost + mine.cost + 2 * STEP_COST, css)


def _by_label(node: LexborNode, way: Sequence[LexborNode], strange: frozenset[str]) -> Iterator[Selector]:
    """`dt:lexbor-contains("Cena" i) + dd`: the words right before the element, as a person finds it."""
    for at, step in enumerate((node, *way[:2])):
        before = step.prev
        while before is not None and (before.tag or "-").startswith("-"):
            before = before.prev
        if before is None or before.tag not in _LABELLED or before.child is None:
            continue
        label = text_of(before, 60).rstrip(" :*")
        if not _LABEL.match(label) or (before.text(deep=False) or "").strip().rstrip(" :*") != label:
            continue
        css = f'{before.tag}:lexbor-contains("{label}" i) + {step.tag}'
        inner = f" {node.tag}" if at else ""
        yield Selector(LABEL_COST + at * STEP_COST, css + inner)
        for place, around in enumerate(way[at : at + 6]):
            for token in tokens_of(around, strange)[:1]:
                yield Selector(LABEL_COST + token.cost + STEP_COST + place, f"{token.css} {css}{inner}")


def _by_position(
    node: LexborNode, way: Sequence[LexborNode], root: LexborNode | None, strange: frozenset[str]
) -> Iterator[Selector]:
    steps: list[str] = []
    for at, step in enumerate((node, *way[:6])):
        above = way[at] if at < len(way) else None
        steps.insert(0, _counted(step))
        names = tokens_of(above, strange)[:1] if above is not None else []
        cost = POSITION_COST + 5 * len(steps)
        for name in names:
            yield Selector(cost + name.cost, f"{name.css} > {' > '.join(steps)}", by_position=True)
        if above is None and root is not None:
            yield Selector(cost, " > ".join(steps), by_position=True)


def _counted(node: LexborNode) -> str:
    place, before = 1, node.prev
    while before is not None:
        place += before.tag == node.tag
        before = before.prev
    return f"{node.tag}:nth-of-type({place})"
