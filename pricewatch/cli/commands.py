"""The reference page of the command line, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from pricewatch.cli.main import app

WIDTH = 100
EXIT_CODES = (
    (0, "done"),
    (1, "failed"),
    (2, "the call's words or the configuration are off"),
    (3, "partly done: something was set aside"),
    (4, "findings, with --exit-code"),
    (5, "another pricewatch process does this job now"),
    (130, "interrupted"),
)


def commands_page() -> str:
    """All commands with their arguments and options, then the options that they share, then the exit codes."""
    leaves = list(_leaves(get_command(app), None, "pricewatch"))
    shared = _shared([command for command, _ in leaves])
    lines = ["# Commands", ""]
    for command, context in leaves:
        lines += [f"## `{context.command_path}`", "", *_paragraphs(command.help or ""), *_usage(command, context)]
        own = [option for option in command.params if _name(option) not in shared]
        lines += _options(own, context)
    last_command, last_context = max(leaves, key=lambda leaf: len(leaf[0].params))
    lines += ["## Options of every command", ""]
    lines += _options([option for option in last_command.params if _name(option) in shared], last_context)
    lines += ["## Exit codes", "", "| code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES]
    return "\n".join(lines) + "\n"


def _leaves(command: Any, parent: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """Every command with its context, groups replaced by what is in them."""
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH)
    inner: dict[str, Any] = getattr(command, "commands", None) or {}
    if not inner or getattr(command, "invoke_without_command", False):
        yield command, context
    for name_ in command.list_commands(context) if inner else ():
        yield from _leaves(inner[name_], context, name_)


def _name(option: Any) -> str:
    return str(option.opts[0])


def _shared(commands: list[Any]) -> frozenset[str]:
    """The options that all commands have."""
    names = [{_name(option) for option in command.params} for command in commands]
    return frozenset(set.intersection(*names)) if names else frozenset()


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in (" ".join(part.split()), "")]


def _usage(command: Any, context: Any) -> list[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    return ["```", f"{context.command_path} {pieces}", "```", ""]


def _options(options: list[Any], context: Any) -> list[str]:
    records = [(option, option.get_help_record(context)) for option in options]
    rows = [f"| `{_cell(record[0])}` | {_cell(record[1])} |" for option, record in records if record]
    return ["| option | meaning |", "| --- | --- |", *rows, ""] if rows else []


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
