"""The story that `pricewatch demo` tells: the real commands, on a real folder, against a market on this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pricewatch.bootstrap import open_app
from pricewatch.cli.main import run as command_line
from pricewatch.cli.text import clean
from pricewatch.demo.catalogue import DEFAULT_SEED
from pricewatch.demo.checks import Parity, Untrue, feeds, parity, readings
from pricewatch.demo.market import RIVALS
from pricewatch.demo.project import clear, write_project
from pricewatch.demo.theatre import Theatre, open_theatre
from pricewatch.domain.decision import DecisionStatus, Outcome, PriceEntry
from pricewatch.domain.errors import PricewatchError
from pricewatch.ports import Store

DONE = (0, 3)  # 3: some items were set aside, as they should be
GROUP = "default"
INTERRUPTED = 130
WIDE = "150"  # columns of tables in a pipe; a terminal has its own width
SHOWN = 30


class _Stopped(Exception):
    """A command ended in a way that the story cannot go on from."""

    def __init__(self, command: str, code: int) -> None:
        self.code = code
        super().__init__(f"`{command}` ended with exit code {code}")


def run_demo(folder: Path, *, seed: int = DEFAULT_SEED) -> int:
    """Tell the story in `folder` and return an exit code: 0 when every claim held, 1 when one did not.

    The folder is made, or replaced when it is an earlier demo's; raises UsageError when it is anybody else's, and
    SystemExit (130) when a command was interrupted.
    """
    folder = folder.absolute()
    clear(folder)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    with open_theatre(seed) as theatre, _own_surroundings(folder):
        story = Story(folder, theatre, console)
        try:
            story.tell()
        except _Stopped as stopped:
            console.print(f"the demo stops here: {stopped}", style="bold red")
            return stopped.code
        except Untrue as untrue:
            console.print(f"the demo's claim is untrue: {untrue}", style="bold red")
            return 1
    return 0


@contextmanager
def _own_surroundings(folder: Path) -> Iterator[None]:
    """Work in the folder, and out of reach of the user's own PRICEWATCH_ variables: another database, for one."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PRICEWATCH_")}
    for name in kept.keys() - {"PRICEWATCH_DEBUG"}:
        del os.environ[name]
    ours = {"PRICEWATCH_OUTPUT": "table"} | ({} if sys.stdout.isatty() else {"COLUMNS": WIDE})
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        with chdir(folder):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        os.environ.update(kept)


@dataclass(slots=True)
class Story:
    """The acts, in order; each shows its commands and then checks what they claim."""

    folder: Path
    theatre: Theatre
    console: Console
    started: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        """Play all acts."""
        self.open()
        self.first_round()
        self.second_round()
        self.drift()
        self.end()

    # --- acts -----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Write the project folder and say what there is."""
        write_project(
            self.folder,
            addresses=self.theatre.addresses,
            secrets=self.theatre.secrets,
            articles=self.theatre.stage.articles,
            day=f"{datetime.now(UTC):%Y-%m-%d}",
        )
        market = self.theatre.market
        self.act("A small market on this machine")
        self.say(
            f"we sell {len(self.theatre.stage.articles)} products in {len(self.theatre.shown())} shops and 3 feeds"
        )
        for rival in RIVALS:
            pages = market.of(rival.name)
            offers = sum(len(page.asks) for page in pages)
            self.say(f"  {rival.title:12} {rival.kind.value:11} {len(pages):3} pages {offers:4} offers")
        self.say(f"everything is in {self.folder}: configuration, site definitions, rules, catalogue")

    def first_round(self) -> None:
        """From an empty database to the first published prices."""
        self.act("Observe")
        self.command("catalogue import products.csv")
        self.command("fx import rates.csv")
        self.command("scrape")
        self.check_readings()
        self.command("match")
        self.act("Plan")
        self.command("plan --limit 6")
        self.command(f"explain {self.telling_sku()}")
        self.command("approve --all --by demo --note first-prices")
        self.act("Apply and verify")
        self.command("apply")
        self.command("verify")
        self.check_parity()

    def second_round(self) -> None:
        """The market moves; what did not change is not touched."""
        self.act("The market moves")
        before = self.theatre.market
        entries = self.prices()
        writes = self.theatre.writes()
        self.theatre.move()
        asks = [(a, b) for p, q in zip(before.pages, self.theatre.market.pages, strict=True)
                for a, b in zip(p.asks, q.asks, strict=True)]  # fmt: skip
        moved = sum(a != b for a, b in asks)
        self.say(
            f"{moved} of {len(asks)} offers change; one page loses its decimal comma, one product is no longer sold"
        )
        self.command("run")
        self.check_readings()
        self.check_touched(entries, writes)
        self.check_parity()
        self.tell_pending()

    def drift(self) -> None:
        """Somebody edits a price in the shop; the sweep finds and repairs it."""
        self.act("A colleague edits a price in the shop")
        sku, entry = next((sku, entry) for sku, entry in self.prices().items() if not entry.adopted)
        foreign = entry.gross.scaled(7, 10).text
        self.theatre.woocommerce.set_price(sku, foreign)
        self.say(f"{sku} costs {foreign} PLN in WooCommerce now; the price list says {entry.gross.text} PLN")
        self.command("verify")
        shown = self.theatre.woocommerce.shown(sku)
        if shown != entry.gross.text:
            raise Untrue(f"drift of {sku} was not repaired: the shop still shows {shown}")
        self.say(f"{sku} costs {shown} PLN again", good=True)
        self.check_parity()

    def end(self) -> None:
        """The table of what stands, what was set aside and why, and what to try next."""
        self.act("What stands now")
        self.show_parity(self.parities())
        self.show_set_aside()
        sku = self.telling_sku()
        self.say(f"told in {time.monotonic() - self.started:.0f} s; the folder stays. Try next:")
        shown = os.path.relpath(self.folder, os.environ.get("PWD", self.folder.parent))
        looks = ("inbox", f"explain {sku}", f"history {sku}", "what-if --cost +5%", "match review", "status")
        for line in (f"cd {shown}", *(f"pricewatch {look}" for look in looks)):
            self.say(f"  {line}")

    # --- commands -------------------------------------------------------------------------------------------

    def command(self, line: str) -> None:
        """Run a command as a user would, in this process, and show it."""
        self.console.print(f"\n$ pricewatch {line}", style="bold")
        sys.stdout.flush()
        code = command_line(line.split())
        sys.stdout.flush()
        if code == INTERRUPTED:
            raise SystemExit(code)  # the command has said so already
        if code not in DONE:
            raise _Stopped(f"pricewatch {line}", code)

    def act(self, title: str) -> None:
        """Begin an act."""
        self.console.print(f"\n{title}\n{'─' * len(title)}", style="bold cyan")

    def say(self, text: str, *, good: bool = False) -> None:
        """Tell something that is not a command's output."""
        self.console.print(f"✓ {text}" if good else text, style="green" if good else None)

    # --- checks ---------------------------------------------------------------------------------------------

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The database of the folder, to look at."""
        try:
            with open_app(self.folder / "config.toml") as app:
                yield app.bench.store
        except PricewatchError as error:
            raise Untrue(f"the folder does not open: {error}") from error

    def prices(self) -> Mapping[str, PriceEntry]:
        """The price list in force."""
        with self.store() as store:
            return dict(store.prices.current(GROUP))

    def tell_pending(self) -> None:
        """Say what `run` left to a person."""
        with self.store() as store:
            plan = store.plans.get()
            waiting = len(store.plans.decisions(plan.number, status=DecisionStatus.PENDING)) if plan else 0
        if plan and waiting:
            self.say(f"{waiting} larger changes wait for a person: pricewatch plan --show {plan.number}")

    def telling_sku(self) -> str:
        """A product whose price was moved, with several offers around it: one worth explaining."""
        with self.store() as store:
            plan = store.plans.get(1)
            moved = store.plans.decisions(plan.number) if plan else ()
        proposals = [d.proposal for d in moved if d.proposal.outcome in (Outcome.RAISE, Outcome.CUT)]
        if not proposals:
            raise Untrue("the first plan moves no price")
        return max(proposals, key=lambda proposal: (min(proposal.competitors, 5), proposal.sku)).sku

    def check_readings(self) -> None:
        """Every offer that pricewatch believes in is what its seller asks."""
        with self.store() as store:
            found = readings(self.theatre.market, store, self.theatre.addresses)
        if found.wrong or found.missed:
            raise Untrue(f"{len(found.wrong)} offers misread, {len(found.missed)} missed: "
                         + "; ".join((found.wrong + found.missed)[:5]))  # fmt: skip
        rest = f"{found.held} held back as implausible, {found.aside} on pages set aside"
        self.say(f"{found.right} offers read exactly as they are asked, {rest}", good=True)

    def parities(self) -> list[Parity]:
        """How each channel compares with the price list now."""
        entries = self.prices()
        shown = {**self.theatre.shown(), **feeds(self.folder / "feeds")}
        return [parity(channel, prices, entries) for channel, prices in shown.items()]

    def check_parity(self) -> None:
        """Every channel shows the price list, and nothing is below its floor."""
        found = self.parities()
        for one in found:
            if one.wrong or one.below_floor or not one.listings:
                problems = (*one.wrong, *one.below_floor, "" if one.listings else "no listings")
                raise Untrue(f"{one.channel}: {'; '.join(problems[:5])}")
        listings = sum(one.listings for one in found)
        self.say(f"{listings} listings in {len(found)} channels show the price list, none below its floor", good=True)

    def check_touched(self, before: Mapping[str, PriceEntry], writes: Mapping[str, Sequence[str]]) -> None:
        """Only what the new price list changed was written, once."""
        after = self.prices()
        changed = {sku for sku, entry in after.items() if sku not in before or before[sku].gross != entry.gross}
        for channel, log in self.theatre.writes().items():
            new = log[len(writes[channel]) :]
            if set(new) - changed or len(new) != len(set(new)):
                raise Untrue(f"{channel} was told prices that had not changed: {sorted(set(new) - changed)[:5]}")
        same = len(after) - len(changed)
        self.say(f"{len(changed)} prices changed and were written once; the other {same} were not touched", good=True)

    # --- the end --------------------------------------------------------------------------------------------

    def show_parity(self, found: Sequence[Parity]) -> None:
        """One row a channel."""
        self.table(
            ("channel", "listings", "as the price list says", "below floor"),
            [
                (one.channel, str(one.listings), str(one.listings - len(one.wrong)), str(len(one.below_floor)))
                for one in found
            ],
        )

    def show_set_aside(self) -> None:
        """What no stage could use, and why: from the records of all runs."""
        with self.store() as store:
            items = [(run.stage, item) for run in store.runs.recent(limit=50) for item in run.set_aside]
        reasons = {(stage, self.short(item.item)): item.reason for stage, item in items}
        self.say(f"\n{len(reasons)} items were set aside, and the rest went on:")
        for (stage, item), reason in sorted(reasons.items())[:SHOWN]:
            self.say(f"  {stage:9}  {clean(f'{item}: {reason}')}")
        if len(reasons) > SHOWN:
            self.say(f"  … {len(reasons) - SHOWN} more")

    def short(self, item: str) -> str:
        """An address without the host's part, which is a port number here."""
        for name, address in self.theatre.addresses.items():
            if item.startswith(address):
                return f"{name} {item.removeprefix(address)}"
        return item

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a small table."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for name in header:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)
