"""Strategies on the same seeds, in all processor cores, and what is to be said of their scores."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pebble import ProcessPool

from pricewatch.domain.errors import UsageError
from pricewatch.simulate.catalogue import Entry, market, strategy
from pricewatch.simulate.protocol import Floats, Score
from pricewatch.simulate.rulefiles import follows, load_learning, load_rules

PRICELESS = frozenset({"S6"})


@dataclass(frozen=True, slots=True)
class Contender:
    """A strategy by its name, or the rule files of a folder with the `[pricing.learning]` of a file."""

    name: str
    rules: Path | None = None
    learning: Path | None = None


@dataclass(frozen=True, slots=True)
class Game:
    """One strategy on one seed of one market."""

    market: str
    level: float
    contender: Contender
    seed: int


@dataclass(frozen=True, slots=True)
class Result:
    """One strategy's scores on one level; the difference is to the first strategy, pair by pair on the same seeds.

    Scores that a strategy refused to give (NaN) are left out and counted; `details` has mean and standard error;
    `values` are the scores seed by seed.
    """

    level: float | None
    strategy: str
    seeds: int
    refused: int
    mean: float
    error: float
    tenth: float
    difference: float
    difference_error: float
    details: dict[str, tuple[float, float]]
    values: tuple[float, ...] = ()


def play(game: Game) -> Score:
    """Play one game; equal games have equal scores."""
    entry = market(game.market)
    score: Score = entry.build(game.level).play(game.seed, _strategy(game.market, game.contender))
    return score


def simulate(
    name: str,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    *,
    level: float | None = None,
    jobs: int = 0,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Result]:
    """Play all contenders on all seeds and levels; `jobs` 0 is one process a core, 1 stays in this process.

    Raises UsageError for a market, level or strategy that there is not, ConfigError for mistakes in rule files.
    """
    entry = market(name)
    levels = _levels(entry, level)
    for contender in contenders:
        _strategy(entry.name, contender)
    games = [Game(entry.name, at, who, seed) for at in levels for who in contenders for seed in seeds]
    scores = dict[int, Score]()
    for number, score in _played(games, min(jobs or _cores(), len(games))):
        scores[number] = score
        told(len(scores), len(games))
    blocks = [[scores[start + at] for at in range(len(seeds))] for start in range(0, len(games), len(seeds))]
    found = []
    for number, block in enumerate(blocks):
        first = blocks[number - number % len(contenders)]
        who = contenders[number % len(contenders)].name
        found.append(summary(levels[number // len(contenders)] if entry.levels else None, who, block, first))
    return found


def summary(level: float | None, name: str, scores: Sequence[Score], first: Sequence[Score]) -> Result:
    """Mean, standard error, tenth percentile, and the paired difference to the first strategy's scores."""
    values, base = (np.array([score.value for score in each]) for each in (scores, first))
    known = values[np.isfinite(values)]
    pairs = (values - base)[np.isfinite(values - base)]
    names = dict.fromkeys(key for score in scores for key in score.details)
    details = {key: _mean(np.array([score.details[key] for score in scores if key in score.details])) for key in names}
    tenth = float(np.percentile(known, 10)) if len(known) else np.nan
    counts, means = (len(values), len(values) - len(known)), (*_mean(known), tenth, *_mean(pairs))
    return Result(level, name, *counts, *means, details, tuple(values.tolist()))


def _mean(values: Floats) -> tuple[float, float]:
    """Mean and its standard error; NaN where there are too few values."""
    if not len(values):
        return np.nan, np.nan
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else np.nan
    return float(np.mean(values)), error


def _levels(entry: Entry, level: float | None) -> tuple[float, ...]:
    if level is None:
        return entry.levels or (0.0,)
    if not entry.levels:
        raise UsageError(f"{entry.name} has no levels of demand", hint="leave --level out")
    if not 0.0 < level <= 1e6:
        raise UsageError(f"a level of demand is more than 0 and at most 1000000, not {level}")
    return (level,)


@cache
def _strategy(name: str, contender: Contender) -> Any:
    entry = market(name)
    if contender.rules is None:
        return strategy(entry, contender.name)
    if entry.name in PRICELESS:
        raise UsageError(f"rule files set prices, and {entry.name} asks for elasticities", hint="try S3 or S4")
    learning = load_learning(contender.learning) if contender.learning is not None else None
    return follows(load_rules(contender.rules), learning)


def _played(games: Sequence[Game], jobs: int) -> Iterator[tuple[int, Score]]:
    if jobs <= 1:
        yield from ((number, play(game)) for number, game in enumerate(games))
        return
    pool = ProcessPool(max_workers=jobs, context=multiprocessing.get_context("spawn"), initializer=_quiet)
    try:
        yield from enumerate(pool.map(play, games).result())
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _quiet() -> None:
    """Ctrl-C is the main process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
