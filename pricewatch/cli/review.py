"""Answer suggested matches one by one, at the keyboard: `match review`. Every answer is saved at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import Call, command, who
from pricewatch.cli.keys import END, Keys, open_keys
from pricewatch.cli.named import require_product, site_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.pairs import Card
from pricewatch.cli.text import clean, plural
from pricewatch.domain.match import Match, MatchKind, MatchStatus

if TYPE_CHECKING:
    from pricewatch.domain.product import Product
    from pricewatch.pipeline.review import Finder, Question
    from pricewatch.pipeline.workbench import Workbench

LAST = "That was the last one. [u]ndo the last answer, or [q]uit ? "
MENU = "[a]ccept  [r]eject  [p]ack of ours  [e]quivalent  [o]ther product  [s]kip  [u]ndo  [q]uit  ? "
HELP = """a  it is this product                      p  it is several of this product in one pack
r  it is not                               e  another product that buyers take instead of ours
o  it is another of our products           s  leave it open, next
u  take back the last answer               q  end; all answers are saved as they are given"""
_COLUMNS = (
    Column("sku"),
    Column("answer", badge=True),
    Column("kind"),
    Column("factor"),
    Column("site"),
    Column("item", below=True, address=True),
    Column("by"),
)
OnlySite = Annotated[str, options.option("--site", env=False, metavar="NAME", help="Only this site's items.")]


def add_to(inner: typer.Typer) -> None:
    """Mount the command in the group `match`."""
    command(inner, "review", path="match review")(review)


def review(
    call: Call, sku: options.OneSku = None, *, site: OnlySite = "", limit: options.Limit = 1_000, by: options.By = ""
) -> int:
    """Answer suggested matches one by one, those worth most first; each answer is saved at once."""
    from pricewatch.pipeline.review import review_queue

    with opened(call) as app:
        if sku:
            require_product(app, sku)
        queue = review_queue(app.bench, sku, site or None)
        if site and not queue:
            site_named(app.sites, site)
        session = Session(app.bench, queue[:limit], who(by), open_keys(), say=_printer(call), width=call.out.width)
        try:
            session.run()
        finally:
            rows = [_row(answer) for answer in session.answers]
            call.out.table("answer", _COLUMNS, rows)
    left = len(queue) - session.done
    counts = {"answered": len(rows), "left": left}
    if not queue:
        return call.finish("nothing waits for a decision", next_step="pricewatch plan", **counts)
    step = "pricewatch match review" if left else "pricewatch plan"
    return call.finish(f"{plural(len(rows), 'answer')} saved, {left} left", next_step=step, **counts)


def _row(answer: Match) -> tuple[object, ...]:
    key = answer.item
    return answer.sku, answer.status, answer.kind, answer.factor, key.site, key.item, answer.decided_by


def _printer(call: Call) -> Callable[[str], None]:
    """Questions go to stderr, so that stdout has the answers alone."""

    def say(text: str) -> None:
        call.progress.stop()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    return say


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, what it replaced, and which question it was given to."""

    answer: Match
    before: Match | None
    place: int


@dataclass(slots=True)
class Session:
    """One sitting: questions in order, answers saved one by one, any number of steps back."""

    bench: Workbench
    queue: Sequence[Question]
    by: str
    keys: Keys
    say: Callable[[str], None]
    width: int | None = None
    given: list[Given] = field(default_factory=list)
    place: int = 0
    finder: Finder | None = None

    @property
    def answers(self) -> list[Match]:
        """What was answered and not taken back."""
        return [one.answer for one in self.given]

    @property
    def done(self) -> int:
        """How many questions need no answer any more."""
        taken = {one.answer.item for one in self.given if one.answer.status is MatchStatus.ACCEPTED}
        pairs = {(one.answer.sku, one.answer.item) for one in self.given}
        return sum(q.item.key in taken or (q.pair.sku, q.item.key) in pairs for q in self.queue)

    def run(self) -> None:
        """Ask until the queue is through, somebody quits or nobody answers any more."""
        while True:
            question = self._next()
            if question is None:
                if not self._taken_back_at_the_end():
                    return
                continue
            self.say(Card(question, self.width).text(self.place + 1, len(self.queue)))
            if not self._answered(question):
                return

    def _next(self) -> Question | None:
        """The next question that is still open."""
        while self.place < len(self.queue) and self._settled(self.queue[self.place]):
            self.place += 1
        return self.queue[self.place] if self.place < len(self.queue) else None

    def _taken_back_at_the_end(self) -> bool:
        """The last answer may have been a slip of the finger as well."""
        if not self.given:
            return False
        self.say(LAST)
        return self.keys.key() == "u" and self._undo()

    def _settled(self, question: Question) -> bool:
        """Whether the item was accepted in this sitting: its other candidates need no answer."""
        yes = (one.answer.item for one in self.given if one.answer.status is MatchStatus.ACCEPTED)
        return question.item.key in yes

    def _answered(self, question: Question) -> bool:
        """Ask until there is an answer; False ends the sitting."""
        while True:
            self.say(MENU)
            key = self.keys.key()
            if key in (END, "q"):
                return False
            if key == "?":
                self.say(HELP)
            elif self._act(key, question):
                return True

    def _act(self, key: str, question: Question) -> bool:
        """Do what a key says; False when the same question stays."""
        match key:
            case "a":
                return self._decide(question, question.product, MatchStatus.ACCEPTED, *_as_suggested(question))
            case "r":
                return self._decide(question, question.product, MatchStatus.REJECTED, *_as_suggested(question))
            case "e":
                return self._decide(question, question.product, MatchStatus.ACCEPTED, MatchKind.EQUIVALENT, 1)
            case "p":
                return self._pack(question)
            case "o":
                return self._other(question)
            case "s":
                self.place += 1
                return True
            case "u":
                return self._undo()
        self.say(f"{clean(key)!r} is no answer; ? explains the keys")
        return False

    def _decide(self, question: Question, product: Product, status: MatchStatus, kind: MatchKind, factor: int) -> bool:
        from pricewatch.pipeline.match import decide_match, known_pair

        item = question.item.key
        before = known_pair(self.bench, product.sku, item)
        answer = decide_match(self.bench, product.sku, item, status, by=self.by, kind=kind, factor=factor)
        self.given.append(Given(answer, before, self.place))
        self.place += 1
        what = f" ({answer.kind}{f' of {answer.factor}' if answer.factor > 1 else ''})"
        self.say(f"saved: {answer.status}{what if status is MatchStatus.ACCEPTED else ''}\n")
        return True

    def _pack(self, question: Question) -> bool:
        self.say(f"How many of {clean(question.product.name)!r} does it hold? A number, or nothing to go back:")
        while text := self.keys.line():
            if text.isdecimal() and 2 <= int(text[:6]) <= 10_000:
                return self._decide(question, question.product, MatchStatus.ACCEPTED, MatchKind.PACK, int(text))
            self.say("a pack holds 2 to 10,000; nothing was saved. A number, or nothing to go back:")
        return False

    def _other(self, question: Question) -> bool:
        self.say("SKU, GTIN or words of our product, or nothing to go back:")
        found = self._found()
        if not found:
            return False
        for number, product in enumerate(found, start=1):
            self.say(f"  {number}  {clean(product.sku)}  {clean(product.name)}")
        self.say("Which number? Nothing to go back:")
        while chosen := self.keys.line():
            if chosen.isdecimal() and 1 <= int(chosen[:6]) <= len(found):
                return self._decide(question, found[int(chosen) - 1], MatchStatus.ACCEPTED, MatchKind.EXACT, 1)
            self.say(f"a number from 1 to {len(found)}, or nothing to go back:")
        return False

    def _found(self) -> Sequence[Product]:
        """What the words that are typed lead to; asked again until there is something, for they are no answers."""
        from pricewatch.pipeline.review import Finder

        while words := self.keys.line():
            self.finder = self.finder or Finder(self.bench.store.catalogue.load().products)
            if found := self.finder.find(words):
                return found
            self.say("nothing like that in the catalogue. Other words, or nothing to go back:")
        return ()

    def _undo(self) -> bool:
        from pricewatch.pipeline.match import take_back

        if not self.given:
            self.say("there is nothing to take back in this sitting")
            return False
        last = self.given.pop()
        take_back(self.bench, last.answer, last.before, by=self.by)
        self.place = last.place
        self.say(f"taken back: {last.answer.status} {clean(last.answer.sku)}\n")
        return True


def _as_suggested(question: Question) -> tuple[MatchKind, int]:
    return question.pair.kind, question.pair.factor
