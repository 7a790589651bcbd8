"""The `[pricing]` section of config.toml: what is approved without a person, and when a run is stopped."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pricewatch.located import Section
from pricewatch.pricing.values import Bound, Duration, Share, Sum


class BreakerSettings(Section):
    """Whole-run checks: one that trips stops the plan until a person has looked."""

    min_products: int = Field(default=20, ge=1)
    """Shares are judged only when at least this many products are planned; default 20."""

    max_changed: Share = 5_000
    """Largest share of the planned products whose price may change in one run; default "50%"."""

    max_average_move: Bound = 1_500
    """Largest mean of the absolute moves (% of the old price) over the changed products; default "15%"."""

    collapse: Share = 2_500
    """Largest share of the changed products that may be given one and the same new price although their old prices
    differ; default "25%"."""

    missing_inputs: Share = 4_000
    """Largest share of the planned products that may lack a price, cost or floor; default "40%"."""

    max_at_risk: Sum | None = None
    """Largest sum of price cuts times stock in one run, in the group's currency; default none: not checked."""

    exchange_band: Bound = 500
    """Largest move of an exchange rate against the one of the day before it, for every rate that amounts of the plan
    were converted by; default "5%"."""

    max_loops: Share = 500
    """Largest share of the planned products that may be held because they and a rival keep answering each other;
    default "5%"."""


class LearningSettings(Section):
    """What the target `optimal` may do with what the demand model has learnt."""

    goal: Literal["profit", "revenue", "units", "profit with volume"] = "profit"
    """What a price shall earn most of; "profit with volume" keeps nine tenths of the pieces. Default "profit"."""

    gate: Share = 8_000
    """How likely a move has to earn more than the price in force; default "80%"."""

    step: Bound = 500
    """The largest move that the model makes in one plan, as a share of the price in force; default "5%"."""

    budget: Sum | None = None
    """What trials of prices may cost a day, over all products, in the group's currency; default none: no trials."""

    trial: Share = 200
    """What a trial of a price may cost at most, as a share of what its product earns; default "2%"."""

    slow_days: float = Field(default=7.0, ge=0, le=365)
    """A product that sells less than a piece a day moves every so many days at most; default 7."""

    substitutes: str = ""
    """The catalogue field whose text close substitutes of our own share ("brand", "custom.series", …): what a price
    takes from them counts, and no two of them are on trial at once; default "": the families of the rules."""

    rivals: Literal["curve", "answer", "look ahead"] = "answer"
    """Among rivals who move: "answer" prices products that sell much beside named rivals by the customers that their
    days show, against what rivals will probably ask next, anywhere between the prices asked before; "look ahead" also
    counts what rivals will answer later, which earns more and keeps prices further from competition (`model evaluate`
    prints by how much: look at it, and at the law, first); "curve" knows rivals by the gap to the cheapest and the rank
    alone. Default "answer"."""

    weeks: int = Field(default=52, ge=8, le=520)
    """How many weeks of sales a model is trained on; default 52."""


class PricingSettings(Section):
    """How far pricewatch may go on its own."""

    approve_up_to: Bound = 500
    """A change of at most this share of the old price is approved automatically ("0%": a person approves every
    change); default "5%"."""

    approve_up_to_amount: Sum | None = None
    """A change must also be at most this amount to be approved automatically; default none: only the share counts."""

    four_eyes_above: Bound | None = None
    """A change of more than this share of the old price needs two different people to approve it; default none: one
    person is enough."""

    ends_approved: bool = True
    """Whether who approves an announced reduction with a stated end approves the way back to exactly the price before
    it too, as far as `four_eyes_above` lets one person; default true."""

    max_age: Duration = 172_800
    """Observations older than this never count in a plan; a rule's landscape can only shorten it; default "2d"."""

    explicit_floor_is_enough: bool = False
    """Whether a product without a cost may be repriced when it has an explicit floor; default false."""

    jump_factor: int = Field(default=3, ge=2, le=1_000)
    """A new price of this many times the old one or more, or of that fraction or less, is held; default 3."""

    loop_changes: int = Field(default=8, ge=2, le=1_000)
    """A price that was changed this often in a row in the same direction within 7 days, and would be again, is held: it
    may be answering a rival's robot; default 8."""

    max_rate_age: Duration = 604_800
    """Exchange rates older than this are not used: what they would convert is unknown; default "7d"."""

    changes_up_to: Share = 3_000
    """Where only what changed is to be planned, everything is from this share of the catalogue on; default "30%"."""

    breakers: BreakerSettings = Field(default_factory=BreakerSettings)
    """Limits of the whole-run checks."""

    learning: LearningSettings = Field(default_factory=LearningSettings)
    """What the target `optimal` may do."""
