"""Learn from people's answers about this shop's matches: `match train`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pricewatch.cli.call import OK, Call, command
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.domain.errors import ConfigError

if TYPE_CHECKING:
    from pricewatch.matching.model import MatchModel
    from pricewatch.matching.training import Figures, Training
    from pricewatch.pipeline.workbench import Workbench

_COLUMNS = (
    Column("model"),
    Column("answers"),
    Column("precision"),
    Column("recall"),
    Column("f1"),
    Column("loss"),
    Column("ece"),
    Column("in_use", "in use"),
)


def add_to(inner: typer.Typer) -> None:
    """Mount the command in the group `match`."""
    command(inner, "train", path="match train")(train)


def train(call: Call) -> int:
    """Learn from the answers people gave; the new model is used from the next match on, unless it is worse."""
    from pricewatch.bootstrap import MODELS
    from pricewatch.matching.model import ACTIVE
    from pricewatch.matching.training import learn_on
    from pricewatch.pipeline.match import told

    with opened(call) as app:
        folder = app.config.folder / MODELS
        base, refused = _base(app.bench)
        products = tuple(app.bench.store.catalogue.load().products.values())
        found = learn_on(base, products, told(app.bench), _next(folder))
    _keep(folder, found, base.name)
    if found.better:
        (folder / ACTIVE).write_text(found.model.name + "\n", encoding="utf-8")
    elif refused:
        (folder / ACTIVE).unlink(missing_ok=True)
    if refused:
        call.out.say(f"{refused}; learned over {base.name} instead")
    new = found.model.name
    rows = [_row(base.name, found, found.before, not found.better), _row(new, found, found.after, found.better)]
    call.out.table("model", _COLUMNS, rows)
    words = _words(found, base.name)
    return call.finish(words, code=OK, next_step="pricewatch match", model=new, in_use=found.better)


def _base(bench: Workbench) -> tuple[MatchModel, str]:
    """The model in use, or the one that comes along and why the one in use was refused: it is what training mends."""
    from pricewatch.matching.model import MatchModel

    try:
        return bench.match_model(), ""
    except ConfigError as error:
        return MatchModel.shipped(), error.problems[0].message


def _words(found: Training, before: str) -> str:
    on = f"learned from {found.learned} answers, judged by {found.judged} others"
    if found.better:
        return f"{found.model.name} {on}: it is at least as good as {before} and is used from now on"
    return f"{found.model.name} {on}: it is worse than {before}, which stays in use"


def _row(name: str, found: Training, figures: Figures, used: bool) -> tuple[str | int | float | bool, ...]:
    values = (figures.precision, figures.recall, figures.f1, figures.loss, figures.calibration_error)
    return (name, found.judged, *(round(value, 4) for value in values), used)


def _next(folder: Path) -> str:
    numbers = [int(path.name.removeprefix("match-")) for path in folder.glob("match-[0-9]*") if path.name[6:].isdigit()]
    return f"match-{max(numbers, default=0) + 1}"


def _keep(folder: Path, found: Training, before: str) -> None:
    """Write the model with its evaluation beside it."""
    found.model.save(folder / found.model.name)
    text = {"before": {"model": before, **asdict(found.before)}, "after": asdict(found.after), "better": found.better,
            "learned": found.learned, "judged": found.judged}  # fmt: skip
    (folder / found.model.name / "evaluation.json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
