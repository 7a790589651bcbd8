"""From columns back to records: proposals with their ordered reasons, and the market as a decision saw it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from pricewatch.domain.decision import Announcement, Market, MarketOffer, Outcome, Proposal, Reason
from pricewatch.domain.money import MAX_MINOR, Currency, Money
from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE
from pricewatch.pricing.fields import CUSTOM
from pricewatch.pricing.frame import AVAILABILITIES, CONDITIONS, MISSING, SITE_KINDS, Ints, MarketFrame
from pricewatch.pricing.guardrails import OFF, Armour
from pricewatch.pricing.landscape import Ranking, Surveyor
from pricewatch.pricing.parity import parity_text
from pricewatch.pricing.rulefile import Landscape
from pricewatch.pricing.rules import Branch, RuleBook
from pricewatch.pricing.scope import local_time
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import Shard, shards
from pricewatch.pricing.strategies import reads_market
from pricewatch.pricing.trail import OUTCOMES, Hold, Situation, Trail
from pricewatch.pricing.values import percent_text
from pricewatch.pricing.words import HOLDS, adjust_text, missing_text, rule_text, situation_text, target_text

SHOWN_OBSERVATIONS = 20
_LAST_SECOND = 253_402_300_799  # of the year 9999
_HOLDS = tuple(Hold)
_WHOLE_MARKET = frozenset({"average", "weighted", "percentile", "between", "formula", "index"})


@dataclass(frozen=True, slots=True)
class _Row:
    """One product's trail as plain integers, and what its landscape counted, lowest first."""

    number: int
    trail: dict[str, int]
    current: int
    branch: Branch | None
    hold: Hold
    outcome: Outcome
    prices: Sequence[int]
    observations: Sequence[int]

    def __getitem__(self, name: str) -> int:
        return self.trail[name]


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

    def proposals(self) -> Iterator[Proposal]:
        """One proposal for each product, in the frame's order."""
        for shard in shards(self._frame):
            for row in self._rows(shard):
                yield self._proposal(row)

    def _rows(self, shard: Shard) -> Iterator[_Row]:
        names = [each.name for each in fields(Trail)]
        columns = [getattr(self._trail, name)[shard.start : shard.stop].tolist() for name in names]
        current = shard.product("current").tolist()
        rankings: dict[int, Ranking] = {}
        for local, values in enumerate(zip(*columns, strict=True)):
            trail = dict(zip(names, values, strict=True))
            branch = self._book.branches[trail["branch"]] if trail["branch"] >= 0 else None
            prices, observations = self._counted(shard, local, branch, rankings)
            hold, outcome = _HOLDS[trail["hold"]], OUTCOMES[trail["outcome"]]
            yield _Row(shard.start + local, trail, current[local], branch, hold, outcome, prices, observations)

    def _counted(
        self, shard: Shard, local: int, branch: Branch | None, rankings: dict[int, Ranking]
    ) -> tuple[list[int], list[int]]:
        if branch is None:
            return [], []
        if branch.landscape not in rankings:
            rankings[branch.landscape] = self._surveyor(branch.landscape).ranking(shard)
        return rankings[branch.landscape].of(local)

    def _surveyor(self, landscape: int) -> Surveyor:
        if landscape not in self._surveyors:
            known = self._book.landscapes[landscape] if landscape >= 0 else Landscape()
            self._surveyors[landscape] = Surveyor(self._frame, known, self._settings.max_age)
        return self._surveyors[landscape]

    def _proposal(self, row: _Row) -> Proposal:
        outcome = row.outcome
        final = {Outcome.HOLD: MISSING, Outcome.KEEP: row.current}.get(outcome, row["price"])
        return Proposal(
            sku=self._frame.products.sku[row.number],
            group=self._frame.group,
            outcome=outcome,
            current=self._money(row.current),
            proposed=self._money(final),
            floor=self._money(row["floor"]),
            ceiling=self._money(row["ceiling"]),
            reasons=tuple(self._reasons(row)),
            rank_before=_known(row["rank_before"]),
            rank_after=_known(row["rank_after"]),
            margin_before=_known(row["margin_before"]),
            margin_after=_known(row["margin_after"]),
            competitors=row["offers"],
            announcement=self._announcement(row),
        )

    def _announcement(self, row: _Row) -> Announcement | None:
        """The announced reduction that a change is, from its prior price until the rule ends."""
        prior = self._money(row["reference"])
        if prior is None or row.branch is None or row.outcome not in {Outcome.RAISE, Outcome.CUT}:
            return None
        clock = local_time(self._frame)
        ends = row.branch.ends
        if ends is not None:
            ends = (ends if ends.tzinfo is not None else ends.replace(tzinfo=clock.tzinfo)).astimezone(UTC)
        return Announcement(prior, clock.astimezone(UTC), ends)

    def _money(self, minor: int) -> Money | None:
        return Money(minor, self._currency) if 0 < minor <= AMOUNT_LIMIT else None

    def _text(self, minor: int) -> str:
        exponent = self._currency.exponent
        sign, (whole, rest) = "-" * (minor < 0), divmod(abs(minor), 10**exponent)
        return f"{sign}{whole}.{rest:0{exponent}d}" if exponent else f"{sign}{whole}"

    # --- reasons, in their order

    def _reasons(self, row: _Row) -> Iterator[Reason]:
        if row.hold is Hold.FROZEN:
            yield self._limit_reason("freeze", "frozen: the price stays as it is", row["stop_by"])
        elif row.hold is Hold.NO_RULE:
            yield Reason("rule", "no rule applies")
        elif row.branch is None:
            yield Reason("hold", HOLDS[row.hold])
        else:
            yield from self._priced(row, row.branch)

    def _priced(self, row: _Row, branch: Branch) -> Iterator[Reason]:
        if row["matched"] or reads_market(branch):
            yield self._landscape_reason(row)
        yield Reason("rule", self._rule_texts[row["branch"]], rule=branch.place)
        if row.hold in {Hold.NO_FLOOR, Hold.NO_COST} or (row["target"] == MISSING and row["ended"] == MISSING):
            yield from self._unaimed(row, branch)
            return
        yield from self._aimed(row, branch)
        yield from self._clamped(row)
        yield from self._braked(row)
        yield from self._family(row)
        yield from self._warned(row, branch)

    @cached_property
    def _rule_texts(self) -> tuple[str, ...]:
        return tuple(map(rule_text, self._book.branches))

    def _landscape_reason(self, row: _Row) -> Reason:
        text = f"{row['offers']} of {row['matched']} offers count"
        if row.prices:
            text += f", from {self._text(row.prices[0])} to {self._text(row.prices[-1])}"
        return Reason("landscape", text, observations=tuple(row.observations[:SHOWN_OBSERVATIONS]))

    def _unaimed(self, row: _Row, branch: Branch) -> Iterator[Reason]:
        if row["situation"]:
            text = situation_text(Situation(row["situation"]), branch.situations)
            yield Reason("hold" if row.hold is Hold.SITUATION else "target", text, rule=branch.place)
        if row.hold is Hold.CONTRADICTION:
            yield self._limit_reason("hold", "no price leaves what is asked for", row["floor_by"])
        elif row.hold is Hold.TARGET:
            yield Reason("hold", missing_text(branch), rule=branch.place)
        elif row.hold is not Hold.SITUATION:
            yield Reason("hold", HOLDS[row.hold])

    def _aimed(self, row: _Row, branch: Branch) -> Iterator[Reason]:
        situation = Situation(row["situation"])
        text = situation_text(situation, branch.situations) if situation else self._target_text(row, branch)
        used = self._used(row, branch)
        yield Reason("target", text, row.current, row["target"], branch.place, used)
        if row["adjusted"] != row["target"]:
            yield Reason("adjust", adjust_text(branch.adjust), row["target"], row["adjusted"], branch.place)
        if row["gross"] != row["adjusted"]:
            yield Reason("tax", "VAT added", row["adjusted"], row["gross"])
        if row.hold is Hold.TARGET:
            yield Reason("hold", missing_text(branch), rule=branch.place)

    def _target_text(self, row: _Row, branch: Branch) -> str:
        why = self._frame.products.optimal_why
        return target_text(branch, row["part"], "" if why is None else why[row.number])

    def _used(self, row: _Row, branch: Branch) -> tuple[int, ...]:
        """The readings that made the target: those at exactly this price, or all that went into a mean."""
        part = branch.parts[max(row["part"], 0)]
        if row["situation"]:
            if not reads_market(branch):
                return ()
        elif not part.market:
            return ()
        elif part.target.kind in _WHOLE_MARKET or part.adjust is not None:
            return tuple(row.observations[:SHOWN_OBSERVATIONS])
        first, last = bisect_left(row.prices, row["target"]), bisect_right(row.prices, row["target"])
        return tuple(row.observations[first:last])

    def _clamped(self, row: _Row) -> Iterator[Reason]:
        if row["ended"] == MISSING:
            return
        if row["ended"] != row["gross"]:
            yield self._ending_reason(row)
        if row.hold is Hold.STEP or row["stepped"] != row["ended"]:
            by = row["high_by"] if row["ended"] > row["stepped"] else row["low_by"]
            yield self._limit_reason("step", "clamped to the step limit", by, row["ended"], row["stepped"])
        if row["capped"] != row["stepped"]:
            text = f"clamped to the ceiling of {self._text(row['ceiling'])}"
            yield self._limit_reason("ceiling", text, row["ceiling_by"], row["stepped"], row["capped"])
        if row["price"] != row["capped"]:
            text = f"clamped to the floor of {self._text(row['floor'])}"
            yield self._limit_reason("floor", text, row["floor_by"], row["capped"], row["price"])

    def _ending_reason(self, row: _Row) -> Reason:
        place = self._ending_places.get(row["ending"], "")
        return Reason("ending", "rounded to an allowed ending", row["gross"], row["ended"], place)

    @cached_property
    def _ending_places(self) -> dict[int, str]:
        places = {}
        for index, number in self._armour.ending_of.items():
            keys = self._armour.sets[index].places
            places[number] = next(keys[key] for key in ("endings", "ending_ladder", "multiple_of") if key in keys)
        return places

    def _family(self, row: _Row) -> Iterator[Reason]:
        if row["parity_by"] < 0:
            return
        family = self._book.families[row["parity_by"]]
        text = f"{parity_text(family)} ({family.name})"
        yield Reason("parity", text, row["parity"], row["price"], family.place)
        if row.hold is Hold.PARITY:
            yield Reason("hold", HOLDS[row.hold], row["price"], row.current, family.place)

    def _braked(self, row: _Row) -> Iterator[Reason]:
        if row.outcome is Outcome.KEEP and row["price"] != row.current:
            text = f"the change is smaller than {self._text(row['least_change'])}"
            yield self._limit_reason("min_change", text, row["stop_by"], row["price"], row.current)
        elif row.hold in {Hold.DWELL, Hold.CHANGES, Hold.QUIET}:
            yield self._limit_reason("hold", HOLDS[row.hold], row["stop_by"], row["price"], row.current)
        elif row.hold is Hold.LOOP:
            streak = abs(int(self._streaks[row.number]))
            way = "up" if row["price"] > row.current else "down"
            text = f"went {way} {streak} times in a row within 7 days: it may be answering a rival's robot"
            yield Reason("hold", text, row["price"], row.current)
        elif row.hold is Hold.PRIOR:
            known = row["reference"] != MISSING
            text = f"the prior price is {self._text(row['reference'])}" if known else "the prior price is unknown"
            yield Reason("hold", f"no reduction to announce: {text}", row["price"], row.current)
        elif row.hold is Hold.JUMP:
            text = f"a jump by a factor of {self._settings.jump_factor} or more needs a look"
            yield Reason("hold", text, row["price"], row.current)
        elif row.hold in {Hold.STEP, Hold.CONTRADICTION}:
            yield Reason("hold", HOLDS[row.hold], row["price"], row.current)

    @cached_property
    def _streaks(self) -> Ints:
        streak = self._frame.products.streak
        return np.zeros(len(self._frame.products), dtype=np.int64) if streak is None else streak

    def _warned(self, row: _Row, branch: Branch) -> Iterator[Reason]:
        if row.outcome not in {Outcome.RAISE, Outcome.CUT}:
            return
        prior = int(self._frame.products.prior[row.number])
        price = row["price"]
        if row["reference"] != MISSING:
            share = percent_text((row["reference"] - price) * ONE // row["reference"])
            text = f"announced as a reduction of {share} from the prior price of {self._text(row['reference'])}"
            yield Reason("announced", text, row["reference"], price, branch.place)
        if 0 < price < prior:
            until = (local_time(self._frame) + timedelta(days=30)).date()
            text = f"a new low: the prior price becomes {self._text(price)} until {until.isoformat()} at least"
            yield Reason("prior_price", text, prior, price)
        advertised = int(self._frame.products.map_price[row.number])
        if row["map_by"] != OFF and price < advertised:
            text = f"below the minimum advertised price of {self._text(advertised)} (report only)"
            yield self._limit_reason("map", text, row["map_by"], row.current, price)

    def _limit_reason(self, step: str, text: str, by: int, before: int = MISSING, after: int = MISSING) -> Reason:
        source = self._armour.sources[by] if by >= 0 else None
        words = f"{text} ({source.text})" if source is not None else text
        return Reason(step, words, _known(before), _known(after), source.place if source is not None else "")

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


def _known(value: int) -> int | None:
    return None if value == MISSING else value
