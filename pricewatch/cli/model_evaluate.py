"""How well demand is learnt: weeks held back, what may be claimed, the collusion audit; text book data, too."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pricewatch.cli import options
from pricewatch.cli.call import Call
from pricewatch.cli.model_report import PriceGroupName, chosen_models
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.pricing.demand.evaluate import Evaluation

Audit = Annotated[
    bool, options.option("--audit/--no-audit", env=False, help="Let the learner play against itself for some seconds.")
]
_CLAIMS = (
    Column("category"), Column("elasticity"), Column("low"), Column("high"), Column("strength", "F"),
    Column("why", fold=True),
)  # fmt: skip
_Panel = Annotated[Path | None, options.argument("FILE", "Data to judge instead of the sales that were imported.")]
_AUDITED, _AUDIT_SEED = 400, 1  # periods


def evaluate(call: Call, file: _Panel = None, *, price_group: PriceGroupName = "", audit: Audit = True) -> int:
    """Judge what is learnt from the shop's sales, on weeks held back; or log-log elasticities by brand, of a scanner
    panel (CSV with brand, price and sales); or a logit of market situations (CSV of numbers, the last one 0 or 1).
    """
    if file is None:
        return _held_back(call, price_group, audit)
    from pricewatch.intake.situations import holds_situations

    return _situations(call, file) if holds_situations(file) else _textbook(call, file)


def _situations(call: Call, file: Path) -> int:
    import numpy as np

    from pricewatch.intake.situations import read_situations
    from pricewatch.pricing.demand.purchase import log_loss, logit, purchase

    found = read_situations(file)
    features, bought = np.array(found.features), np.array(found.bought)
    fit, half = logit(features, bought), len(bought) // 2
    call.out.table(
        "coefficient", [Column("feature"), Column("beta")],
        [("(constant)", round(float(fit.beta[0]), 5)),
         *((name, round(float(beta), 5)) for name, beta in zip(found.names, fit.beta[1:], strict=True))],
    )  # fmt: skip
    call.out.record("logit", {"situations": len(bought), "bought": int(bought.sum()), "unreadable": found.unreadable,
                              "log_likelihood": round(fit.log_likelihood, 2), "aic": round(fit.aic, 2)})  # fmt: skip
    later, share = bought[half:], np.full(len(bought) - half, bought[:half].mean())
    early = logit(features[:half], bought[:half])
    learnt = purchase(features[:half], bought[:half], np.zeros(features.shape[1], dtype=np.int64))
    losses = {
        "nothing but the mean": log_loss(later, share),
        "logit": log_loss(later, early.probability(features[half:])),
        "logit and trees" if learnt.challenger is not None else "logit (trees were no better)": log_loss(
            later, learnt.probability(features[half:])
        ),
    }
    columns = [Column("judged_by"), Column("log_loss")]
    rows = [(name, round(loss, 5)) for name, loss in losses.items()]
    call.out.table("loss", columns, rows, title="On the later half, learnt from the earlier one")
    return call.finish(f"logit of {plural(len(bought), 'situation')}: log likelihood {fit.log_likelihood:.2f}")


def _textbook(call: Call, file: Path) -> int:
    import numpy as np

    from pricewatch.intake import read_scanner
    from pricewatch.pricing.demand.evaluate import loglog

    panel = read_scanner(file)
    call.out.set_aside(panel.set_aside)
    if not panel.brand:
        raise UsageError("no line has a brand, a price and a sale", where=str(file), hint="look at what was set aside")
    found = loglog(panel.brand, np.array(panel.price), np.array(panel.logmove))
    rows = [(name, round(slope, 4), panel.brand.count(name)) for name, slope in found.brands.items()]
    rows.append(("(all brands)", round(found.pooled, 4), len(panel.brand)))
    call.out.table("elasticity", [Column("brand"), Column("elasticity"), Column("rows")], rows)
    return call.finish(
        f"log-log by brand, {plural(len(panel.brand), 'line')}", rows=len(panel.brand), set_aside=len(panel.set_aside)
    )


def _held_back(call: Call, price_group: str, audit: bool) -> int:
    from pricewatch.pipeline.demand import sales_panel
    from pricewatch.pipeline.learning import figures_of, held_back
    from pricewatch.pipeline.reporting import claimed

    with opened(call) as app:
        chosen, _ = chosen_models(app, price_group)
        panel = sales_panel(app.bench, chosen, weeks=app.config.pricing.learning.weeks)
    _, _, heeded, found = held_back(panel)
    rows = [(name, *(round(value, 2) for value in values)) for name, values in found.elasticities.items()]
    columns = [Column(name) for name in ("category", "elasticity", "low", "high")]
    call.out.table("elasticity", columns, rows, title="Usual elasticities, 80 % intervals")
    lift = [(tenth, round(mean, 1), round(sold, 1)) for tenth, (mean, sold) in enumerate(found.lift, start=1)]
    call.out.table(
        "lift", [Column("tenth"), Column("expected"), Column("sold")], lift,
        title="Pieces by tenths of what was expected", aside=True,
    )  # fmt: skip
    claims = [(each.category, *map(_rounded, each.figures), each.why) for each in claimed(panel)]
    call.out.table(
        "claim", _CLAIMS, claims, title="What may be claimed to be caused by prices, 90 % intervals", aside=True
    )
    if audit:
        _audited(call)
    call.out.record("evaluation", {**figures_of(found), "trees_in": list(heeded)})
    return call.finish(
        f"{_judgement(found)}, on {plural(found.rows, 'row')} held back", weak=found.weak, rows=found.rows
    )


def _rounded(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def _audited(call: Call) -> None:
    """Whether the learner, playing against itself, comes to prices above competition."""
    from pricewatch.simulate.collusion import Audit
    from pricewatch.simulate.learned import learned, learned_ahead

    modes = {"default": learned, "looking ahead (only on request)": learned_ahead}
    rows = [
        (name, round(Audit({}, {}, periods=_AUDITED).play(_AUDIT_SEED, seller).value, 2))
        for name, seller in modes.items()
    ]
    title = "Collusion audit (S5), self-play: 0 competition, 1 monopoly"
    call.out.table("audit", [Column("mode"), Column("delta")], rows, title=title, aside=True)


def _judgement(found: Evaluation) -> str:
    """What the gain over means and its interval say, in words."""
    if found.weak:
        return "it does not predict better than each product's own mean"
    if found.gain_low > 0.0:
        return "it predicts better than means"
    return f"it is not shown to predict better than means (gain {found.gain_low:+.4f} to {found.gain_high:+.4f}, 90 %)"
