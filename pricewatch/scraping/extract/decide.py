"""Which candidate is the price: agreement among independent sources, then what a visitor sees.

What each source adds to an amount that it names:

| source                          | points | why                                                              |
|---------------------------------|--------|------------------------------------------------------------------|
| the site's own selector         | decides| a person wrote it for this site                                  |
| visible text                    | -60…100| markup, place, neighbours (`visible`); what the visitor pays     |
| JSON-LD                         | 45     | written for machines, but often net, members' or another variant |
| microdata, RDFa                 | 40     | stands in the visible markup                                     |
| meta elements                   | 30     | often stale or in another currency                               |
| embedded state                  | 25     | holds every price that the page may ever show                    |

Amounts without tax where the same stands with it, and amounts seen only struck out, per unit, per month, as
shipping, for members or of other products never win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.currencies import is_bare_dollar, meant
from pricewatch.scraping.extract.doubts import ENOUGH, PLAINLY_SHOWN, doubts, is_stray, shown_of_others
from pricewatch.scraping.extract.price_text import settled_mark
from pricewatch.scraping.extract.ranges import chosen_in
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.reductions import HIGHER, TAKEN_OFF
from pricewatch.scraping.extract.score import AMONG_OTHERS, MAIN, RUNNING
from pricewatch.scraping.extract.tax import taxed

POINTS = {
    Source.JSON_LD: 45,
    Source.MICRODATA: 40,
    Source.RDFA: 40,
    Source.META: 30,
    Source.STATE: 25,
    Source.SELECTOR: 60,
}
POINTS_OF_DATA = frozenset(POINTS) - {Source.SELECTOR}
_CALLED_REGULAR = re.compile(r"regul|normal|standard|base|retail|\bord\b|ordin|běžn|bežn")
FAR_FROM_LAST = 10  # readings of one text differ a thousandfold, prices from day to day hardly tenfold
APART = 15  # points between the one price that a page shows near its title and the next one
UNSEEN_SHARE = 0.65  # what a structured price counts that the page does not show
ALONE_SHARE = 0.5  # what it counts where the page shows one other price alone: sources of one shop err together
ELSEWHERE = 20  # taken off an amount that structured data gives to another variant
FOREIGN_SHARE = 0.4  # what it counts when the page is plainly priced in another currency
ASSUMED = 2_000  # basis points of confidence that a dollar sign costs which nothing on the page explains
STRUCK = 30  # taken off an amount that is also plainly shown as an old price
STRUCK_SHARE = 0.45  # what it counts when the page shows it in another role only
NO_PRICE = frozenset({PriceRole.WAS, PriceRole.UNIT, PriceRole.INSTALMENT, PriceRole.SHIPPING, PriceRole.LOWEST_30_DAYS,
                      PriceRole.OTHER_PRODUCT, PriceRole.BID})  # fmt: skip


_PLAIN = frozenset({PriceRole.REGULAR, PriceRole.SALE})
FOR_SOME = frozenset({PriceRole.CLUB, PriceRole.STORE_CARD})


class Context(NamedTuple):
    """What settles numbers and signs on this page."""

    currency: str = ""
    assumed: bool = False  # whether that currency is only what a bare dollar sign means to most
    locale: str = ""
    decimal: str = ""
    siblings: tuple[str, ...] = ()
    count_coupon: bool = True
    count_club: bool = False
    prefer_structured: bool = False
    net: bool = False
    last: tuple[Decimal, str] | None = None


class Choice(NamedTuple):
    """The outcome: the winning candidate (None when there is none), what agreed, what lost."""

    winner: Candidate | None
    amounts: tuple[Decimal, ...] = ()
    currency: str = ""
    conflict: str = ""
    confidence: int = 0
    agreeing: tuple[Candidate, ...] = ()
    rejected: tuple[Candidate, ...] = ()


def settled(candidate: Candidate, context: Context) -> Candidate:
    """Settle sign and separators of one candidate by what is known of the page."""
    code = candidate.currency
    if candidate.codes:
        code = context.currency if context.currency in candidate.codes else meant(candidate.codes, context.locale)
    if candidate.codes[:1] != ("USD",):  # a dollar sign is never another money's
        code = code or context.currency
    amounts = candidate.amounts
    if len(amounts) == 2 and amounts[0] * 1000 == amounts[1]:  # read both ways; a range is settled by nothing
        digits = candidate.digits or candidate.text
        mark = context.decimal or settled_mark(digits, code, context.locale, context.siblings)
        amounts = (amounts[mark not in digits],) if mark else _as_before(amounts, code, context)
    if code == candidate.currency and amounts is candidate.amounts:
        return candidate
    return candidate._replace(currency=code, amounts=amounts)


def _as_before(amounts: tuple[Decimal, ...], code: str, context: Context) -> tuple[Decimal, ...]:
    """The one reading near the last accepted price of this page; readings are a thousandfold apart."""
    if context.last is None or (code and code != context.last[1]):
        return amounts
    near = tuple(a for a in amounts if context.last[0] / FAR_FROM_LAST < a < context.last[0] * FAR_FROM_LAST)
    return near if len(near) == 1 else amounts


def _bids_told(known: list[Candidate]) -> list[Candidate]:
    """What is plainly shown as a running bid is one in structured data, too."""
    shown = [c for c in known if c.role is PriceRole.BID and c.source is Source.VISIBLE]
    bids = {c.amount for c in shown if c.score >= PLAINLY_SHOWN}
    bids -= {c.amount for c in shown if any("start" in reason for reason in c.why)}
    if not bids:
        return known
    return [c.as_role(PriceRole.BID, "shown as a bid") if _structured(c) and c.amount in bids else c for c in known]


_FOR_FEW = FOR_SOME | {PriceRole.COUPON}


def _shown_as_told(known: list[Candidate], context: Context) -> list[Candidate]:
    """What the page shows as an instalment, or beside its price as one for few, is that in structured data, too."""
    shown = [c for c in known if c.source is Source.VISIBLE and c.score >= ENOUGH]
    asked = {c.amount for c in shown if _counts(c, context)}
    told = {c.amount: c for c in shown if c.role in _FOR_FEW} if asked else {}
    told |= {c.amount: c for c in shown if c.role is PriceRole.INSTALMENT and c.why[-1].startswith("followed by")}
    known = _repeated_in_text(known, {c.amount: c for c in shown if c.role in _FOR_FEW})
    told = {amount: c for amount, c in told.items() if amount not in asked}
    if not told:
        return known
    return [
        c.as_role(told[c.amount].role, "shown as such") if c.source in POINTS_OF_DATA and c.amount in told else c
        for c in known
    ]


def _repeated_in_text(known: list[Candidate], few: Mapping[Decimal, Candidate]) -> list[Candidate]:
    """What a sentence, or a line with a per cent, repeats of a price for few is that price: `I paid 449 kr`."""
    return [
        c.as_role(few[c.amount].role, "repeated in a text")
        if c.role is PriceRole.REGULAR
        and c.amount in few
        and few[c.amount].score > c.score
        and (RUNNING in c.why or "%" in c.text)
        else c
        for c in known
    ]


def choose(candidates: Iterable[Candidate], context: Context) -> Choice:
    """Group the candidates by amount and currency, and take the group with the most points."""
    known = _net_told(_bids_told([settled(c, context) for c in candidates]), context)
    known = _shown_as_told(_reduced_again(_stated_regular(known)), context)
    by_hand = [c for c in known if c.source is Source.SELECTOR and _counts(c, context)]
    if by_hand:
        best = min(by_hand, key=lambda c: (c.role is not PriceRole.SALE, c.role is PriceRole.FROM))
        return _choice(best, [c for c in by_hand if c.amounts == best.amounts], known, "")
    found = _most_points(known, context)
    others_than_asked = (_only_regular, _all_called_old, _by_the_piece, *([_with_code] if context.count_coupon else []))
    for told_otherwise in others_than_asked:
        if found is None:
            known = told_otherwise(known)
            found = _most_points(known, context)
    if found is None:
        return Choice(None, rejected=tuple(known))
    best_group, others = found
    winner = max(best_group, key=lambda c: (len(c.amounts) == 1, POINTS.get(c.source, 0) + c.score))
    for_some = {c.amount for c in known if c.role in FOR_SOME and c.source is Source.VISIBLE}
    others = [(key, group) for key, group in others if key[0] not in for_some]  # whoever states it says whose it is
    shown = None if context.prefer_structured else _shown_alone(known, context)
    choice = _choice(winner, best_group, known, _conflict(best_group, others, shown, known))
    unsure = context.assumed and is_bare_dollar(winner.codes)
    return choice._replace(confidence=choice.confidence - ASSUMED) if unsure else choice


_OLD = frozenset({"struck out", TAKEN_OFF, HIGHER})
Key = tuple[Decimal, str]
Group = tuple[Key, list[Candidate]]


def _most_points(known: list[Candidate], context: Context) -> tuple[list[Candidate], list[Group]] | None:
    groups = _groups(known, context)
    tiles = shown_of_others(known)
    groups = {key: group for key, group in groups.items() if not is_stray(group, tiles)}
    if not groups:
        return None
    points = _all_points(groups, known, context)
    (key, best), *others = sorted(groups.items(), key=lambda item: -points[item[0]])
    inside = chosen_in(key[0], known, ENOUGH) if all(c.role is PriceRole.FROM for c in best) else None
    if chosen := groups.get((inside, key[1])) if inside else None:
        best, others = chosen, [(k, group) for k, group in groups.items() if group is not chosen and group is not best]
    return (best, others) if points[key] >= ENOUGH else None


def _only_regular(known: list[Candidate]) -> list[Candidate]:
    """Where only members pay less, the price called regular is the price, unless it is struck out."""
    return _taken(known, PriceRole.WAS, _CALLED_REGULAR.search)


def _reduced_again(known: list[Candidate]) -> list[Candidate]:
    """What its markup calls the regular or retail price is the one that is asked where it stands below an older one."""
    old = [c for c in known if c.role is PriceRole.WAS and c.source is Source.VISIBLE and c.score >= ENOUGH]
    if len({c.amount for c in old}) < 2:
        return known
    highest = max(c.amount for c in old)
    called = {c.why[-1] for c in old if c.amount < highest and c.why and _CALLED_REGULAR.search(c.why[-1])}
    called -= {c.why[-1] for c in old if c.amount == highest}
    found = [c for c in old if c.why and c.why[-1] in called and c.why[-1].startswith("markup says")]
    if not found or any(_asks_less(c, found[0]) for c in known):
        return known
    return _taken(known, PriceRole.WAS, called.__contains__)


def _stated_regular(known: list[Candidate]) -> list[Candidate]:
    """What is called the regular price is the price where structured data states it, and nothing less is shown."""
    stated = {c.amount for c in known if c.source in POINTS_OF_DATA and c.role in _PLAIN}
    called = {
        c.amount: c for c in known
        if c.role is PriceRole.WAS and c.source is Source.VISIBLE and c.score >= ENOUGH and c.amount in stated
        and c.why[-1].startswith("preceded by") and _CALLED_REGULAR.search(c.why[-1])
    }  # fmt: skip
    called = {amount: old for amount, old in called.items() if not any(_asks_less(c, old) for c in known)}
    return [
        c.as_role(PriceRole.REGULAR, "stated, too") if c.role is PriceRole.WAS and c.amount in called else c
        for c in known
    ]


def _asks_less(candidate: Candidate, old: Candidate) -> bool:
    """Whether a lower price is shown about as plainly as what may be an old one."""
    shown = candidate.source is Source.VISIBLE and candidate.role not in NO_PRICE
    return shown and candidate.amount < old.amount and candidate.score >= old.score - APART


def _all_called_old(known: list[Candidate]) -> list[Candidate]:
    """Where one name around several amounts calls all of them old, it tells none of them from the others."""
    amounts: dict[str, set[Decimal]] = {}
    for candidate in known:
        if candidate.role is PriceRole.WAS and candidate.why and candidate.why[-1].startswith("markup says"):
            amounts.setdefault(candidate.why[-1], set()).add(candidate.amount)
    names = {name for name, found in amounts.items() if len(found) > 1}
    return _taken(known, PriceRole.WAS, names.__contains__)


_A_PIECE = re.compile(r"followed by '[^']*\b(?:ea|each|unit[àé]?|piece|count)\b")


def _by_the_piece(known: list[Candidate]) -> list[Candidate]:
    """Where nothing else is asked, the price of each is the price."""
    return _taken(known, PriceRole.UNIT, _A_PIECE.search)


def _with_code(known: list[Candidate]) -> list[Candidate]:
    """Where nothing else is asked, the price with a code that anybody can use is the price."""
    return _taken(known, PriceRole.COUPON, bool)


def _taken(known: list[Candidate], role: PriceRole, told: Callable[[str], object]) -> list[Candidate]:
    """The candidates, those of a role taken for regular prices whose last mark is the one that was told."""
    return [
        c.as_role(PriceRole.REGULAR, "no other price")
        if c.role is role and c.why and told(c.why[-1]) and not (role is PriceRole.WAS and AMONG_OTHERS in c.why)
        else c
        for c in known
    ]


def _net_told(known: list[Candidate], context: Context) -> list[Candidate]:
    """Mark what states a net price beside the same price with tax; where only net prices stand, they are the price."""
    if not any(c.net for c in known):
        return known
    known = _sold_by_weight(known, context)
    gross = {c.amount for c in known if not c.net and _counts(c, context) and (_structured(c) or c.score > 0)}
    net = {c.amount for c in known if c.net and taxed(c.amount, gross)}
    if context.net and not net:  # a site without tax, as its definition says
        return [c._replace(net=False) for c in known]
    return [c._replace(net=c.amount in net, why=_net_reason(c, net)) if c.net or c.amount in net else c for c in known]


def _sold_by_weight(known: list[Candidate], context: Context) -> list[Candidate]:
    """What is marked as the page's own price of a unit is the price where it stands without tax, too, and no other."""
    asked = {c.amount for c in known if not c.net and _counts(c, context) and (_structured(c) or c.score > 0)}
    main = {c.amount for c in known if c.role is PriceRole.UNIT and MAIN in c.why}
    own = {amount for amount in main if any(c.net and taxed(c.amount, [amount]) for c in known)}
    if asked or not own:
        return known
    return [
        c.as_role(PriceRole.REGULAR, "sold by this unit") if c.role is PriceRole.UNIT and c.amount in own else c
        for c in known
    ]


def _net_reason(candidate: Candidate, net: set[Decimal]) -> tuple[str, ...]:
    known = candidate.net or candidate.amount not in net
    return candidate.why if known else (*candidate.why, "net of tax")


def _counts(candidate: Candidate, context: Context) -> bool:
    if candidate.net:
        return False
    if candidate.role is PriceRole.COUPON:
        return context.count_coupon and candidate.source is Source.SELECTOR
    if candidate.role in FOR_SOME:
        return context.count_club
    return candidate.role not in NO_PRICE


def _groups(known: Sequence[Candidate], context: Context) -> dict[tuple[Decimal, str], list[Candidate]]:
    groups: dict[tuple[Decimal, str], list[Candidate]] = {}
    for candidate in known:
        if _counts(candidate, context):
            for amount in candidate.amounts:
                groups.setdefault((amount, candidate.currency), []).append(candidate)
    for key in [k for k in groups if not k[1]]:  # an amount without currency joins the same amount with one
        named = next((k for k in groups if k[1] and k[0] == key[0]), None)
        if named:
            groups[named].extend(groups.pop(key))
    return groups


def _all_points(
    groups: dict[tuple[Decimal, str], list[Candidate]], known: Sequence[Candidate], context: Context
) -> dict[tuple[Decimal, str], float]:
    """The points of each group; what nobody sees counts for less where another price is plainly shown."""
    shown = max((c.score for c in known if c.source is Source.VISIBLE and _counts(c, context)), default=0)
    reduced = _reduced(known, context)
    alone = _shown_alone(known, context) is not None
    plainly = shown >= PLAINLY_SHOWN or reduced or alone
    unseen = ALONE_SHARE if alone else UNSEEN_SHARE
    seen = {a for c in known if c.source is Source.VISIBLE and c.score > 0 for a in c.amounts}
    old = [c for c in known if c.role is PriceRole.WAS]
    struck = {c.amount for c in old if c.score >= PLAINLY_SHOWN or _structured(c) or (reduced and _is_old(c))}
    elsewhere = {c.amount for c in known if c.role is PriceRole.OTHER_PRODUCT and _structured(c)}
    signed = {c.codes[0] for c in known if c.source is Source.VISIBLE and len(c.codes) == 1 and c.score >= ENOUGH}
    points: dict[tuple[Decimal, str], float] = {}
    for key, group in groups.items():
        own = float(_points(group, context))
        visible = any(c.source is Source.VISIBLE for c in group)
        if not visible and plainly and not context.prefer_structured:
            own *= STRUCK_SHARE if key[0] in seen else FOREIGN_SHARE if signed and key[1] not in signed else unseen
        if key[0] in elsewhere:
            own -= ELSEWHERE
        if key[0] in struck:
            own -= STRUCK
        points[key] = own
    return points


def _shown_alone(known: Sequence[Candidate], context: Context) -> Candidate | None:
    """The price that a page shows so much more plainly than any other that a visitor takes it for the price."""
    seen = [c for c in known if c.source is Source.VISIBLE and c.score > 0 and _counts(c, context)]
    best = max(seen, key=lambda c: c.score, default=None)
    if best is None or best.score < ENOUGH or len(best.amounts) > 1 or RUNNING in best.why:
        return None
    rival = max((c.score for c in seen if c.amounts != best.amounts), default=0)
    return best if best.score - rival >= APART else None


def _is_old(candidate: Candidate) -> bool:
    return candidate.score >= ENOUGH and not _OLD.isdisjoint(candidate.why)


def _reduced(known: Sequence[Candidate], context: Context) -> bool:
    """Whether the page shows one price alone, and beside it a higher one struck out: that is what it costs."""
    seen = [c for c in known if c.source is Source.VISIBLE and c.score >= ENOUGH]
    prices = {c.amount for c in seen if _counts(c, context)}
    old = [c.amount for c in seen if c.role is PriceRole.WAS and _is_old(c)]
    return len(prices) == 1 and any(amount > min(prices) for amount in old)


def _structured(candidate: Candidate) -> bool:
    return candidate.source is not Source.VISIBLE


def _points(group: Sequence[Candidate], context: Context) -> int:
    visible = max((c.score for c in group if c.source is Source.VISIBLE), default=0)
    sources = {c.source for c in group if c.source is not Source.VISIBLE}
    structured = sum(sorted((POINTS[s] for s in sources), reverse=True)[:2])
    if context.prefer_structured:
        structured *= 2
    plain = any(c.role in {PriceRole.REGULAR, PriceRole.SALE} for c in group)
    return visible + structured + (0 if plain else -8)


def _conflict(
    best: Sequence[Candidate], others: Sequence[Group], shown: Candidate | None, known: Sequence[Candidate]
) -> str:
    """Name the structured sources that state another amount than the chosen one, and what is shown against it."""
    agreeing = {c.source for c in best}
    said = [c for _, group in others for c in group if c.source is not Source.VISIBLE and c.source not in agreeing]
    if shown is not None and shown.amounts not in {c.amounts for c in best}:
        said.insert(0, shown)
    stated = (f"{c.source.value} says {c.amount} {c.currency}".strip() for c in said)
    return "; ".join(dict.fromkeys((*stated, *doubts(best, known))))[:200]


def _choice(winner: Candidate, group: Sequence[Candidate], known: Sequence[Candidate], conflict: str) -> Choice:
    members = {id(c) for c in group}
    sources = len({c.source for c in group})
    confidence = 10_000 if winner.source is Source.SELECTOR else min(10_000, 5_000 + 2_000 * sources)
    if conflict:
        confidence -= 2_500
    return Choice(
        winner,
        winner.amounts,
        winner.currency,
        conflict,
        confidence,
        tuple(group),
        tuple(c for c in known if id(c) not in members),
    )
