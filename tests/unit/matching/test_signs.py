"""Titles are read by the patterns whose signs they show alone; that never reads less than all patterns would."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import cycle, islice
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from pricewatch.matching import claims, normalise, said

KINDS = (*normalise.SIGNS, *said._SIGNS, *claims.SIGNS)


def patterns() -> Iterator[re.Pattern[str]]:
    """Every pattern that is run on a title only where the title shows a sign."""
    for module, names in BEHIND.items():
        for name in names:
            found = getattr(module, name)
            yield from found.values() if isinstance(found, dict) else (found,)


BEHIND: dict[ModuleType, tuple[str, ...]] = {
    normalise: ("_INCHES", "_NUMBER_UNIT"),
    said: ("_PACKS", "_NAMED_PACKS", "_WARNINGS"),
    claims: ("_PATTERNS", "_LAST_SIZE"),
}
ACCENTS = str.maketrans("acelnosuyzi", "áčęłńöšůýžı")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
OTHER_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
DRESSES = (
    str,
    str.upper,
    str.title,
    str.swapcase,
    lambda text: text.translate(ACCENTS),
    lambda text: text.upper().replace("I", "İ"),
    lambda text: text.translate(WIDE),
    lambda text: text.translate(OTHER_DIGITS),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: text.replace(" ", "  \t"),
    lambda text: text.replace("ss", "ẞ"),
    "\u0301".join,
    lambda text: text[:2] + "\u00ad" + text[2:],
)
BESIDE = (
    *("", " ", "Ovio 128 GB ", "5", " 3 ", "(", ") ", "/", ", ", "-", "🎧", " 🎧 ", "é"),
    *("\u00a0", "\u00ad", "\u0301", "ß", "\u212a", "™", "\x1f"),
)
STARTS, ENDS = ("", "z"), ("", " z", "5 l")


def in_full(title: str) -> said.Said:
    """What all patterns, run whatever its signs, find in a title."""
    return said._read(title, " ".join(normalise.fold(title).split()), KINDS)


def agree(titles: list[str]) -> None:
    said._fresh.clear()
    together = said.said_all(titles)
    for title, told in zip(titles, together, strict=True):
        said._fresh.clear()
        assert told == said.said(title) == in_full(title), ascii(title)


def spelt_out(part: Any, dice: random.Random) -> list[str]:
    """Texts that a parsed pattern may match: each of its alternatives at least once, and some of their mixtures."""
    options = [list(dict.fromkeys(_choices(str(op), value, dice))) for op, value in part] or [[""]]
    longest = max(map(len, options))
    rounds = ["".join(row) for row in zip(*(islice(cycle(each), longest) for each in options), strict=True)]
    return rounds + ["".join(map(dice.choice, options)) for _ in range(min(MIXED, longest * len(options)))]


def _choices(op: str, value: Any, dice: random.Random) -> list[str]:
    match op:
        case "LITERAL":
            return [chr(value)]
        case "BRANCH":
            return [text for branch in value[1] for text in spelt_out(branch, dice)]
        case "SUBPATTERN":
            return spelt_out(value[3], dice)
        case "MAX_REPEAT":
            least, most, inner = value
            texts = spelt_out(inner, dice)
            return [text * times for times in range(least, min(int(most), least + 2) + 1) for text in texts]
        case "IN":
            return [char for char in ASCII if any(_holds(str(kind), what, char) for kind, what in value)]
        case _:  # a place, or what stands beside
            return [""]


def _other_number(text: str, step: int) -> str:
    return re.sub(r"[0-9]", lambda digit: str((int(digit[0]) + step * (1 + digit.start())) % 10), text)


def _holds(kind: str, what: Any, char: str) -> bool:
    match kind:
        case "LITERAL":
            return ord(char) == what
        case "RANGE":
            return bool(what[0] <= ord(char) <= what[1])
        case _:
            return bool(re.match(CATEGORIES[str(what)], char))


MIXED = 250
DRESSED, FEW = 40, 250
ASCII = "".join(map(chr, range(32, 127)))
CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w"}


@pytest.mark.parametrize("pattern", list(patterns()), ids=lambda pattern: pattern.pattern[:30])
def test_signs_hide_no_match_of_a_pattern(pattern: re.Pattern[str]) -> None:
    """What a pattern matches is found in a title of any spelling, read alone or among others, as if all were run."""
    dice = random.Random(pattern.pattern)
    bare = list(dict.fromkeys(spelt_out(parser.parse(pattern.pattern), dice)))
    counted = bare if len(bare) > FEW else [_other_number(match, step) for match in bare for step in range(10)]
    around = [f"{start}{match}{end}" for start in STARTS for match in counted for end in ENDS]
    matches = [text for text in around if pattern.search(text)]
    assert matches
    agree(matches)
    some = dice.sample(matches, min(DRESSED, len(matches)))
    for dress in DRESSES:
        agree([f"{dice.choice(BESIDE)}{dress(match)}{dice.choice(BESIDE)}" for match in some])


@pytest.mark.parametrize("title", ["٦ szt kubki", "kubki ६x", "x ٦", "205/55 r١٦", "٣ lata gwarancji", "٢ jahre"])
def test_digits_of_other_scripts_are_signs_too(title: str) -> None:
    """A number before a word for pieces or years counts in whichever digits it is written."""
    agree([title, "kubki"])
    assert said.said(title).pack > 1 or said.said(title).claims
