"""From columns back to records: proposals with their ordered reasons, and the market as a decision saw it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from pricewatch.domain.decision import Market, MarketOffer, Outcome
from pricewatch.domain.money import MAX_MINOR, Currency, Money
from pricewatch.pricing.decided import PROMOTION, Decided
from pricewatch.pricing.exact import AMOUNT_LIMIT, only
from pricewatch.pricing.fields import CUSTOM, OURS
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    MISSING,
    SITE_KINDS,
    Bools,
    Codes,
    Ints,
    MarketFrame,
    Text,
    distinct,
    ints,
)
from pricewatch.pricing.guardrails import OFF, Armour
from pricewatch.pricing.landscape import Ranking, Surveyor
from pricewatch.pricing.numbers import SHOWN, USED, Words, numbers
from pricewatch.pricing.parity import parity_text
from pricewatch.pricing.reasons import MONEY, NUMBER, PERCENT, Phrase, Piece
from pricewatch.pricing.rulefile import Landscape
from pricewatch.pricing.rules import Branch, RuleBook
from pricewatch.pricing.scope import local_time
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import Shard, shards
from pricewatch.pricing.strategies import reads_market
from pricewatch.pricing.trail import CUT, KEEP, OUTCOMES, RAISE, TESTED, Hold, Situation, Trail, unknown
from pricewatch.pricing.words import (
    HOLDS,
    KEPT,
    adjust_text,
    missing_text,
    rule_text,
    situation_text,
    target_text,
    tested_text,
)

_LAST_SECOND = 253_402_300_799  # of the year 9999
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_HOLDS = tuple(Hold)
_WHOLE_MARKET = frozenset({"average", "weighted", "percentile", "between", "formula", "index"})


@dataclass(frozen=True, slots=True)
class _Row:
    """A product that stands for all whose reasons have the same words, and its numbers."""

    values: Mapping[str, int]
    branch: Branch | None
    hold: Hold
    outcome: Outcome
    why: str

    def __getitem__(self, name: str) -> int:
        return self.values[name]


class Explainer:
    """Reads a trail with everything that it points to."""

    def __init__(
        self, frame: MarketFrame, book: RuleBook, settings: PricingSettings, trail: Trail, armour: Armour
    ) -> None:
        self._frame = frame
        self._book = book
        self._settings = settings
        self._trail = trail
        self._armour = armour
        self._currency = Currency.of(frame.currency)
        self._surveyors: dict[int, Surveyor] = {}

    def decided(self, status: Codes, ended: Bools) -> Iterator[Decided]:
        """Every decision with its reasons, shard by shard, in the frame's order; `status` says where each stands, and
        `ended` which were approved with the start of a promotion.
        """
        words = Words(self._phrases)
        for shard in shards(self._frame):
            there = slice(shard.start, shard.stop)
            yield self._decided(shard, words, status[there], ended[there])

    def _decided(self, shard: Shard, words: Words, status: Codes, ended: Bools) -> Decided:
        known = numbers(shard, self._trail, self._rankings(shard))
        rows, outcome = len(shard), known.column("outcome")
        moving = (outcome == RAISE) | (outcome == CUT)
        shape, data = words.put(known)
        usable = {name: _amounts(known.column(name)) for name in ("current", "price", "floor", "ceiling", "reference")}
        proposed = np.where(moving, usable["price"], np.where(outcome == KEEP, usable["current"], MISSING))
        prior = np.where(moving & (known.column("branch") >= 0), usable["reference"], MISSING)
        group, currency = (Text(np.zeros(rows, np.int32), (one,)) for one in (self._frame.group, self._frame.currency))
        empty = Text(np.zeros(rows, np.int32), ("",))
        return Decided(
            plan=np.zeros(rows, dtype=np.int64),
            sku=self._frame.products.sku[shard.start : shard.stop],
            group=group,
            currency=currency,
            outcome=outcome.astype(np.int32),
            status=status,
            current=usable["current"],
            proposed=proposed,
            floor=usable["floor"],
            ceiling=usable["ceiling"],
            **{name: known.column(name) for name in ("rank_before", "rank_after", "margin_before", "margin_after")},
            competitors=known.column("offers"),
            prior=prior,
            starts=only(prior != MISSING, np.full(rows, self._now)),
            ends=only(prior != MISSING, self._ends[known.column("branch")]),
            tax=self._frame.products.vat[shard.start : shard.stop],
            decided_by=Text(ended.astype(np.int32), ("", PROMOTION)),
            decided_at=unknown(rows),
            note=empty,
            shape=shape,
            data=data,
            shapes=words.shapes,
        )

    @property
    def _now(self) -> int:
        return self._frame.taken_at * 1_000_000

    @cached_property
    def _ends(self) -> Ints:
        """When the rule of each branch ends, in microseconds; MISSING where it does not."""
        zone = local_time(self._frame).tzinfo
        ends = [branch.ends for branch in self._book.branches]
        aware = [end if end is None or end.tzinfo is not None else end.replace(tzinfo=zone) for end in ends]
        return ints([*(None if end is None else (end - _EPOCH) // _MICROSECOND for end in aware), None])

    def _rankings(self, shard: Shard) -> dict[int, tuple[Bools, Ranking]]:
        """What each landscape counted, beside the products that a branch of it prices."""
        branch = self._trail.branch[shard.start : shard.stop]
        used = [number for number in distinct(branch) if number >= 0]
        found: dict[int, tuple[Bools, Ranking]] = {}
        for landscape in {self._book.branches[number].landscape for number in used}:
            mine = [number for number in used if self._book.branches[number].landscape == landscape]
            found[landscape] = np.isin(branch, mine), self._surveyor(landscape).ranking(shard)
        return found

    def _surveyor(self, landscape: int) -> Surveyor:
        if landscape not in self._surveyors:
            known = self._book.landscapes[landscape] if landscape >= 0 else Landscape()
            self._surveyors[landscape] = Surveyor(self._frame, known, self._settings.max_age)
        return self._surveyors[landscape]

    def _money(self, minor: int) -> Money | None:
        return Money(minor, self._currency) if 0 < minor <= AMOUNT_LIMIT else None

    def _phrases(self, values: Mapping[str, int], why: str) -> Iterator[Phrase]:
        """The reasons of a product, and of all whose numbers mean the same words."""
        branch = self._book.branches[values["branch"]] if values["branch"] >= 0 else None
        row = _Row(values, branch, _HOLDS[values["hold"]], OUTCOMES[values["outcome"]], why)
        return self._reasons(row)

    # --- reasons, in their order

    def _reasons(self, row: _Row) -> Iterator[Phrase]:
        if row.hold is Hold.FROZEN:
            yield self._limit_reason("freeze", ("frozen: the price stays as it is",), row["stop_by"])
        elif row.hold is Hold.NO_RULE:
            yield from self._left(row)
            yield Phrase("rule", ("no rule applies",))
        elif row.branch is None:
            yield Phrase("hold", (HOLDS[row.hold],))
        else:
            yield from self._priced(row, row.branch)

    def _priced(self, row: _Row, branch: Branch) -> Iterator[Phrase]:
        if row["matched"] or reads_market(branch):
            yield self._landscape_reason(row)
        yield from self._left(row)
        yield Phrase("rule", (self._rule_texts[row["branch"]],), rule=branch.place)
        if row.hold in {Hold.NO_FLOOR, Hold.NO_COST} or (row["target"] == MISSING and row["ended"] == MISSING):
            yield from self._unaimed(row, branch)
            return
        yield from self._aimed(row, branch)
        yield from self._clamped(row)
        yield from self._braked(row)
        yield from self._family(row)
        yield from self._warned(row, branch)

    def _left(self, row: _Row) -> Iterator[Phrase]:
        """Why the demand model says nothing, where a rule has asked it on the way to the one that applies."""
        asked = row.branch is None or row["branch"] >= self._asking
        if row["left"] and asked and row.why and row["part"] != TESTED:
            yield Phrase("model", (f"the demand model: {row.why}",))

    @cached_property
    def _asking(self) -> int:
        """The first branch that asks the demand model; behind all where none does."""
        numbers = (number for number, each in enumerate(self._book.branches) if each.reads_optimal)
        return next(numbers, len(self._book.branches))

    @cached_property
    def _rule_texts(self) -> tuple[str, ...]:
        return tuple(map(rule_text, self._book.branches))

    def _landscape_reason(self, row: _Row) -> Phrase:
        pieces: tuple[Piece, ...] = ((NUMBER, "offers"), " of ", (NUMBER, "matched"), " offers count")
        if row["counted"]:
            pieces += (", from ", (MONEY, "lowest"), " to ", (MONEY, "highest"))
        return Phrase("landscape", pieces, seen=SHOWN)

    def _unaimed(self, row: _Row, branch: Branch) -> Iterator[Phrase]:
        if row["situation"]:
            text = situation_text(Situation(row["situation"]), branch.situations)
            yield Phrase("hold" if row.hold is Hold.SITUATION else "target", (text,), rule=branch.place)
        if row.hold is Hold.CONTRADICTION:
            yield self._limit_reason("hold", ("no price leaves what is asked for",), row["floor_by"])
        elif row.hold is Hold.TARGET:
            yield Phrase("hold", (missing_text(branch),), rule=branch.place)
        elif row.hold is not Hold.SITUATION:
            yield Phrase("hold", (HOLDS[row.hold],))

    def _aimed(self, row: _Row, branch: Branch) -> Iterator[Phrase]:
        situation = Situation(row["situation"])
        text = situation_text(situation, branch.situations) if situation else self._target_text(row, branch)
        if row["back"]:
            text = self._since_before(row, branch, text)
        yield Phrase("target", (text,), "current", "target", branch.place, self._used(row, branch))
        if row["adjusted"] != row["target"]:
            yield Phrase("adjust", (adjust_text(branch.adjust),), "target", "adjusted", branch.place)
        if row["gross"] != row["adjusted"]:
            yield Phrase("tax", ("VAT added",), "adjusted", "gross")
        if row.hold is Hold.TARGET:
            yield Phrase("hold", (missing_text(branch),), rule=branch.place)

    def _since_before(self, row: _Row, branch: Branch, text: str) -> str:
        """While a reduction runs and right after it the price from before it stands for ours."""
        formula = None if row["situation"] or row["part"] == TESTED else branch.parts[max(row["part"], 0)].formula
        if formula is not None and formula.names & OURS:
            return f"{text}, where our price is the regular one from before the reduction"
        return text if branch.announced else text.replace(KEPT, "the regular price from before the reduction")

    def _target_text(self, row: _Row, branch: Branch) -> str:
        return tested_text(row.why) if row["part"] == TESTED else target_text(branch, row["part"], row.why)

    def _used(self, row: _Row, branch: Branch) -> tuple[str, str] | None:
        """The readings that made the target: those at exactly this price, or all that went into a mean."""
        if row["part"] == TESTED:
            return None
        part = branch.parts[max(row["part"], 0)]
        if row["situation"]:
            if not reads_market(branch):
                return None
        elif not part.market:
            return None
        elif part.target.kind in _WHOLE_MARKET or part.adjust is not None:
            return SHOWN
        return USED

    def _clamped(self, row: _Row) -> Iterator[Phrase]:
        if row["ended"] == MISSING:
            return
        if row["ended"] != row["gross"]:
            yield self._ending_reason(row)
        if row.hold is Hold.STEP or row["stepped"] != row["ended"]:
            by = row["high_by"] if row["ended"] > row["stepped"] else row["low_by"]
            yield self._limit_reason("step", ("clamped to the step limit",), by, "ended", "stepped")
        if row["capped"] != row["stepped"]:
            text = ("clamped to the ceiling of ", (MONEY, "ceiling"))
            yield self._limit_reason("ceiling", text, row["ceiling_by"], "stepped", "capped")
        if row["guarded"] > row["capped"]:
            text = ("clamped to the floor of ", (MONEY, "floor"))
            yield self._limit_reason("floor", text, row["floor_by"], "capped", "guarded")

    def _ending_reason(self, row: _Row) -> Phrase:
        place = self._ending_places.get(row["ending"], "")
        return Phrase("ending", ("rounded to an allowed ending",), "gross", "ended", place)

    @cached_property
    def _ending_places(self) -> dict[int, str]:
        places = {}
        for index, number in self._armour.ending_of.items():
            keys = self._armour.sets[index].places
            places[number] = next(keys[key] for key in ("endings", "ending_ladder", "multiple_of") if key in keys)
        return places

    def _family(self, row: _Row) -> Iterator[Phrase]:
        if row["parity_by"] < 0:
            return
        family = self._book.families[row["parity_by"]]
        yield Phrase("parity", (f"{parity_text(family)} ({family.name})",), "parity", "price", family.place)
        if row.hold is Hold.PARITY:
            yield Phrase("hold", (HOLDS[row.hold],), "price", "current", family.place)

    def _braked(self, row: _Row) -> Iterator[Phrase]:
        if row.outcome is Outcome.KEEP and row["price"] != row["current"]:
            text: tuple[Piece, ...] = ("the change is smaller than ", (MONEY, "least_change"))
            yield self._limit_reason("min_change", text, row["stop_by"], "price", "current")
        elif row.hold in {Hold.DWELL, Hold.CHANGES, Hold.QUIET}:
            yield self._limit_reason("hold", (HOLDS[row.hold],), row["stop_by"], "price", "current")
        elif row.hold is Hold.LOOP:
            way = "up" if row["price"] > row["current"] else "down"
            text = (
                f"went {way} ",
                (NUMBER, "streak"),
                " times in a row within 7 days: it may be answering a rival's robot",
            )
            yield Phrase("hold", text, "price", "current")
        elif row.hold is Hold.PRIOR:
            told: Piece = (MONEY, "reference")
            known: tuple[Piece, ...] = ("the prior price is ", told if row["reference"] != MISSING else "unknown")
            yield Phrase("hold", ("no reduction to announce: ", *known), "price", "current")
        elif row.hold is Hold.JUMP:
            yield self._jump_reason(row)
        elif row.hold in {Hold.STEP, Hold.CONTRADICTION}:
            yield Phrase("hold", (HOLDS[row.hold],), "price", "current")

    def _jump_reason(self, row: _Row) -> Phrase:
        words = f"a jump by a factor of {self._settings.jump_factor} or more: look at it ([pricing] jump_factor)"
        if row["price"] > row["capped"] or (row["situation"] and row["target"] == row["floor"]):
            text = ("the floor of ", (MONEY, "floor"), f" asks for {words}")
            return self._limit_reason("hold", text, row["floor_by"], "price", "current")
        return Phrase("hold", ("to ", (MONEY, "price"), f" would be {words}"), "price", "current")

    def _warned(self, row: _Row, branch: Branch) -> Iterator[Phrase]:
        if row.outcome not in {Outcome.RAISE, Outcome.CUT}:
            return
        text: tuple[Piece, ...]
        if branch.announced and row["reference"] == MISSING:
            ending = "the reduction ends" if row["running"] else "no reduction starts"
            text = (f"{ending}: no price from the floor of ", (MONEY, "floor"), " up may be announced as one")
            yield self._limit_reason("announced", text, row["floor_by"], "current", "price")
        if row["reference"] != MISSING:
            text = (
                "announced as a reduction of ",
                (PERCENT, "share"),
                " from the prior price of ",
                (MONEY, "reference"),
            )
            yield Phrase("announced", text, "reference", "price", branch.place)
        if 0 < row["price"] < row["prior"]:
            until = (local_time(self._frame) + timedelta(days=30)).date()
            text = ("a new low: the prior price becomes ", (MONEY, "price"), f" until {until.isoformat()} at least")
            yield Phrase("prior_price", text, "prior", "price")
        if row["map_by"] != OFF and row["price"] < row["map_price"]:
            text = ("below the minimum advertised price of ", (MONEY, "map_price"), " (report only)")
            yield self._limit_reason("map", text, row["map_by"], "current", "price")

    def _limit_reason(self, step: str, text: tuple[Piece, ...], by: int, before: str = "", after: str = "") -> Phrase:
        source = self._armour.sources[by] if by >= 0 else None
        words = (*text, f" ({source.text})") if source is not None else text
        return Phrase(step, words, before, after, source.place if source is not None else "")

    # --- the market

    def market(self, row: int) -> Market:
        """Everything that was offered for a product, by price and observation; offers without a price are left out."""
        shard = self._shard(row)
        branch = int(self._trail.branch[row])
        landscape = self._book.branches[branch].landscape if branch >= 0 else -1
        reasons = self._surveyor(landscape).exclusions(shard)
        offers = [self._offer(shard, number, why) for number, why in enumerate(reasons)]
        products = self._frame.products
        return Market(
            sku=products.sku[row],
            group=self._frame.group,
            taken_at=datetime.fromtimestamp(self._frame.taken_at, UTC),
            current=self._money(int(products.current[row])),
            cost=self._money(int(products.cost[row])),
            offers=tuple(sorted((each for each in offers if each), key=lambda each: (each.price, each.observation))),
        )

    def _shard(self, row: int) -> Shard:
        product = self._frame.offers.product
        return Shard(self._frame, row, row + 1, (product == row).nonzero()[0])

    def _offer(self, shard: Shard, number: int, why: str) -> MarketOffer | None:
        def column(name: str) -> Any:
            return shard.offer(name)[number]

        price, shipping = int(column("price")), int(column("shipping"))
        if price == MISSING:
            return None
        return MarketOffer(
            observation=int(column("observation")),
            site=self._frame.offers.site.values[int(column("site"))],
            kind=SITE_KINDS[int(column("kind"))],
            seller=self._frame.offers.seller.values[int(column("seller"))],
            price=Money(max(-MAX_MINOR, min(price, MAX_MINOR)), self._currency),
            shipping=Money(shipping, self._currency) if 0 <= shipping <= AMOUNT_LIMIT else None,
            availability=AVAILABILITIES[int(column("availability"))],
            condition=CONDITIONS[int(column("condition"))],
            seen_at=datetime.fromtimestamp(max(0, min(int(column("seen_at")), _LAST_SECOND)), UTC),
            url="",
            excluded=why,
        )

    def notices(self) -> tuple[str, ...]:
        """Custom columns that the rules name and the catalogue does not have."""
        custom = self._frame.products.custom
        named: dict[str, str] = {}
        for branch in self._book.branches:
            named |= dict.fromkeys(branch.names, branch.place)
        for scoped in self._book.guardrails:
            named |= dict.fromkeys(scoped.when.names if scoped.when else (), scoped.place)
        for family in self._book.families:
            named |= dict.fromkeys((family.field, *(family.size.names if family.size else ())), family.place)
        return tuple(
            f"{place}: the catalogue has no column {name.removeprefix(CUSTOM)!r}; conditions on it are unknown"
            for name, place in sorted(named.items())
            if name.startswith(CUSTOM) and name.removeprefix(CUSTOM) not in custom
        )


def _amounts(column: Ints) -> Ints:
    """Amounts that can be meant; MISSING in place of others."""
    return only((column > 0) & (column <= AMOUNT_LIMIT), column)
