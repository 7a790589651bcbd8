"""A pair of records as numbers: how alike they are, and what speaks against them being the same product.

Nothing here learns words by heart: a feature says how much agrees, never which product it is about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from typing import Any

import numpy as np

from pricewatch.matching.figures import FIGURE_NAMES, compared, run
from pricewatch.matching.overlap import UNKNOWN, WORD_NAMES, Corpus, Matrix, Overlap, Pairs
from pricewatch.matching.traits import Traits

_SHAPE = str.maketrans("abcdefghijklmnopqrstuvwxyz123456789", "a" * 26 + "0" * 9)

ORDER_NAMES = ("same first word", "neighbours shared", "numbered agree", "numbered conflict")
MODEL_NAMES = (
    "models left", "models right", "models shared", "longest model shared", "model conflict", "nearest models",
    "left model inside right", "right model inside left", "model fields agree", "left model described right",
    "right model described left", "gtin agrees", "other model of one shape", "common start of models",
    "left model begins right", "right model begins left", "left field beside right models",
    "right field beside left models",
)  # fmt: skip
NUMBER_NAMES = (
    "numbers shared", "numbers left alone", "numbers right alone", "sizes agree", "sizes conflict", "colours agree",
    "colours conflict", "colours shared", "colours on one side", "pack differs", "used differs", "accessory differs",
    "bundle differs",
    "claims agree", "claims conflict", "claims left alone", "claims right alone", "platform", "edition", "scope",
)  # fmt: skip
FIELD_NAMES = (
    "brands agree", "left brand inside right", "right brand inside left", "price ratio", "price distance",
    "prices equal", "currencies agree", "categories agree", "descriptions", "left in description",
    "right in description",
)  # fmt: skip
TEXT_NAMES = (
    "ratio",
    "sorted words",
    "word sets",
    "jaro-winkler",
    "compact ratio",
    "inside",
    "left field in right",
    "right field in left",
)
NAMES = WORD_NAMES + ORDER_NAMES + MODEL_NAMES + NUMBER_NAMES + FIELD_NAMES + FIGURE_NAMES + TEXT_NAMES


def pair_matrix(
    lefts: Sequence[Traits],
    rights: Sequence[Traits],
    pairs: Pairs,
    corpus: Corpus | None = None,
    overlap: Overlap | None = None,
) -> Matrix:
    """The features of each pair, one row a pair, one column for each of `NAMES`; not-a-number is unknown."""
    if not pairs:
        return np.empty((0, len(NAMES)), dtype=np.float32)
    corpus = corpus or Corpus.of((*lefts, *rights))
    words = (overlap or Overlap.of(lefts, rights, pairs)).matrix(lefts, rights, pairs, corpus)
    facts = np.array([_facts(lefts[i], rights[j], corpus) for i, j in pairs], dtype=np.float32)
    return np.hstack([words, facts, _text_columns(lefts, rights, pairs)]).astype(np.float32)


def _facts(left: Traits, right: Traits, corpus: Corpus) -> tuple[float, ...]:
    return (
        float(left.first == right.first),
        len(left.neighbours & right.neighbours) / (1 + min(len(left.neighbours), len(right.neighbours))),
        *_numbered(left, right),
        *_models(left, right),
        *_numbers(left, right),
        *_fields(left, right),
        *_described(left, right),
        *compared(left.figures, right.figures, corpus.rarity),
        run(left.number, f"{right.compact} {right.model_field}"),
        run(right.number, f"{left.compact} {left.model_field}"),
    )


def _numbered(left: Traits, right: Traits) -> tuple[float, float]:
    """The words that both have with a number behind: how many with the same one, and how many with another."""
    if not left.numbered or not right.numbered:
        return 0.0, 0.0
    both = left.numbered.keys() & right.numbered.keys()
    agree = sum(left.numbered[word] == right.numbered[word] for word in both)
    return agree, len(both) - agree


def _models(left: Traits, right: Traits) -> tuple[float, ...]:
    shared = left.models & right.models
    both = bool(left.models and right.models)
    return (
        len(left.models),
        len(right.models),
        len(shared),
        max(map(len, shared), default=0),
        float(not shared) if both else UNKNOWN,
        1.0 if shared else _nearest(left.models, right.models) if both else UNKNOWN,
        _inside(left.models, right.compact),
        _inside(right.models, left.compact),
        float(left.model_field == right.model_field) if left.model_field and right.model_field else UNKNOWN,
        _inside(left.models, right.said) if right.said else UNKNOWN,
        _inside(right.models, left.said) if left.said else UNKNOWN,
        float(left.gtin == right.gtin) if left.gtin and right.gtin else UNKNOWN,
        *_strangers(left.models - shared, right.models - shared),
        _beside(left.model_field, right.models),
        _beside(right.model_field, left.models),
    )


def _strangers(ours: Collection[str], theirs: Collection[str]) -> tuple[float, float, float, float]:
    """Whether part numbers that only one side has are built alike, how far their beginnings agree, and how far one
    goes on behind the other.
    """
    if not ours or not theirs:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    start = _scorers()[1]
    starts = [(start(one, other), len(one), len(other)) for one in ours for other in theirs]
    return (
        float(not {_shape(model) for model in ours}.isdisjoint([_shape(model) for model in theirs])),
        max([same / min(mine, other) for same, mine, other in starts]),
        max([other - mine if same == mine else 0 for same, mine, other in starts]),
        max([mine - other if same == other else 0 for same, mine, other in starts]),
    )


@cache
def _scorers() -> tuple[Callable[[str, str], float], Callable[[str, str], int]]:
    """How alike two part numbers are (0…1), and how many letters and digits they begin with alike."""
    from rapidfuzz.distance import JaroWinkler, Prefix

    return JaroWinkler.similarity, Prefix.similarity


@lru_cache(maxsize=65_536)
def _shape(model: str) -> str:
    return model.translate(_SHAPE)


def _beside(field: str, models: Collection[str]) -> float:
    if not field or not models:
        return UNKNOWN
    return 1.0 if field in models else _nearest((field,), models)


def _nearest(ours: Collection[str], theirs: Collection[str]) -> float:
    alike = _scorers()[0]
    return max([alike(one, other) for one in sorted(ours)[:6] for other in sorted(theirs)[:6]])


def _inside(models: Collection[str], compact: str) -> float:
    """The length of the longest model number found inside a text; unknown without one."""
    if not models:
        return UNKNOWN
    return float(max([len(model) for model in models if len(model) >= 3 and model in compact], default=0))


def _numbers(left: Traits, right: Traits) -> tuple[float, ...]:
    shared = left.numbers & right.numbers
    units = left.sizes.keys() & right.sizes.keys()
    agree = sum(bool(left.sizes[unit] & right.sizes[unit]) for unit in units)
    both = bool(left.colours and right.colours)
    return (
        len(shared),
        len(left.numbers) - len(shared),
        len(right.numbers) - len(shared),
        agree,
        len(units) - agree,
        float(bool(left.colours & right.colours)) if both else UNKNOWN,
        float(left.colours != right.colours) if both else UNKNOWN,
        len(left.colours & right.colours),
        len(left.colours ^ right.colours),
        float(left.pack != right.pack),
        _differs("used", left, right),
        _differs("accessory", left, right),
        _differs("bundle", left, right),
        *_claims(left, right),
    )


NO_CLAIMS = (0.0, 0.0, 0.0, 0.0, UNKNOWN, UNKNOWN, UNKNOWN)


def _claims(left: Traits, right: Traits) -> tuple[float, ...]:
    """How many kinds of claims agree, conflict, and are made by one side alone; then the telling kinds one by one."""
    ours, theirs = left.claims, right.claims
    if not ours and not theirs:
        return NO_CLAIMS
    both = ours.keys() & theirs.keys()
    agree = sum(not ours[kind].isdisjoint(theirs[kind]) for kind in both)
    return (
        agree,
        len(both) - agree,
        len(ours) - len(both),
        len(theirs) - len(both),
        *(_claim(kind, ours, theirs) for kind in ("platform", "edition", "scope")),
    )


def _claim(kind: str, ours: Mapping[str, AbstractSet[str]], theirs: Mapping[str, AbstractSet[str]]) -> float:
    """2 both say the same, -2 they contradict, 1 only ours claims, -1 only theirs; unknown when none does."""
    if kind in ours and kind in theirs:
        return -2.0 if ours[kind].isdisjoint(theirs[kind]) else 2.0
    return 1.0 if kind in ours else -1.0 if kind in theirs else UNKNOWN


def _differs(name: str, left: Traits, right: Traits) -> float:
    return float(name in right.warnings) - float(name in left.warnings)


def _fields(left: Traits, right: Traits) -> tuple[float, ...]:
    ratio = _log_ratio(left, right)
    ours, theirs = left.record, right.record
    return (
        float(left.brand == right.brand) if left.brand and right.brand else UNKNOWN,
        float(left.brand in right.compact) if left.brand else UNKNOWN,
        float(right.brand in left.compact) if right.brand else UNKNOWN,
        ratio,
        abs(ratio),
        UNKNOWN if math.isnan(ratio) else float(ours.price == theirs.price),
        float(ours.currency == theirs.currency) if ours.currency and theirs.currency else UNKNOWN,
        float(ours.category == theirs.category) if ours.category and theirs.category else UNKNOWN,
    )


def _log_ratio(left: Traits, right: Traits) -> float:
    ours, theirs = left.record, right.record
    if not (ours.price > 0 and theirs.price > 0) or ours.currency != theirs.currency:
        return UNKNOWN
    return max(-4.0, min(4.0, math.log(theirs.price / ours.price)))


def _described(left: Traits, right: Traits) -> tuple[float, float, float]:
    """The shares of words that descriptions have in common, and that each title has in the other's description."""
    ours, theirs = left.said_words, right.said_words
    if not ours and not theirs:
        return UNKNOWN, UNKNOWN, UNKNOWN
    return (
        len(ours & theirs) / min(len(ours), len(theirs)) if ours and theirs else UNKNOWN,
        len(left.words & theirs) / (1 + len(left.words)) if theirs else UNKNOWN,
        len(right.words & ours) / (1 + len(right.words)) if ours else UNKNOWN,
    )


def _text_columns(lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs) -> Matrix:
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    def texts(
        read: Callable[[Traits], str], other: Callable[[Traits], str] | None = None
    ) -> tuple[list[str], list[str]]:
        return [read(lefts[i]) for i, _ in pairs], [(other or read)(rights[j]) for _, j in pairs]

    titles, compact = texts(lambda side: side.text), texts(lambda side: side.compact)
    field_in = texts(lambda side: side.model_field, lambda side: side.compact)
    in_field = texts(lambda side: side.compact, lambda side: side.model_field)
    return np.column_stack(
        [
            _distances(titles, fuzz.ratio),
            _distances(titles, fuzz.token_sort_ratio),
            _distances(titles, fuzz.token_set_ratio),
            _distances(titles, JaroWinkler.similarity),
            _distances(compact, fuzz.ratio),
            _distances(compact, fuzz.partial_ratio),
            _where_both(field_in, _distances(field_in, fuzz.partial_ratio)),
            _where_both(in_field, _distances(in_field, fuzz.partial_ratio)),
        ]
    )


def _distances(texts: tuple[list[str], list[str]], scorer: Any) -> Matrix:
    from rapidfuzz import process

    return np.asarray(process.cpdist(*texts, scorer=scorer, dtype=np.float32, workers=1))


def _where_both(texts: tuple[list[str], list[str]], values: Matrix) -> Matrix:
    known = [bool(left and right) for left, right in zip(*texts, strict=True)]
    return np.where(known, values, np.float32(UNKNOWN)).astype(np.float32)
