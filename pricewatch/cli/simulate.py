"""Let pricing strategies, and rule files, sell in markets whose truth is known: `simulate`."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, PARTLY, Call, command
from pricewatch.cli.charts import save_page, writable
from pricewatch.cli.output import Column, Row
from pricewatch.cli.simulated import drawn
from pricewatch.cli.text import plural
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.simulate.run import Contender, Result

Market = Annotated[str | None, options.argument("[MARKET]", "The market: S1 to S6; all are listed when none is given.")]
Strategies = Annotated[
    list[str] | None,
    options.option("--strategy", "-s", env=False, metavar="NAME", help="A strategy of the market; may be repeated."),
]
Rules = Annotated[
    list[Path] | None,
    options.option("--rules", env=False, metavar="FOLDER", help="Judge the rule files of a folder, too."),
]
Learning = Annotated[
    Path | None,
    options.option(
        "--learning", env=False, metavar="FILE", help="Rules obey the [pricing.learning] of this configuration file."
    ),
]
Seeds = Annotated[int, options.option("--seeds", env=False, min=1, max=100_000, help="On how many seeds.")]
SeedFrom = Annotated[int, options.option("--seed-from", env=False, metavar="K", min=0, help="The first seed.")]
Level = Annotated[
    float | None, options.option("--level", env=False, help="Mean demand. [default: each level of the market]")
]
Html = Annotated[Path | None, options.option("--html", env=False, metavar="FILE", help="Draw the scores into a page.")]
Jobs = Annotated[int, options.option("--jobs", min=0, max=1_024, help="Processes; 0 is one a core.")]

_SCORES = (
    Column("level"),
    Column("strategy"),
    Column("seeds", rank=2),
    Column("mean"),
    Column("error", "±"),
    Column("tenth", "10th percentile", rank=1),
    Column("difference", "to the first"),
    Column("difference_error", "± of it"),
    Column("refused", rank=3),
)
_DETAILS = (Column("level"), Column("strategy"), Column("detail"), Column("mean"), Column("error", "±"))
_MARKETS = (
    Column("market"),
    Column("about", fold=True),
    Column("score", fold=True),
    Column("levels"),
    Column("strategies", fold=True, rank=1),
)


def add_to(app: typer.Typer) -> None:
    """Mount the command."""
    command(app, "simulate")(simulate_command)


def simulate_command(
    call: Call,
    market: Market = None,
    *,
    strategies: Strategies = None,
    rules: Rules = None,
    learning: Learning = None,
    seeds: Seeds = 20,
    seed_from: SeedFrom = 0,
    level: Level = None,
    jobs: Jobs = 0,
    html: Html = None,
) -> int:
    """Let strategies and rule files sell on the same seeds of a market with a known truth, and compare their profits.

    Scores are expected profits: no luck in them but the market's own. Equal seeds give equal figures.
    """
    if market is None:
        return _list(call)
    from pricewatch.simulate.catalogue import market as find
    from pricewatch.simulate.run import simulate

    writable(html)
    if learning is not None and not rules:
        raise UsageError("--learning says how rule files learn, and there are none", hint="add --rules FOLDER")
    entry = find(market)
    contenders = _contenders(strategies or [], rules or [], learning)
    if not contenders:
        raise UsageError("nothing to judge", hint="--strategy NAME or --rules FOLDER; `pricewatch simulate` lists them")
    told = partial(call.progress.advance, "simulate")
    numbers = range(seed_from, seed_from + seeds)
    found = simulate(entry.name, contenders, numbers, level=level, jobs=jobs, told=told)
    call.out.table("score", _SCORES, [_score(result) for result in found])
    details = [row for result in found for row in _details(result)]
    if details:
        call.out.table("detail", _DETAILS, details, title="In detail", aside=True)
    better = "lower is better" if entry.lower_is_better else "higher is better"
    refused = sum(result.refused for result in found)
    if html is not None:
        save_page(html, drawn(f"{entry.name}, {entry.about}", f"{entry.unit}, {better}", found))
    text = f"{entry.name}, {entry.about}: {entry.unit}, {better}; {plural(seeds, 'seed')} from {seed_from}"
    return call.finish(text, code=PARTLY if refused else OK, seeds=seeds, seed_from=seed_from, refused=refused)


def _list(call: Call) -> int:
    from pricewatch.simulate.catalogue import MARKETS

    rows = [
        (entry.name, entry.about, entry.unit, [f"{level:g}" for level in entry.levels], list(entry.strategies))
        for entry in MARKETS.values()
    ]
    call.out.table("market", _MARKETS, rows)
    return call.finish(
        plural(len(rows), "market"), next_step="pricewatch simulate S3 --strategy under-reset --rules rules"
    )


def _contenders(names: list[str], folders: list[Path], learning: Path | None) -> list[Contender]:
    from pricewatch.simulate.run import Contender

    found = [Contender(name) for name in names] + [
        Contender(f"rules: {folder}", folder, learning) for folder in folders
    ]
    return list(dict.fromkeys(found))


def _score(result: Result) -> Row:
    figures = (result.mean, result.error, result.tenth, result.difference, result.difference_error)
    return (result.level, result.strategy, result.seeds, *map(_figure, figures), result.refused)


def _details(result: Result) -> list[Row]:
    return [
        (result.level, result.strategy, name, _figure(mean), _figure(error))
        for name, (mean, error) in result.details.items()
    ]


def _figure(value: float) -> float | None:
    """A figure with four digits, nothing where there is none."""
    if not math.isfinite(value):
        return None
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return round(value, min(max(digits, 0), 4))
