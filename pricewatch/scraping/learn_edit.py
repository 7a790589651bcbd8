"""Change the `[read]` table of a definition file and leave everything else as a person wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import Array, String, Table

from pricewatch.scraping.extract.hints import ReadHints
from pricewatch.scraping.learn_page import OPEN_ROLES


def with_hints(text: str, before: ReadHints, after: ReadHints) -> str:
    """The file with what differs between two `[read]` tables written into it; comments and order stay."""
    file = tomlkit.parse(text)
    _write(file, ("read",), _changes({"decimal": before.decimal, "prefer": before.prefer},
                                     {"decimal": after.decimal, "prefer": after.prefer}))  # fmt: skip
    _write(file, ("read", "prices"), _changes(_prices(before), _prices(after)))
    _write(file, ("read", "offers"), _changes(before.offers.model_dump(), after.offers.model_dump()))
    return tomlkit.dumps(file)


def diff(before: str, after: str, name: str) -> str:
    """What would change in a file, as a unified diff; empty = nothing."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(lines)


def _prices(hints: ReadHints) -> dict[str, tuple[str, ...]]:
    return {role.value: hints.prices.get(role, ()) for role in (*OPEN_ROLES, *hints.prices)}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """New values by key; an empty one takes its key out."""
    return {key: after.get(key) for key in {**before, **after} if before.get(key) != after.get(key)}


def _write(file: tomlkit.TOMLDocument, path: tuple[str, ...], changes: Mapping[str, Any]) -> None:
    if not changes:
        return
    table: Any = file
    for name in path:
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    for key, value in sorted(changes.items()):
        if value in ("", (), None):
            table.pop(key, None)
        else:
            table[key] = _array(value) if isinstance(value, tuple) else _string(value)
    _drop_empty(file, path)


def _array(values: Sequence[str]) -> Array:
    array = tomlkit.array()
    for value in values:
        array.append(_string(value))
    return array


def _string(value: str) -> String:
    """A string as a person would write it: one that holds quotes between single ones."""
    return tomlkit.string(value, literal='"' in value and "'" not in value and value.isprintable())


def _drop_empty(file: tomlkit.TOMLDocument, path: tuple[str, ...]) -> None:
    outer: Any = file
    for name in path[:-1]:
        outer = outer[name]
    table = outer[path[-1]]
    if isinstance(table, Table) and not len(table):
        outer.pop(path[-1])
