"""Our product beside their item, as text: what differs stands out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pricewatch.cli.text import NOTHING, Percent, clean, human

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from pricewatch.pipeline.review import Question

_WORD = re.compile(r"\S+")
_LABEL = 8
_WIDEST = 140
_DIFFERS = "bold yellow"


@dataclass(frozen=True, slots=True)
class Card:
    """One question, side by side, on a terminal of `width` columns (None: as wide as it is)."""

    question: Question
    width: int | None = None

    def text(self, number: int, total: int) -> str:
        """The whole card; on a terminal with colours differences are coloured, elsewhere they stand in brackets."""
        from rich.console import Console
        from rich.text import Text

        console = Console(file=sys.stderr, width=self.width, highlight=False, markup=False, emoji=False)
        with console.capture() as drawn:
            for line in self._lines(console, f"{number} of {total}"):
                console.print(line, soft_wrap=True)
            for reason in self.question.pair.reasons:
                console.print(Text(f"{'':{_LABEL}}  {clean(reason)}", style="dim"))
        return drawn.get().removesuffix("\n")

    def _lines(self, console: Console, place: str) -> list[Text]:
        from rich.text import Text

        it = self.question
        kind = f"{it.pair.kind} of {it.pair.factor}" if it.pair.factor > 1 else it.pair.kind.value
        sure = Percent(it.pair.probability)
        lines = [Text(f"{place} · {sure} sure · {kind} · by {it.pair.method} · value {it.weight:.1f}", style="bold")]
        rows = (
            ("name", it.product.name, it.item.title),
            ("brand", it.product.brand, it.item.brand),
            ("GTIN", it.product.gtin, it.item.gtin),
            ("part no", it.product.mpn, it.item.mpn),
            ("category", it.product.category, it.item.category),
        )
        lines += self._row(console, "", Text("ours"), Text("theirs"))
        for label, ours, theirs in rows:
            if ours or theirs:
                lines += self._row(console, label, *_compared(console, ours, theirs))
        lines += self._row(console, "price", Text(human(it.ours)), Text(human(it.theirs) + self._ratio()))
        where = Text(f"{clean(it.item.key.site)} {clean(it.item.key.variant)}".rstrip())
        lines += self._row(console, "where", Text(f"SKU {clean(it.product.sku)}"), where)
        return [*lines, Text(f"{'link':{_LABEL}}  {clean(it.item.url or it.item.key.item)}")]

    def _ratio(self) -> str:
        ratio = self.question.ratio
        if ratio is None:
            return ""
        each = " each" if self.question.pair.factor > 1 else ""
        return f" ({ratio:.2f} of ours{each})"

    def _row(self, console: Console, label: str, ours: Text, theirs: Text) -> list[Text]:
        """One field: both sides folded into columns of the same width."""
        from rich.text import Text

        width = max((min(console.width, _WIDEST) - _LABEL - 4) // 2, 16)
        left, right = ours.wrap(console, width), theirs.wrap(console, width)
        lines = []
        for at in range(max(len(left), len(right))):
            line = Text(f"{label if at == 0 else '':{_LABEL}}  ")
            first = left[at] if at < len(left) else Text()
            first.rstrip()
            line.append_text(first)
            line.append(" " * (width - first.cell_len + 2))
            line.append_text(right[at] if at < len(right) else Text())
            line.rstrip()
            lines.append(line)
        return lines


def _compared(console: Console, ours: str, theirs: str) -> tuple[Text, Text]:
    mine, other = clean(ours), clean(theirs)
    return _marked(console, mine, other), _marked(console, other, mine)


def _marked(console: Console, text: str, other: str) -> Text:
    """The words that the other side does not have stand out; nothing does where the other side says nothing."""
    from rich.text import Text

    if not text or not other:
        return Text(text or NOTHING)
    marked, end = Text(), 0
    found = list(_WORD.finditer(text))
    for place, strange in zip(found, _strange([word[0] for word in found], other), strict=True):
        marked.append(text[end : place.start()])
        end = place.end()
        if strange and console.color_system:
            marked.append(place[0], style=_DIFFERS)
        else:
            marked.append(f"[{place[0]}]" if strange else place[0])
    return marked


def _strange(words: list[str], other: str) -> list[bool]:
    """Which words the other side does not have; `600 W` and `600W`, `GSB-13` and `GSB 13` are the same."""
    theirs, mine = [_squeezed(word) for word in _WORD.findall(other)], [_squeezed(word) for word in words]
    known = set(theirs) | {one + next_ for one, next_ in pairwise(theirs)}
    same = [not word or word in known for word in mine]
    for at, (one, next_) in enumerate(pairwise(mine)):
        if one and next_ and one + next_ in known:
            same[at] = same[at + 1] = True
    return [not each for each in same]


def _squeezed(text: str) -> str:
    from pricewatch.matching.normalise import fold

    return re.sub(r"[^a-z0-9]", "", fold(text))
