"""The models of rules/*.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.located import Section
from pricewatch.pricing.examples import Example
from pricewatch.pricing.values import Amount, Change, Duration, Ending, Hours, Limit, Percent

_ZERO = Decimal(0)
Action: TypeAlias = Literal["follow", "keep", "hold", "floor", "ceiling", "rrp", "next", "raise", "optimal"]
Resort: TypeAlias = Literal["keep", "hold", "floor", "ceiling", "rrp", "raise", "optimal"]
TargetKind: TypeAlias = Literal[
    "lowest",
    "nth_lowest",
    "median",
    "average",
    "weighted",
    "highest",
    "percentile",
    "between",
    "buy_box",
    "seller",
    "index",
    "cost_plus",
    "margin",
    "rrp",
    "map",
    "prior",
    "floor",
    "ceiling",
    "optimal",
    "markdown",
    "formula",
    "keep",
    "first_of",
    "lowest_of",
    "highest_of",
]


class Landscape(Section):
    """Which offers a rule counts; our own and sister sellers never count."""

    availability: tuple[Availability, ...] = (Availability.IN_STOCK,)
    """States of stock that count; default ["in_stock"]."""

    conditions: tuple[Condition, ...] = (Condition.NEW, Condition.UNKNOWN)
    """Conditions that count; default ["new", "unknown"], because most shops sell only new goods and do not say so."""

    roles: tuple[PriceRole, ...] = (PriceRole.REGULAR, PriceRole.SALE)
    """Kinds of price that count; default ["regular", "sale"]; add "coupon" to follow coupon prices."""

    kinds: tuple[SiteKind, ...] = tuple(SiteKind)
    """Kinds of site that count; default all."""

    sellers: tuple[str, ...] = ()
    """Only these sellers count (upper and lower case are the same); default all."""

    without_sellers: tuple[str, ...] = ()
    """These sellers never count; default none."""

    sites: tuple[str, ...] = ()
    """Only these sites count, by the name of their definition; default all."""

    without_sites: tuple[str, ...] = ()
    """These sites never count; default none."""

    max_age: Duration | None = None
    """Older observations do not count; default the age in [pricing], which this can only shorten."""

    min_rating: Percent | None = None
    """Sellers rated lower, or not rated, do not count; default none."""

    weights: Mapping[str, Annotated[int, Field(ge=0, le=1_000)]] = Field(default_factory=dict)
    """How much each seller counts in the targets weighted and index, such as { "Alfa" = 3 }; default 1 each."""

    net_sites: tuple[str, ...] = ()
    """These sites show prices without VAT: our product's VAT is added, rounded half up; default none."""

    trend: Percent = 300
    """From this change of the counting offers against a week ago on, the market is rising or falling; default "3%"."""

    basis: Literal["item", "landed"] = "item"
    """Compare item prices, or landed prices (price + shipping - own_shipping); default "item"."""

    own_shipping: Amount = Field(default=_ZERO)
    """What a buyer pays us for shipping, taken off landed prices so that like is compared with like; default 0."""

    assume_shipping: Amount | None = None
    """Shipping to assume where an offer does not show it; default none: such offers do not count when landed."""

    packs: bool = False
    """Whether other pack sizes count, at their price divided by the pack factor (rounded half up); default false."""

    equivalents: bool = False
    """Whether offers of what buyers take instead count too, where a match says "equivalent"; default false."""

    one_per_seller: bool = False
    """Whether only the cheapest offer of each seller counts; default false."""

    max_distance: Percent | None = None
    """Offers farther from the median than this share of it do not count; default none."""

    min_offers: int = Field(default=1, ge=1, le=1_000)
    """With fewer counting offers there is no competition; default 1."""


class MarkdownStep(Section):
    """One step of a markdown ladder."""

    days: int = Field(ge=0, le=10_000)
    """From this age in days on."""

    off: Percent
    """This share is taken off, such as "20%"."""


class Target(Section):
    """The price that a rule aims at, before the rule's `adjust`."""

    kind: TargetKind
    """What to aim at; market kinds read the landscape, cost_plus and margin are net and get VAT added."""

    n: int = Field(default=2, ge=1, le=1_000)
    """For nth_lowest: which of the lowest offers, with fewer offers the highest one. For index: how many sellers of the
    basket must be there at least. Default 2.
    """

    percent: Percent | None = None
    """Markup for cost_plus, margin for margin, our price index for index ("100%" level with the basket), position for
    percentile and between ("0%" lowest, "100%" highest).
    """

    sellers: tuple[str, ...] = ()
    """The sellers to look at, for seller; the basket, for index: the mean of the lowest price of each."""

    pick: Literal["lowest", "average", "highest"] = "lowest"
    """Which price of the named sellers to take; default "lowest"."""

    price: str = ""
    """The expression to compute, for formula, such as "max(lowest * 0.99, cost * 1.5)"; for markdown what is marked
    down, default "rrp"; gross.
    """

    age: str = ""
    """How many days old the product is, for markdown, such as "days_since(custom.received)"."""

    steps: tuple[MarkdownStep, ...] = ()
    """The ladder of a markdown, youngest first; before the first step nothing is taken off."""

    of: tuple[PartOrName, ...] = ()
    """The targets to compare, for lowest_of and highest_of (unknown ones do not count), or to try in turn, for first_of
    (the first that is known).
    """


class Part(Target):
    """One of several targets that are compared, with an adjustment of its own."""

    adjust: Change | None = None
    """What to add before the comparison: a share, an amount, "just under" or "just over"; default nothing."""


def _short_target(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


TargetOrName: TypeAlias = Annotated[Target, BeforeValidator(_short_target)]
PartOrName: TypeAlias = Annotated[Part, BeforeValidator(_short_target)]
Target.model_rebuild()


class Situations(Section):
    """What to do in market situations where just following the target is not wanted; the first that applies counts.

    They are tried in this order and only where the target comes from the market. `follow` goes on with the target,
    `keep` takes the current price (after a reduction the regular one from before it), `hold` stops, `floor`, `ceiling`,
    `rrp` and `optimal` take that price, `raise` goes up as far as the step limits and the ceiling let it, `next` takes
    the lowest counting offer above the floor (the floor when there is none).
    """

    stale: Resort = "hold"
    """All offers that would count are too old; default "hold"."""

    alone_in_stock: Resort = "keep"
    """Others offer the product, but none of them in a state of stock that counts; default "keep"."""

    no_competition: Resort = "keep"
    """Nobody else counts, or fewer than min_offers; default "keep"."""

    rising: Action = "follow"
    """The counting offers are dearer than a week ago, by the landscape's `trend` or more; default "follow"."""

    falling: Action = "follow"
    """The counting offers are cheaper than a week ago, by the landscape's `trend` or more; default "follow"."""

    lowest: Action = "follow"
    """Our current price is below every counting offer; default "follow", which raises as readily as it lowers."""

    below_floor: Action = "floor"
    """The target is below our floor; default "floor"."""

    at_floor: Action = "floor"
    """The target is exactly our floor; default "floor"."""


class EndingBand(Section):
    """One rung of a ladder of price endings."""

    below: Amount | None = None
    """Prices below this amount take these endings; none on the last rung."""

    endings: tuple[Ending, ...] = ()
    """Allowed last digits on this rung; default none: any price is allowed."""


class ChannelFees(Section):
    """What a sale on one channel costs."""

    fee: Percent = 0
    """Commission as a share of the gross price; default "0%"."""

    fixed_fee: Amount = Field(default=_ZERO)
    """Net cost of each sale; default 0."""


class Guardrails(Section):
    """Limits on the price. They add up: of all that apply to a product the strictest counts, so a rule can tighten
    a limit and never loosen it. Only endings and rounding are replaced: the rule's own, else those of the last set that
    applies.
    """

    min_margin: Percent | None = None
    """Least margin after fees, as a share of the net price; makes a floor, rounded up; default "0%"."""

    min_markup: Percent | None = None
    """Least markup, as a share of the cost; makes a floor, rounded up; default none."""

    min_profit: Amount | None = None
    """Least net profit per piece after fees; makes a floor, rounded up; default none."""

    floor: Amount | None = None
    """No gross price below this; default none."""

    fee: Percent | None = None
    """Commission as a share of the gross price, counted in every floor made from the cost; default "0%"."""

    fixed_fee: Amount | None = None
    """Net cost of each sale on top of the cost, counted in every floor made from the cost; default 0."""

    channels: Mapping[str, ChannelFees] = Field(default_factory=dict)
    """Fees of single channels, such as { allegro = { fee = "11%" } }; the floor is the highest that any of them, or
    `fee` and `fixed_fee`, asks for.
    """

    ceiling: Amount | None = None
    """No gross price above this; default none."""

    max_markup: Percent | None = None
    """Largest markup on the cost; makes a ceiling, rounded down; default none."""

    max_above_rrp: Percent | None = None
    """How far above the recommended price we may go ("0%": never above); rounded down; default none."""

    max_raise: Limit | None = None
    """Largest rise in one change, as a share of the current price or an amount; default none."""

    max_cut: Limit | None = None
    """Largest cut in one change, as a share of the current price or an amount; default none."""

    max_raise_day: Limit | None = None
    """Largest rise in one calendar day, measured from the price at its start; default none."""

    max_cut_day: Limit | None = None
    """Largest cut in one calendar day, measured from the price at its start; default none."""

    min_change: Limit | None = None
    """Smaller changes are not worth making (hysteresis), as a share of the current price or an amount; default none."""

    dwell: Duration | None = None
    """Least time between two changes of a price; default none."""

    max_changes_a_day: int | None = Field(default=None, ge=0, le=1_000)
    """Largest number of changes of one price in a calendar day; default none."""

    quiet_hours: Hours | None = None
    """No changes between these hours in the group's time zone, such as "22:00-06:00"; default none."""

    endings: tuple[Ending, ...] = ()
    """Allowed last digits, such as [".99", ".49"] or ["9.00"]; default any."""

    ending_ladder: tuple[EndingBand, ...] = ()
    """Endings by price range, cheapest first, instead of `endings`; default none."""

    multiple_of: Amount | None = None
    """Prices are whole multiples of this, such as "0.05", instead of `endings`; default none."""

    rounding: Literal["nearest", "down", "up"] = "nearest"
    """Which allowed ending a price goes to before the limits are applied; a tie goes down; default "nearest"."""

    freeze: bool = False
    """Whether the price stays as it is; default false."""

    map_report: bool = True
    """Whether a price below the supplier's minimum advertised price is reported; never enforced; default true."""


class GuardrailSet(Guardrails):
    """Guardrails for every product that `when` holds for, whichever rule prices it."""

    name: str = ""
    """A name for reasons; default the place in the file."""

    when: str = ""
    """Condition on catalogue fields; default all products."""


class Case(Section):
    """One branch of a rule: the first case whose condition holds gives the target."""

    when: str = ""
    """Condition of this branch; default always, which makes it the else branch."""

    target: TargetOrName
    """What to aim at."""

    adjust: Change | None = None
    """What to add to the target: a share of it, an amount, or the next allowed price: "-1%", "-0.01", "just under",
    "just over"; default nothing.
    """

    situations: Situations | None = None
    """What to do in special market situations; default the rule's."""


class Rule(Section):
    """Prices every product that its condition holds for and that no rule before it took."""

    name: str = Field(min_length=1, max_length=100)
    """What the rule is called in reasons; unique over all rule files."""

    when: str = ""
    """Condition on catalogue and market fields; default every product."""

    priority: int = Field(default=0, ge=-1_000, le=1_000)
    """Rules with a higher number are tried first; equal ones in the order of file names and lines; default 0."""

    enabled: bool = True
    """Whether the rule is used; default true."""

    starts: date | datetime | None = None
    """First day (2026-11-27) or moment (2026-11-27T08:00:00) at which the rule is used, in the group's time zone;
    default always.
    """

    ends: date | datetime | None = None
    """Last day on which the rule is used, or the moment at which it no longer is, in the group's time zone; default
    always.
    """

    announced: bool = False
    """Whether its cuts are announced as reductions, with the prior price beside them; needs `starts` and `ends`;
    default false.
    """

    perishable: bool = False
    """Whether the goods of an announced reduction spoil quickly: then the price before the first reduction is the prior
    price, where the country's law says so; default false.
    """

    landscape: Landscape | None = None
    """Which offers count for this rule; keys not given here come from the file's [landscape]."""

    target: TargetOrName | None = None
    """What to aim at: "lowest", or a table such as { kind = "nth_lowest", n = 2 }."""

    adjust: Change | None = None
    """What to add to the target: a share of it, an amount, or the next allowed price: "-1%", "-0.01", "just under",
    "just over"; default nothing.
    """

    situations: Situations = Field(default_factory=Situations)
    """What to do in special market situations."""

    guardrails: Guardrails = Field(default_factory=Guardrails)
    """Limits on top of all [[guardrails]] that apply."""

    case: tuple[Case, ...] = ()
    """Branches instead of `target`: if, else if, else."""


class Parity(Section):
    """Prices of products that belong together."""

    name: str = ""
    """A name for reasons; default the place in the file."""

    when: str = ""
    """Condition on catalogue fields; default all products."""

    family: str = Field(min_length=1)
    """The text field that products of one family share, such as "custom.model"."""

    size: str = ""
    """How much is in a pack, as a number, such as "number(custom.pieces)": then a bigger pack is never dearer per unit.
    Default none: then all products of a family cost the same.
    """

    allow: Percent = 0
    """By how much a bigger pack may be dearer per unit, or variants may differ from the dearest one; default "0%"."""


class RuleFile(Section):
    """One file of rules/*.toml."""

    order: Literal["first", "most_specific"] | None = None
    """Which of several rules with the same priority is tried first, for all files: the first one written, or the one
    with the most specific condition; default "first".
    """

    landscape: Landscape = Field(default_factory=Landscape)
    """Which offers count for the rules of this file, unless a rule says otherwise."""

    guardrails: tuple[GuardrailSet, ...] = ()
    """Limits for products, whichever rule prices them, in this file or another."""

    rule: tuple[Rule, ...] = ()
    """The rules, tried in order; the first whose condition holds prices the product."""

    parity: tuple[Parity, ...] = ()
    """Products whose prices must fit together, such as variants and pack sizes."""

    example: tuple[Example, ...] = ()
    """What the rules promise, tried by `pricewatch rule test`."""
