"""A pair of records as numbers: how alike they are, and what speaks against them being the same product.

Nothing here learns words by heart: a feature says how much agrees, never which product it is about.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice, takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.traits import Traits

Matrix = NDArray[np.float32]
Pairs = Sequence[tuple[int, int]]
Weights = dict[str, float]
UNKNOWN = math.nan
RAREST = 5.3
_SHAPE = str.maketrans("abcdefghijklmnopqrstuvwxyz123456789", "a" * 26 + "0" * 9)

WORD_NAMES = (
    "shared weight", "left covered", "right covered", "left unexplained", "right unexplained", "left rarest alone",
    "right rarest alone", "shared rarest", "left words", "right words", "shared words", "same first word",
    "shared share", "left figures alone", "right figures alone", "left rarest figure", "right rarest figure",
    "left without kin", "right without kin", "left described", "right described", "neighbours shared",
)  # fmt: skip
MODEL_NAMES = (
    "models left", "models right", "models shared", "longest model shared", "model conflict", "nearest models",
    "left model inside right", "right model inside left", "model fields agree", "left model described right",
    "right model described left", "gtin agrees", "other model of one shape", "common start of models",
    "left field beside right models", "right field beside left models",
)  # fmt: skip
NUMBER_NAMES = (
    "numbers shared", "numbers left alone", "numbers right alone", "sizes agree", "sizes conflict", "colours agree",
    "colours conflict", "pack differs", "used differs", "accessory differs", "bundle differs",
)  # fmt: skip
FIELD_NAMES = (
    "brands agree", "left brand inside right", "right brand inside left", "price ratio", "price distance",
    "currencies agree", "categories agree",
)  # fmt: skip
TEXT_NAMES = (
    "ratio",
    "sorted words",
    "word sets",
    "jaro-winkler",
    "compact ratio",
    "inside",
    "descriptions",
    "crosswise",
)
NAMES = WORD_NAMES + MODEL_NAMES + NUMBER_NAMES + FIELD_NAMES + TEXT_NAMES


class Corpus:
    """How rare each word is among the titles at hand; rare words say more. From 1 to 1 + RAREST."""

    def __init__(self, texts: Collection[Iterable[str]]) -> None:
        counts = Counter(word for words in texts for word in words)
        total = max(1, len(texts))
        scale = RAREST / math.log(1 + total)
        self._weights = {word: 1 + scale * math.log((1 + total) / (1 + count)) for word, count in counts.items()}

    def weights(self, traits: Traits) -> Weights:
        """The inverse document frequency of each word of a record; an unseen one is as rare as can be."""
        get, unseen = self._weights.get, 1 + RAREST
        return {word: get(word, unseen) for word in traits.words}


def pair_matrix(
    lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs, corpus: Corpus | None = None
) -> Matrix:
    """The features of each pair, one row a pair, one column for each of `NAMES`; not-a-number is unknown."""
    corpus = corpus or Corpus([side.words for side in (*lefts, *rights)])
    if not pairs:
        return np.empty((0, len(NAMES)), dtype=np.float32)
    used = {i for i, _ in pairs}, {j for _, j in pairs}
    ours, theirs = (
        {row: corpus.weights(side[row]) for row in rows} for side, rows in zip((lefts, rights), used, strict=True)
    )
    facts = [_facts(lefts[i], rights[j], ours[i], theirs[j]) for i, j in pairs]
    columns = [np.array(facts, dtype=np.float32), _text_columns(lefts, rights, pairs)]
    return np.hstack(columns).astype(np.float32)


def _facts(left: Traits, right: Traits, ours: Weights, theirs: Weights) -> tuple[float, ...]:
    words = _words(left, right, ours, theirs)
    return (*words, *_models(left, right), *_numbers(left, right), *_fields(left, right))


def _words(left: Traits, right: Traits, ours: Weights, theirs: Weights) -> tuple[float, ...]:
    both = ours.keys() & theirs.keys()
    shared = [ours[word] for word in both]
    alone_left, alone_right = _alone(ours, both, right.compact), _alone(theirs, both, left.compact)
    common, missing_left, missing_right = sum(shared), sum(alone_left.values()), sum(alone_right.values())
    figures_left, figures_right = _figures(alone_left), _figures(alone_right)
    return (
        common,
        common / (common + missing_left + 1e-6),
        common / (common + missing_right + 1e-6),
        missing_left,
        missing_right,
        max(alone_left.values(), default=0.0),
        max(alone_right.values(), default=0.0),
        max(shared, default=0.0),
        len(ours),
        len(theirs),
        len(shared),
        float(left.first == right.first),
        common / (common + missing_left + missing_right + 1e-6),
        sum(figures_left),
        sum(figures_right),
        max(figures_left, default=0.0),
        max(figures_right, default=0.0),
        _without_kin(alone_left, alone_right),
        _without_kin(alone_right, alone_left),
        _described(alone_left, missing_left, right),
        _described(alone_right, missing_right, left),
        len(left.neighbours & right.neighbours) / (1 + min(len(left.neighbours), len(right.neighbours))),
    )


def _alone(weights: Weights, both: AbstractSet[str], other: str) -> Weights:
    """The words that the other side does not have, not even joined to a neighbour."""
    return {
        word: weight
        for word, weight in weights.items()
        if word not in both and (len(word) < 3 or word not in other)
    }  # fmt: skip


def _figures(alone: Weights) -> list[float]:
    return [weight for word, weight in alone.items() if not word.isalpha()]


def _without_kin(alone: Weights, other: Weights) -> float:
    """The weight of the words that no word of the other side begins like."""
    starts = {word[:4] for word in other}
    return sum(weight for word, weight in alone.items() if word[:4] not in starts)


def _described(alone: Weights, weight: float, other: Traits) -> float:
    """How much of what a title says alone the other side's description says."""
    if not other.said_words or not alone:
        return UNKNOWN
    return sum(alone[word] for word in alone.keys() & other.said_words) / weight


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
        _nearest({left.model_field}, right.models) if left.model_field and right.models else UNKNOWN,
        _nearest({right.model_field}, left.models) if right.model_field and left.models else UNKNOWN,
    )


def _strangers(ours: Collection[str], theirs: Collection[str]) -> tuple[float, float]:
    """Whether part numbers that only one side has are built alike, and how far their beginnings agree."""
    if not ours or not theirs:
        return UNKNOWN, UNKNOWN
    shapes = {model.translate(_SHAPE) for model in theirs}
    alike = any(model.translate(_SHAPE) in shapes for model in ours)
    return float(alike), max(_start(one, other) for one in ours for other in theirs)


def _start(one: str, other: str) -> float:
    alike = (a == b for a, b in zip(one, other, strict=False))
    return sum(takewhile(bool, alike)) / min(len(one), len(other))


def _nearest(ours: Collection[str], theirs: Collection[str]) -> float:
    from rapidfuzz.distance import JaroWinkler

    alike = JaroWinkler.similarity
    return max(alike(one, other) for one in islice(sorted(ours), 6) for other in islice(sorted(theirs), 6))


def _inside(models: Collection[str], compact: str) -> float:
    """The length of the longest model number found inside a text; unknown without one."""
    if not models:
        return UNKNOWN
    return float(max((len(model) for model in models if len(model) >= 3 and model in compact), default=0))


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
        float(left.pack != right.pack),
        *(_differs(name, left, right) for name in ("used", "accessory", "bundle")),
    )


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
        float(ours.currency == theirs.currency) if ours.currency and theirs.currency else UNKNOWN,
        float(ours.category == theirs.category) if ours.category and theirs.category else UNKNOWN,
    )


def _log_ratio(left: Traits, right: Traits) -> float:
    ours, theirs = left.record, right.record
    if not (ours.price > 0 and theirs.price > 0) or ours.currency != theirs.currency:
        return UNKNOWN
    return max(-4.0, min(4.0, math.log(theirs.price / ours.price)))


def _text_columns(lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs) -> Matrix:
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    def texts(
        read: Callable[[Traits], str], other: Callable[[Traits], str] | None = None
    ) -> tuple[list[str], list[str]]:
        return [read(lefts[i]) for i, _ in pairs], [(other or read)(rights[j]) for _, j in pairs]

    titles, compact = texts(lambda side: side.text), texts(lambda side: side.compact)
    described = texts(lambda side: side.description)
    crossed = texts(lambda side: side.text, lambda side: side.description)
    return np.column_stack(
        [
            _distances(titles, fuzz.ratio),
            _distances(titles, fuzz.token_sort_ratio),
            _distances(titles, fuzz.token_set_ratio),
            _distances(titles, JaroWinkler.similarity),
            _distances(compact, fuzz.ratio),
            _distances(compact, fuzz.partial_ratio),
            _where_both(described, _distances(described, fuzz.token_set_ratio)),
            _where_both(crossed, _distances(crossed, fuzz.token_set_ratio)),
        ]
    )


def _distances(texts: tuple[list[str], list[str]], scorer: Any) -> Matrix:
    from rapidfuzz import process

    return np.asarray(process.cpdist(*texts, scorer=scorer, dtype=np.float32, workers=1))


def _where_both(texts: tuple[list[str], list[str]], values: Matrix) -> Matrix:
    known = [bool(left and right) for left, right in zip(*texts, strict=True)]
    return np.where(known, values, np.float32(UNKNOWN)).astype(np.float32)
