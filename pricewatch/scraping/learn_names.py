"""Which names of an element will still be there tomorrow, and on the next product: pure text questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.zones import PRICE_WORDS

PLAIN = (
    "itemprop", "property", "data-testid", "data-test", "data-test-id", "data-qa", "data-cy", "data-automation-id",
    "data-hook",
)  # fmt: skip
NAMED = ("data-role", "data-name", "data-component", "data-type", "data-price-type", "data-label", "data-field", "name")
MAX_NAME = 60
MAX_CLASSES = 12
MAX_TEXT_IN_ATTRIBUTE = 24
TAG_COST = 8

_SEGMENT = re.compile(r"[^A-Za-z0-9]+")
_CAPITAL = re.compile(r"(?=[A-Z])")
_MADE_BY_TOOL = re.compile(
    r"^(?:css|sc|jsx|jss\d*|emotion|svelte|styled|tw|makeStyles|e|c|_ng\w*)[-_][A-Za-z0-9-]+$|^jss\d+$|^_\w{4,8}$"
)
_LOOKS = re.compile(
    r"^-?(?:[mp][trblxyse]?|gap|w|h|min-w|max-w|min-h|z|top|left|right|bottom|space-[xy]|inset|order|opacity)-\S+$|"
    r"^(?:text|font|bg|border|rounded|leading|tracking|items|justify|self|align|flex|grid|col|row|d|float|shadow|ring|"
    r"fs|fw|lh|ms|me|ps|pe|g|is-size|has-text|u)(?:-\S+)?$|"
    r"^(?:container|clearfix|block|inline|inline-block|hidden|relative|absolute|bold|small|large|red|left|right|first|"
    r"last|odd|even|wrapper|inner|outer|box|item|content|clear)$|[:/\[\]()%!@]"
)
_STATE = re.compile(
    r"^(?:is|has|js)[-_]|(?:^|[-_])(?:active|open|selected|loaded|visible|current|disabled|hover|instock|in-stock|"
    r"outofstock|out-of-stock|onsale|on-sale|promo|sale|discounted|reduced|animated|sticky)(?:$|[-_])"
)
_OTHER_PROPERTIES = frozenset({"name", "description", "title", "headline", "text", "image", "url"})
_PLAIN_VALUE = re.compile(r"^[A-Za-z][\w:. -]*$")
_NAME = re.compile(r"^-?[A-Za-z_][\w-]*$")


@dataclass(frozen=True, slots=True)
class Token:
    """One CSS test for an element; the cheaper, the longer it is likely to hold."""

    css: str
    cost: int


def is_made_up(name: str) -> bool:
    """Whether a class or id was made by a build tool, so that the next release of the site changes it."""
    return bool(_MADE_BY_TOOL.match(name)) or any(_random(part) for part in _SEGMENT.split(name))


def _random(part: str) -> bool:
    """Whether a part of a name is no word: digits inside letters, capitals all over, or no vowel."""
    if len(part) < 4:
        return False
    letters = part.rstrip("0123456789")
    if any(c.isdigit() for c in letters) or (len(part) - len(letters) >= 3 and len(letters) > 0):
        return True
    pieces = [piece for piece in _CAPITAL.split(letters) if piece]
    if len(pieces) >= 3 and len(letters) / len(pieces) < 2.7 and not letters.isupper():
        return True
    return len(letters) >= 5 and not re.search(r"[aeiouyAEIOUY]", letters)


def is_of_one_item(name: str) -> bool:
    """Whether a name carries a number of its own, as ids of one product do."""
    return bool(re.search(r"\d{2}", name))


def lasting_start(name: str) -> str:
    """The part of a name before what a tool or a product number adds: `Price_price__` of `Price_price__2bXyZ`."""
    parts = re.split(r"([-_]+)", name)
    kept = ""
    for place in range(0, len(parts) - 1, 2):
        if _random(parts[place]) or is_of_one_item(parts[place]):
            break
        kept += parts[place] + parts[place + 1]
    return kept if len(re.sub(r"[^A-Za-z]", "", kept)) >= 4 else ""


def tokens_of(node: LexborNode, strange: frozenset[str] = frozenset()) -> list[Token]:
    """The tests that tell an element by its names, cheapest first; `strange` are words of this one item."""
    attributes = node.attributes
    found = [*_by_attributes(attributes), *_by_id(attributes.get("id") or ""), *_by_classes(attributes)]
    tag = node.tag or ""
    if "-" in tag.strip("-") and _NAME.match(tag) and not re.search(r"\d", tag):
        found.append(Token(tag, 3))
    kept = {token.css: token for token in found if not _is_strange(token.css, strange)}
    return sorted(kept.values(), key=lambda token: token.cost)


def _is_strange(css: str, strange: frozenset[str]) -> bool:
    return any(word in css.lower() for word in strange)


def _by_attributes(attributes: dict[str, str | None]) -> Iterator[Token]:
    for name, raw in attributes.items():
        value = (raw or "").strip()
        if name in PLAIN and _is_stable(value):
            yield Token(f'[{name}="{value}"]', 6 if value in _OTHER_PROPERTIES else 1)
        elif name in NAMED and _is_stable(value):
            yield Token(f'[{name}="{value}"]', 2)
        elif name.startswith("data-") and _NAME.match(name) and not is_made_up(name) and "-v-" not in name:
            yield Token(f"[{name}]", 3 if PRICE_WORDS.search(name) else 5)


def _is_stable(value: str) -> bool:
    return bool(
        0 < len(value) <= MAX_NAME
        and _PLAIN_VALUE.match(value)
        and not is_of_one_item(value)
        and not is_made_up(value.replace(" ", "-"))
    )


def _by_id(name: str) -> Iterator[Token]:
    if not name or len(name) > MAX_NAME:
        return
    if _NAME.match(name) and not is_made_up(name) and not is_of_one_item(name):
        yield Token(f"#{name}", 2 if not name[-1].isdigit() else 9)
    elif start := lasting_start(name):
        yield Token(f'[id^="{start}"]', 4)


def _by_classes(attributes: dict[str, str | None]) -> Iterator[Token]:
    for name in (attributes.get("class") or "").split()[:MAX_CLASSES]:
        if len(name) > MAX_NAME:
            continue
        if is_made_up(name) or is_of_one_item(name):
            if (start := lasting_start(name)) and _NAME.match(start):
                yield Token(f'[class*="{start}"]', 1 + _class_cost(start))
        elif _NAME.match(name):
            yield Token(f".{name}", _class_cost(name))


def _class_cost(name: str) -> int:
    if _LOOKS.search(name):
        return 14
    cost = 2 if PRICE_WORDS.search(name.lower()) else 4
    return cost + (3 if _STATE.search(name.lower()) else 0)
