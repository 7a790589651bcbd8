"""Options and arguments that commands share; an option's environment twin is PRICEWATCH_ and its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pricewatch.domain.match import MatchStatus


def option(*names: str, help: str, env: bool = True, **more: Any) -> Any:  # noqa: A002 - typer's own word
    """An option with its environment twin; `env=False` for what only makes sense in one call."""
    twin = "PRICEWATCH_" + names[0].partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return typer.Option(*names, help=help, envvar=twin if env else None, **more)


def argument(metavar: str, text: str) -> Any:
    """A positional argument."""
    return typer.Argument(metavar=metavar, help=text)


# --- every command ---------------------------------------------------------------------------------------------

Config = Annotated[
    Path | None,
    option("--config", "-c", metavar="FILE", help="The configuration. [default: config.toml in this folder]"),
]
Json = Annotated[bool, option("--json", help="Print one JSON object a line, a summary last.")]
Quiet = Annotated[bool, option("--quiet", "-q", help="Print data and errors only.")]
Debug = Annotated[bool, option("--debug", help="Show the traceback of an error.")]
Wait = Annotated[
    float, option("--wait", metavar="SECONDS", min=0, help="Wait this long for another pricewatch process to finish.")
]

# --- several commands ------------------------------------------------------------------------------------------

By = Annotated[str, option("--by", metavar="NAME", help="Who decides. [default: your user name]")]
ExitCode = Annotated[bool, option("--exit-code", help="Exit with 4 when there are findings.")]
Limit = Annotated[int, option("--limit", metavar="NUMBER", min=1, help="At most so many.")]
RowLimit = Annotated[int, option("--limit", metavar="NUMBER", min=1, help="The most rows on a terminal.")]
MostRows = Annotated[
    int | None,
    option("--limit", metavar="NUMBER", min=1, help="The most rows. [default: 40 on a terminal, 1000 in a pipe]"),
]
AllRows = Annotated[bool, option("--all", env=False, help="Print every row, however many there are.")]
Plan = Annotated[
    int | None, option("--plan", "-p", env=False, metavar="NUMBER", min=1, help="The plan. [default: the newest one]")
]
PlanNumber = Annotated[int | None, typer.Argument(metavar="PLAN", min=1, help="The plan, as `--plan` names it.")]
Note = Annotated[str, option("--note", metavar="TEXT", env=False, help="A remark that is kept with the decision.")]
Reason = Annotated[str, option("--reason", metavar="TEXT", env=False, help="Why; it goes into the audit trail.")]
AllPending = Annotated[bool, option("--all", env=False, help="Everything that is pending.")]
Sku = Annotated[str, argument("SKU", "The product.")]
Skus = Annotated[list[str] | None, argument("SKU", "Products; all when none is given.")]

# --- one command each ------------------------------------------------------------------------------------------

Sites = Annotated[list[str] | None, argument("SITE", "Names of sites; all when none is given.")]
Channels = Annotated[list[str] | None, argument("CHANNEL", "Names of channels; all when none is given.")]
Stages = Annotated[list[str] | None, argument("STAGE", "scrape, match, plan, publish, verify; all when none is given.")]
DueTargets = Annotated[bool, option("--due", help="Only pages that are due now.")]
DueJobs = Annotated[
    bool, option("--due", help="Only jobs of [schedule] that are due now: for a cron line every few minutes.")
]
Adopt = Annotated[
    list[str] | None,
    option("--adopt", env=False, metavar="SKU", help="Take the catalogue's price, although it changed abnormally."),
]
Repair = Annotated[bool, option("--repair/--no-repair", help="Send our price again where a channel shows another one.")]
DryRun = Annotated[bool, option("--dry-run", help="Compute and show; save nothing.")]
Changed = Annotated[
    bool, option("--changed", help="Plan only what something changed for since the last plan; everything where unsure.")
]
Show = Annotated[
    int | None, option("--show", env=False, metavar="NUMBER", min=1, help="Show a saved plan instead of making one.")
]
Everything = Annotated[bool, option("--everything", help="Show prices that stay as well.")]
Until = Annotated[
    str,
    option("--until", env=False, metavar="DATE", help="2026-12-31 or 2026-12-31T18:00, shop time. [default: for good]"),
]
OneSku = Annotated[str | None, argument("SKU", "Only this product.")]
ItemText = Annotated[str, argument("ITEM", "The item as `match suggest` shows it, or a beginning that fits it alone.")]
Site = Annotated[str, option("--site", env=False, metavar="NAME", help="The item's site.")]
Variant = Annotated[str, option("--variant", env=False, metavar="NAME", help="The variant on the item's page.")]
Status = Annotated[MatchStatus | None, option("--status", env=False, help="Only these matches.")]
File = Annotated[Path, argument("FILE", "The file.")]
OptionalFile = Annotated[Path | None, argument("FILE", "The file; the one of [catalogue] when none is given.")]
FromChannel = Annotated[
    str, option("--channel", metavar="NAME", help="Read the products of this connected shop instead of a file.")
]
Readings = Annotated[list[int] | None, argument("ID", "Ids from `quarantine list`.")]
SiteName = Annotated[str, argument("NAME", "The site's name.")]
Urls = Annotated[list[str] | None, argument("URL", "Pages of it; the first ones found when none is given.")]
ChannelName = Annotated[str, argument("NAME", "The channel's name.")]
NewFolder = Annotated[Path, argument("FOLDER", "Where; this folder when none is given.")]
NewFile = Annotated[Path | None, argument("FILE", "Where to; a dated file in this folder when none is given.")]
Offline = Annotated[bool, option("--offline", help="Ask no channel.")]
Tick = Annotated[float, option("--tick", min=0.1, max=60, metavar="SECONDS", help="How often to look for due work.")]
HealthFile = Annotated[
    Path | None,
    option(
        "--health-file", metavar="FILE", help="How the daemon is. [default: pricewatch.health.json beside config.toml]"
    ),
]
Host = Annotated[str, option("--host", metavar="ADDRESS", help="Address to listen on. [default: as [web] says]")]
Port = Annotated[
    int | None,
    option("--port", metavar="NUMBER", min=0, max=65_535, help="Port; 0 for a free one. [default: as [web] says]"),
]
DemoFolder = Annotated[
    Path, option("--folder", metavar="FOLDER", help="Where the demo's shop is made; it stays afterwards.")
]
