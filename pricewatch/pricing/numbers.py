"""The numbers that reasons speak of, and which products share the words: the trail of a shard in a few columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from pricewatch.pricing.exact import AMOUNT_BITS, AMOUNT_LIMIT, ONE
from pricewatch.pricing.frame import MISSING, Bools, Codes, Ints, Text, distinct
from pricewatch.pricing.guardrails import OFF
from pricewatch.pricing.landscape import Ranking
from pricewatch.pricing.reasons import Phrase, Seen, Shape, pack_rows, shape_of
from pricewatch.pricing.shards import Shard
from pricewatch.pricing.trail import CUT, KEEP, RAISE, Hold, Trail

SHOWN_OBSERVATIONS = 20
SHOWN, USED = ("", "shown"), ("used_first", "used_last")  # readings: what counted, and what made the target


@dataclass(frozen=True, slots=True)
class Numbers:
    """One row a product: its trail, and what its landscape counted; `seen` are the readings by price."""

    columns: Mapping[str, Ints]
    seen: tuple[Ints, Ints]  # all readings that count, and where those of each product begin
    why: Text | None

    def column(self, name: str) -> Ints:
        return self.columns[name]

    def row(self, row: int) -> dict[str, int]:
        """The numbers of one product by name."""
        return {name: int(column[row]) for name, column in self.columns.items()}


def numbers(shard: Shard, trail: Trail, rankings: Mapping[int, tuple[Bools, Ranking]]) -> Numbers:
    """Gather what the reasons of a shard may speak of; `rankings` are beside the products that they price."""
    there = slice(shard.start, shard.stop)
    found: dict[str, Ints] = {
        each.name: getattr(trail, each.name)[there].astype(np.int64, copy=False) for each in fields(Trail)
    }
    found |= {name: np.asarray(shard.product(name)) for name in ("current", "prior", "map_price")}
    found["back"] = ((shard.product("announced") > 0) & (shard.product("regular") > 0)).astype(np.int64)
    found["guarded"] = np.where(found["parity_by"] < 0, found["price"], found["parity"])
    found["running"] = (shard.product("announced") > 0).astype(np.int64)
    without = shard.frame.products.optimal is not None
    found["left"] = (shard.product("optimal") == MISSING).astype(np.int64) if without else np.zeros_like(found["back"])
    streak = shard.product("streak")
    found["streak"] = np.abs(np.where(streak == MISSING, 0, streak))
    reference = np.where(found["reference"] > 0, found["reference"], 1)
    found["share"] = (reference - np.where(found["reference"] > 0, found["price"], 1)) * ONE // reference
    names = ("counted", "lowest", "highest", "used_first", "used_last", "begin")
    found |= {name: np.zeros(len(shard), dtype=np.int64) for name in names}
    keys = [np.zeros(0, dtype=np.int64)]
    for mine, ranking in rankings.values():
        for name, column in _counted(ranking, found["target"], sum(map(len, keys))).items():
            np.copyto(found[name], column, where=mine)
        keys.append(ranking.observation)
    found["shown"] = np.minimum(found["counted"], SHOWN_OBSERVATIONS)
    begin, used = found.pop("begin"), found["used_last"] - found["used_first"]
    _put_behind(found, used)
    why = None if shard.frame.products.optimal_why is None else shard.product_text("optimal_why")
    return Numbers(found, (np.concatenate(keys), begin), why)


def _counted(ranking: Ranking, target: Ints, offset: int) -> dict[str, Ints]:
    """What a landscape counted for each product, and which of it asks exactly the target."""
    starts = ranking.starts.astype(np.int64)
    counted, last = np.diff(starts), max(len(ranking.price) - 1, 0)
    price = ranking.price if len(ranking.price) else np.zeros(1, dtype=np.int64)
    products = np.arange(len(counted), dtype=np.int64)
    keys = (np.repeat(products, counted) << AMOUNT_BITS) | ranking.price
    inside = (target >= 0) & (target <= AMOUNT_LIMIT)
    needle = (products << AMOUNT_BITS) | np.where(inside, target, 0)
    first, behind = (np.searchsorted(keys, needle, side) for side in ("left", "right"))
    return {
        "counted": counted,
        "lowest": price[np.minimum(starts[:-1], last)],
        "highest": price[np.clip(starts[1:] - 1, 0, last)],
        "used_first": np.where(inside, first - starts[:-1], 0),
        "used_last": np.where(inside, behind - starts[:-1], 0),
        "begin": starts[:-1] + offset,
    }


def _put_behind(found: dict[str, Ints], used: Ints) -> None:
    """Readings at the target that are not among the shown ones come after these."""
    beyond = found["used_last"] > found["shown"]
    found["used_begin"] = found["used_first"]
    found["beyond"] = np.where(beyond, used, 0)
    found["used_first"] = np.where(beyond, found["shown"], found["used_first"])
    found["used_last"] = found["used_first"] + used


class Words:
    """The shapes of a plan, each put into words once."""

    def __init__(self, phrases: Callable[[Mapping[str, int], str], Iterable[Phrase]]) -> None:
        self._phrases = phrases
        self._shapes: dict[Shape, int] = {}
        self._names: list[tuple[str, ...]] = []
        self._known: dict[tuple[int, ...], int] = {}

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(self._shapes)

    def put(self, known: Numbers) -> tuple[Codes, list[bytes]]:
        """The shape of each product's reasons, and its numbers."""
        kinds = _kinds(known)
        first, kind = _groups(kinds)
        shapes = np.array([self._shape(known, kinds, int(row)) for row in first] or [0], dtype=np.int32)
        shape = shapes[kind]
        names = {number: self._names[number] for number in distinct(shape)}
        asks = np.array([any(one in ("shown", "used_last") for one in each) for each in self._names] or [False])[shape]
        keys, begin = known.seen
        counts = np.stack([np.where(asks, known.column(name), 0) for name in ("shown", "beyond")])
        parts = (Seen(keys, begin), Seen(keys, begin + known.column("used_begin")))
        data, ends = pack_rows(shape, names, known.columns, parts, counts)
        whole, places = data.tobytes(), ends.tolist()
        return shape, [whole[a:b] for a, b in pairwise(places)]

    def _shape(self, known: Numbers, kinds: tuple[Ints, ...], row: int) -> int:
        kind = tuple(int(column[row]) for column in kinds)
        if kind not in self._known:
            why = "" if known.why is None or kind[-1] < 0 else known.why.values[kind[-1]]
            shape, names = shape_of(self._phrases(known.row(row), why))
            if shape not in self._shapes:
                self._shapes[shape] = len(self._names)
                self._names.append(names)
            self._known[kind] = self._shapes[shape]
        return self._known[kind]


def _kinds(known: Numbers) -> tuple[Ints, ...]:
    """Columns that together say which words the reasons of each product have; whatever chooses a word is in them."""
    it = known.columns
    hold, outcome = it["hold"], it["outcome"]
    moving, frozen = (outcome == RAISE) | (outcome == CUT), hold == Hold.FROZEN
    to_floor = (it["situation"] > 0) & (it["target"] == it["floor"])
    stepping = (it["stepped"] != it["ended"]) | (hold == Hold.STEP)
    braked = frozen | np.isin(hold, (Hold.DWELL, Hold.CHANGES, Hold.QUIET)) | (outcome == KEEP)
    step_by = np.where(it["ended"] > it["stepped"], it["high_by"], it["low_by"])
    floored = (it["guarded"] != it["capped"]) | (hold == Hold.CONTRADICTION) | (it["current"] < it["floor"]) | to_floor
    low = moving & (it["price"] < it["map_price"])
    flags = (
        it["matched"] > 0,
        it["counted"] > 0,
        it["target"] == MISSING,
        it["ended"] == MISSING,
        it["adjusted"] != it["target"],
        it["gross"] != it["adjusted"],
        it["ended"] != it["gross"],
        stepping,
        it["capped"] != it["stepped"],
        it["guarded"] > it["capped"],
        it["price"] != it["current"],
        it["price"] > it["current"],
        it["reference"] != MISSING,
        it["back"] > 0,
        it["left"] > 0,
        it["running"] > 0,
        to_floor,
        (it["price"] > 0) & (it["price"] < it["prior"]),
        low & (it["map_by"] != OFF),
    )
    state = (hold << 24) | (it["situation"] << 16) | (outcome << 8) | (it["part"] + 1)
    limits = (
        np.where(stepping, step_by, -1),
        np.where(it["capped"] != it["stepped"], it["ceiling_by"], -1),
        np.where(floored, it["floor_by"], -1),
    )
    rest = (
        np.where(braked, it["stop_by"], -1),
        np.where(low, it["map_by"], -1),
        it["parity_by"],
    )
    why = np.full(len(hold), -1) if known.why is None else known.why.codes.astype(np.int64)
    return (
        _side_by_side(state, *(np.asarray(flag, dtype=np.int64) for flag in flags), bits=1),
        _side_by_side(it["branch"] + 1, *(each + 2 for each in limits), bits=16),
        _side_by_side(
            np.where(it["ended"] != it["gross"], it["ending"], -1) + 1, *(each + 2 for each in rest), bits=16
        ),
        why,
    )


def _side_by_side(first: Ints, *others: Ints, bits: int) -> Ints:
    """Small numbers packed into one."""
    found = first
    for each in others:
        found = (found << bits) | each
    return found


def _groups(columns: Iterable[Ints]) -> tuple[Ints, Ints]:
    """A row of each combination of values, and the combination of each row."""
    code: Ints | int = 0
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        code = code * len(values) + place
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    return first, kind
