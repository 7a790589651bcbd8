"""The command tree: complete, documented, and told in one voice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import pricewatch
from pricewatch.cli.main import SECTIONS, app, run

TREE: Any = get_command(app)


def every_command(node: Any = TREE, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, found in node.commands.items():
        yield " ".join((*path, name)), found
        if hasattr(found, "commands"):
            yield from every_command(found, (*path, name))


COMMANDS = dict(every_command())


def test_every_command_stands_in_one_section_of_the_help() -> None:
    """Nothing is hidden by being forgotten."""
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(TREE.commands)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    "path",
    ["init", "catalogue import", "scrape", "match", "match suggest", "match accept", "match reject", "match import",
     "match export", "plan", "approve", "reject", "apply", "verify", "stop", "resume", "quarantine list",
     "quarantine release", "stock import", "fx import", "run", "daemon", "status", "explain", "history", "freeze",
     "unfreeze", "doctor", "site list", "site test", "rule list", "rule check", "channel list", "channel test",
     "breaker list", "breaker reset", "db upgrade", "db backup", "serve", "demo", "targets import", "audit verify",
     "extract", "parse-price"],
)  # fmt: skip
def test_the_command_exists(path: str) -> None:
    """The tree that the documentation promises."""
    assert path in COMMANDS


_TOLD = r"""(?:`|\$ |run: |hint=f?["'])pricewatch ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?"""


def named_commands() -> Iterator[tuple[str, str]]:
    """What code and documents tell to run: in backticks, behind a prompt, or as a whole hint."""
    root = Path(pricewatch.__file__).parent.parent
    files = [*root.glob("pricewatch/**/*.py"), *root.glob("docs/**/*.md"), root / "README.md"]
    for file in files:
        for hit in re.finditer(_TOLD, file.read_text("utf-8")):
            yield str(file.relative_to(root)), " ".join(filter(None, hit.groups()))


def test_every_command_that_is_told_to_be_run_exists() -> None:
    """No message and no document sends anybody to a command that is not there."""
    groups = {path for path, found in COMMANDS.items() if hasattr(found, "commands")}
    told = list(named_commands())
    assert len(told) > 100
    for file, words in told:
        first, _, second = words.partition(" ")
        assert first in COMMANDS, f"{file}: pricewatch {words}"
        assert not second or first not in groups or words in COMMANDS, f"{file}: pricewatch {words}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_explains_itself(path: str) -> None:
    """--help has one sentence for the command and for each of its options and arguments."""
    found = COMMANDS[path]
    assert found.help
    assert found.help.strip().endswith((".", ":"))
    for param in found.params:
        assert param.name == "help" or getattr(param, "help", ""), f"{path}: {param.name} has no help"


@pytest.mark.parametrize("path", [path for path, found in COMMANDS.items() if not hasattr(found, "commands")])
def test_every_command_knows_the_common_options(path: str) -> None:
    """--json and --debug work everywhere, also through the environment."""
    twins = {name: param for param in COMMANDS[path].params for name in param.opts}
    assert "--json" in twins
    if path not in ("extract", "parse-price"):
        assert {"--config", "--quiet", "--debug"} <= set(twins)
        assert twins["--json"].envvar == "PRICEWATCH_JSON"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("plna", "Did you mean 'plan'"),
        ("plan --nonsense", "No such option"),
        ("explain", "Missing argument"),
        ("breaker", "Usage: pricewatch breaker"),
        ("plan --limit many", "--limit"),
    ],
)
def test_wrong_words_are_a_usage_error(line: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, help on stderr, nothing on stdout."""
    assert run(line.split()) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""


def test_the_version_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` goes to stdout and succeeds."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pricewatch 0.")


def test_what_the_system_refuses_is_no_mistake_in_pricewatch(capsys: pytest.CaptureFixture[str]) -> None:
    """What the system refuses is told in its words, with the path and what to look at."""
    assert run(["init", "/proc/no-such-place"]) == 1
    told = capsys.readouterr().err
    assert "/proc/no-such-place: No such file or directory" in told
    assert "mistake in pricewatch" not in told
