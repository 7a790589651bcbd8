"""Positions in TOML: found by our scanner, checked against what tomllib reads."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pricewatch.located import parse
from pricewatch.located.positions import Lines, places

_NAMES = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cc", "Cs"]), max_size=5),
)
_SCALARS = st.sampled_from(
    [
        "1", "-17", "0x1F", "1_000", "2.5", "6.02e3", "true", "false", "1979-05-27", "07:32:00",
        "1979-05-27T07:32:00Z", "1979-05-27 07:32:00", '"text"', '"a \\" # ] } b"', "'C:\\dir'", "''", '""',
        '"""\nmany\n"quoted" lines # no comment\n"""', "'''it''s\n[x]\n'''", '"""ends with two"""""', '"ł€ \\u0105"',
    ]
)  # fmt: skip
_BLANKS = st.sampled_from(["", " ", "\t", "  "])


def _quoted(name: str) -> str:
    if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def _values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.integers(0, 3 if depth else 0))
    if kind == 1:
        gap = draw(st.sampled_from(["", " ", "\n  ", " # note ]\n"]))
        members = draw(st.lists(_values(depth=depth - 1), max_size=3))
        comma = draw(st.sampled_from(["", ","])) if members else ""
        return f"[{gap}" + f"{gap},{gap}".join(members) + f"{comma}{gap}]"
    if kind == 2:
        names = draw(st.lists(_NAMES, max_size=3, unique=True))
        pairs = [f"{_quoted(name)}{draw(_BLANKS)}={draw(_BLANKS)}{draw(_values(depth=depth - 1))}" for name in names]
        return "{ " + ", ".join(pairs) + " }"
    return draw(_SCALARS)


@st.composite
def _documents(draw: st.DrawFn) -> str:
    """Statements in any order; those that tomllib refuses together are left out again."""
    text = ""
    for _ in range(draw(st.integers(1, 8))):
        name = f"{draw(_BLANKS)}.{draw(_BLANKS)}".join(
            _quoted(n) for n in draw(st.lists(_NAMES, min_size=1, max_size=3))
        )
        form = draw(st.integers(0, 4))
        line = f"[{name}]" if form == 1 else f"[[ {name} ]]" if form == 2 else f"{name} = {draw(_values())}"
        line += draw(st.sampled_from(["\n", "  # a [comment] = 1\n", "\n\n", "\r\n"]))
        try:
            tomllib.loads(text + line)
        except tomllib.TOMLDecodeError:
            continue
        text += line
    return text


def _paths(data: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = {path} if path else set()
    for name, value in members:
        found |= _paths(value, (*path, name))
    return found


@given(_documents())
def test_every_key_and_element_that_tomllib_reads_has_a_place(text: str) -> None:
    """The scanner and tomllib agree on which paths a document has."""
    text = text.replace("\r\n", "\n")
    assert set(places(text)) == _paths(tomllib.loads(text))


@given(_documents())
def test_a_place_is_where_the_key_is_written(text: str) -> None:
    """At the place of a named key, its name is read; at the place of a scalar, its value is read."""
    document = parse(text, "x.toml")
    text = text.replace("\r\n", "\n")
    for path, place in places(text).items():
        value: Any = tomllib.loads(text)
        for part in path:
            value = value[part]
        if isinstance(path[-1], str):
            assert text.startswith((path[-1], _quoted(path[-1])), place.key)
        if not isinstance(value, (dict, list)):
            rest = text[place.value :]
            assert any(_reads_as(rest[:end], value) for end in range(1, len(rest) + 1))
        assert document.position(path) == Lines.of(text).position(place.value)


def _reads_as(text: str, value: object) -> bool:
    try:
        return bool(tomllib.loads(f"k = {text}")["k"] == value)
    except tomllib.TOMLDecodeError:
        return False


def test_lines_and_columns_count_from_one() -> None:
    """The first character of a file is line 1, column 1, and columns count characters, not bytes."""
    document = parse('ż = 1\n[shop]\n  name = "x"\n'.replace("ż", '"ż"'), "c.toml")
    assert document.position(("ż",), key=True) == (1, 1)
    assert document.position(("ż",)) == (1, 7)
    assert document.position(("shop",)) == (2, 2)
    assert document.position(("shop", "name"), key=True) == (3, 3)
    assert document.position(("shop", "name")) == (3, 10)


def test_elements_of_arrays_of_tables_are_counted() -> None:
    """The second [[rule]] is rule 1, and what is in it has its place there."""
    document = parse('[[rule]]\nname = "a"\n[[rule]]\nname = "b"\n[rule.when]\nbrand = "x"\n', "r.toml")
    assert document.place(("rule", 1)) == "r.toml:3"
    assert document.position(("rule", 1, "name"), key=True) == (4, 1)
    assert document.position(("rule", 1, "when", "brand")) == (6, 9)


def test_an_unknown_path_has_the_place_of_its_nearest_parent() -> None:
    """A problem about something that is not there points to the table it should be in."""
    document = parse("a = 1\n[shop]\nb = 2\n", "c.toml")
    assert document.position(("shop", "missing")) == (2, 2)
    assert document.position(("nowhere", 3)) == (1, 1)
