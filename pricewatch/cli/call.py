"""One command call: the options that every command has, and how a function becomes a command.

A command function takes a `Call` and its own options, calls one use case, renders, and returns the exit code:
0 ok, 1 failed, 2 usage or configuration, 3 partly done, 4 findings with --exit-code, 5 locked, 130 interrupted.
"""

from __future__ import annotations

import getpass
import inspect
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import typer

from pricewatch.cli import options
from pricewatch.cli.output import Out, choose_mode
from pricewatch.cli.progress import NoProgress, TerminalProgress
from pricewatch.domain.errors import PricewatchError

P = ParamSpec("P")
T = TypeVar("T")
Command = Callable[Concatenate["Call", P], int]

OK, FAILED, PARTLY, FINDINGS, INTERRUPTED = 0, 1, 3, 4, 130  # 2 and 5 are the exit codes of their errors


@dataclass(slots=True)
class Call:
    """What the common options say, and where output goes."""

    command: str
    out: Out
    progress: NoProgress | TerminalProgress
    config: Path | None = None
    wait: float = 0.0

    def finish(self, text: str, *, code: int = OK, next_step: str = "", **counts: Any) -> int:
        """End the command: summary, what to run next, exit code."""
        return self.out.finish(self.command, text, code=code, counts=counts, next_step=next_step)


def who(by: str) -> str:
    """The name that a decision is recorded under: --by, else the system's user."""
    if by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work to its end; Ctrl-C cancels it and lets it save what it has."""
    import asyncio  # brings ssl with it, which `--help` need not wait for

    return asyncio.run(work)


def group(app: typer.Typer, name: str, text: str, *, has_root: bool = False) -> typer.Typer:
    """Add a named group of commands; `has_root` when it does something by itself, see `root`."""
    inner = typer.Typer(no_args_is_help=not has_root, rich_markup_mode=None, help=text)
    app.add_typer(inner, name=name)
    return inner


def command(app: typer.Typer, name: str, *, path: str = "", locks: bool = False) -> Callable[[Command[P]], Command[P]]:
    """Make a function a command of `app`; `path` is its full name, `locks` adds --wait for those that take the lock."""

    def register(function: Command[P]) -> Command[P]:
        app.command(name)(_with_common_options(function, path or name, locks=locks))
        return function

    return register


def root(app: typer.Typer, *, path: str, locks: bool = False) -> Callable[[Command[P]], Command[P]]:
    """Make a function what a group does when none of its commands is named."""

    def register(function: Command[P]) -> Command[P]:
        app.callback(invoke_without_command=True)(_with_common_options(function, path, locks=locks, group=True))
        return function

    return register


def _with_common_options(function: Command[P], path: str, *, locks: bool, group: bool = False) -> Callable[..., int]:
    """Give the function the options that all commands share; typer reads them from the signature."""
    own = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.annotation is not Call]
    common: dict[str, Any] = {
        "config": options.Config,
        "as_json": options.Json,
        "quiet": options.Quiet,
        "debug": options.Debug,
    }
    defaults: dict[str, Any] = {"config": None, "as_json": False, "quiet": False, "debug": False}
    if locks:
        common["wait"], defaults["wait"] = options.Wait, 0.0

    action = cast("Callable[..., int]", function)

    def run(**values: Any) -> int:
        context = values.pop("context", None)
        if context is not None and context.invoked_subcommand is not None:
            return OK
        given = {name: values.pop(name) for name in defaults}
        del given["debug"]  # `main` looks at it when something went wrong
        call = _call(path, **given)
        return _reported(call, lambda: action(call, **values))

    extra = [_keyword(name, annotation, defaults[name]) for name, annotation in common.items()]
    context = [_keyword("context", typer.Context, inspect.Parameter.empty)] if group else []
    named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    run.__signature__ = inspect.Signature(context + named + extra)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    run.__doc__, run.__name__ = function.__doc__, function.__name__
    return run


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _call(path: str, *, config: Path | None, as_json: bool, quiet: bool, wait: float = 0.0) -> Call:
    shows = sys.stderr.isatty() and not quiet and not as_json
    progress = TerminalProgress(sys.stderr) if shows else NoProgress()
    out = Out(mode=choose_mode(as_json=as_json, stdout=sys.stdout), quiet=quiet, pause=progress.stop)
    return Call(command=path, out=out, progress=progress, config=config, wait=wait)


def _reported(call: Call, work: Callable[[], int]) -> int:
    """Do the work; an error is also the summary when the output is JSON, and is left to `main` to tell people."""
    try:
        code = work()
        call.out.flush()
        return code
    except PricewatchError as error:
        _json_error(call, error)
        raise
    except KeyboardInterrupt:
        call.out.failed(call.command, {"message": "interrupted", "kind": "Interrupted"}, INTERRUPTED)
        raise
    except Exception as error:
        call.out.failed(call.command, {"message": str(error), "kind": type(error).__name__}, FAILED)
        raise
    finally:
        call.progress.stop()


def _json_error(call: Call, error: PricewatchError) -> None:
    fields = {"message": error.message, "where": error.where, "hint": error.hint, "kind": type(error).__name__}
    call.out.failed(call.command, fields, error.exit_code)
