"""The command line: all commands, and what becomes of an error."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command
from typer.utils import parse_boolean_env_var

from pricewatch.cli import (
    backtest,
    control,
    doctor,
    extract,
    imports,
    insight,
    lookup,
    matches,
    model,
    parts,
    plans,
    printing,
    prior,
    publications,
    rules,
    sales,
    service,
    setup,
    simulate,
    sites,
    stages,
)
from pricewatch.cli.call import FAILED, INTERRUPTED, OK
from pricewatch.cli.text import clean_lines
from pricewatch.domain.errors import PricewatchError

DEBUG = "PRICEWATCH_DEBUG"
SECTIONS = {
    "Start": ("init", "doctor", "demo"),
    "What we sell": ("catalogue", "stock", "sales", "fx"),
    "What others charge": ("targets", "scrape", "match", "quarantine"),
    "Decide": (
        "plan",
        "approve",
        "reject",
        "freeze",
        "unfreeze",
        "breaker",
        "what-if",
        "backtest",
        "rollback",
        "model",
    ),
    "Publish": ("apply", "verify", "parity", "release", "stop", "resume"),
    "Unattended": ("run", "daemon", "serve", "token"),
    "Look": ("price", "prices", "print", "status", "inbox", "explain", "history", "prior-price", "audit"),
    "Parts": ("site", "rule", "channel", "db"),
    "Try": ("extract", "parse-price", "simulate"),
}


class Sections(TyperGroup):
    """Lists the commands in sections."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the shape that typer calls
        """All commands in the order of the sections."""
        return [name for names in SECTIONS.values() for name in names if name in self.commands]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the shape that typer calls
        """Write one block a section."""
        for section, names in SECTIONS.items():
            rows = [(name, self.commands[name].get_short_help_str(200)) for name in names if name in self.commands]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


app = typer.Typer(
    name="pricewatch", cls=Sections, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


_asked_to_end = Event()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pricewatch {version('pricewatch')}")
        raise typer.Exit


@app.callback()
def pricewatch(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Watch competitors' prices, decide your own with reasons, and make every sales channel show them.

    observe → plan → apply → verify. Nothing is published that was not approved or lies outside its guardrails.
    """


for part in (
    setup, stages, matches, plans, prior, publications, rules, backtest, insight, control, imports, sites, parts,
    doctor, service,
    extract,
    lookup,
    model,
    printing,
    sales,
    simulate,
):  # fmt: skip
    part.add_to(app)


def run(arguments: Sequence[str] | None = None) -> int:
    """Do one command line and return the exit code; errors are told on stderr, with a traceback only on --debug."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = get_command(_asked(words)).main(args=words, prog_name="pricewatch", standalone_mode=False)
    except TyperException as error:
        return _usage(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a message
        if _asked_to_end.is_set():  # a process group that is ended loses its workers first: no fault of theirs
            return _interrupted()
        return _failed(error, debug="--debug" in words or parse_boolean_env_var(os.environ.get(DEBUG), default=False))
    if code == INTERRUPTED:
        return _interrupted()
    return code if isinstance(code, int) else OK


def _asked(words: Sequence[str]) -> typer.Typer:
    """The command line cut down to the command that the first word names: every command takes time to build."""
    name = words[0] if words else ""
    one = copy(app)
    one.registered_commands = [command for command in app.registered_commands if command.name == name]
    one.registered_groups = [group for group in app.registered_groups if group.name == name]
    return one if one.registered_commands or one.registered_groups else app


def _interrupted() -> int:
    _tell("interrupted: what was finished is saved; run the same command again to go on")
    return INTERRUPTED


def _usage(error: TyperException) -> int:
    """Let the parser say what it could not read."""
    error.message = error.message.removeprefix("Value error, ")
    show = getattr(error, "show", None)
    if show is not None:
        show()
    else:
        _tell(f"error: {error.message}")
    return error.exit_code


def _failed(error: Exception, *, debug: bool) -> int:
    if debug:
        _tell("".join(traceback.format_exception(error)).rstrip())
    causes = list(_causes(error))
    for cause in causes:
        _tell(_sentence(cause))
    return max((cause.exit_code for cause in causes if isinstance(cause, PricewatchError)), default=FAILED)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What really went wrong, out of the groups that concurrent work wraps it in."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error


def _sentence(error: BaseException) -> str:
    if isinstance(error, PricewatchError):
        return f"error: {error}"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"error: {place}{error.strerror}\n  hint: look at the path, its permissions and the room on the disk"
    hint = "hint: this is a mistake in pricewatch; --debug shows where, please report it"
    return f"error: {type(error).__name__}: {error}\n  {hint}"


def _tell(text: str) -> None:
    print(clean_lines(text), file=sys.stderr)  # noqa: T201


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Treat a polite request to end like Ctrl-C, which asyncio hands to the running stage.

    A script's shell starts what runs in the background deaf to Ctrl-C; a request to end is meant for it all the same.
    """
    _asked_to_end.set()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)


def _have_streams() -> None:
    """A process that was started with closed streams writes into nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command line of this process and exit with its code."""
    signal.signal(signal.SIGTERM, _interrupt)
    _have_streams()
    try:
        sys.exit(run(None if arguments is None else list(arguments)))
    finally:
        gc.freeze()  # or the interpreter walks through everything once more, a fifth of a short command's time
