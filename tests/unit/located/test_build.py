"""Models from TOML: mistakes in words for people, each at its place, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BeforeValidator, Field, field_validator, model_validator

from pricewatch.domain.errors import ConfigError, MoneyError, Problem
from pricewatch.located import LocalPath, Mistake, Secret, Section, build, parse, read, salvage


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Woo(Section):
    type: Literal["woo"]
    url: str
    token: Secret


class File(Section):
    type: Literal["file"]
    path: LocalPath
    url: int = 0


class Limits(Section):
    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low > self.high:
            raise Mistake("low is above high", "swap them", at=("low",))
        return self


class Shop(Section):
    name: str = Field(default="x", min_length=1)
    currency: str = "PLN"
    port: int = Field(default=1, ge=1, le=5)
    rate: float = 1.0
    amount: Decimal = Decimal(1)
    colour: Colour = Colour.RED
    on: bool = True
    tags: tuple[str, ...] = ()
    size: int | Literal["auto"] = "auto"
    limits: Limits = Limits()
    channels: Mapping[str, Annotated[Woo | File, Field(discriminator="type")]] = {}
    rules: tuple[Limits, ...] = ()

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        if code == "XXX":
            raise MoneyError("unknown currency 'XXX'", hint="use PLN")
        return code


def problems(text: str, model: type[Any] = Shop) -> list[Problem]:
    with pytest.raises(ConfigError) as error:
        build(model, parse(text, "c.toml"))
    return list(error.value.problems)


def problem(text: str) -> Problem:
    (only,) = problems(text)
    return only


def test_a_valid_file_becomes_the_model() -> None:
    """Numbers stay exact, lists become tuples, unset keys have their defaults."""
    shop = build(Shop, parse('amount = 0.10\ntags = ["a"]\n[channels.x]\ntype = "file"\npath = "p"\n', "c.toml"))
    assert shop.amount == Decimal("0.10")
    assert shop.tags == ("a",)
    assert shop.port == 1


def test_a_table_inside_a_document_can_be_built_alone() -> None:
    """`at` names the table; a missing one is an empty one; places are those of the whole file."""
    document = parse("[shop.limits]\nlow = 3\nhigh = 1\n", "c.toml")
    with pytest.raises(ConfigError) as error:
        build(Limits, document, ("shop", "limits"))
    assert error.value.problems[0].line == 2
    assert build(Limits, document, ("nowhere",)) == Limits()


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("port = 9", (1, 8), "`port` must be at most 5", ""),
        ("port = 0", (1, 8), "`port` must be at least 1", ""),
        ("port = 1.5", (1, 8), "`port` needs a whole number, not 1.5", "as in 12"),
        ("name = 5", (1, 8), "`name` needs text in quotes, not 5", 'as in "text"'),
        ('name = ""', (1, 8), "`name` must not be empty", ""),
        ('rate = "fast"', (1, 8), '`rate` needs a number, not "fast"', "as in 12.5"),
        ("amount = []", (1, 10), "`amount` needs a number, not a list", "as in 12.5"),
        ('on = "maybe"', (1, 6), '`on` needs true or false, not "maybe"', "as in true"),
        ('colour = "gren"', (1, 10), '`colour` cannot be "gren"', "did you mean `green`? the choices: `red`, `green`"),
        ('tags = "a"', (1, 8), '`tags` needs a list, not "a"', 'as in ["a", "b"]'),
        ('tags = ["a", 1]', (1, 14), "entry 2 of `tags` needs text in quotes, not 1", 'as in "text"'),
        ("limits = 1", (1, 10), "`limits` needs a table, not 1", 'as in { key = "value" }'),
        ('currency = "XXX"', (1, 12), "unknown currency 'XXX'", "use PLN"),
        ("[limits]\nlow = 5\nhigh = 1", (2, 7), "low is above high", "swap them"),
        ("curency = 1", (1, 1), "unknown key `curency`", "did you mean `currency`?"),
        ("[limits]\nzzz = 1", (2, 1), "unknown key `zzz`", "the keys here are `low`, `high`"),
        (
            '[channels.a]\ntype = "wo"',
            (2, 8),
            '`type` cannot be "wo"',
            "did you mean `woo`? the choices: `woo`, `file`",
        ),
        ("[channels.a]", (1, 11), "`type` is missing in [channels.a]", "add type = …"),
        ("[[rules]]\nlow = 1\n[[rules]]\nlow = 50", (4, 7), "low is above high", "swap them"),
        ("limits = { low = 1, hihg = 2 }", (1, 21), "unknown key `hihg`", "did you mean `high`?"),
    ],
)
def test_a_mistake_is_shown_where_it_is_in_words_and_with_a_hint(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    """The caret is under the wrong value, or under the key when the key is wrong."""
    found = problem(text)
    assert ((found.line, found.column), found.message, found.hint) == (place, message, hint)


def test_a_wrong_entry_does_not_make_its_list_too_short() -> None:
    """A list that needs one entry, and has a wrong one, has one mistake."""

    class Job(Section):
        stages: tuple[Literal["plan"], ...] = Field(min_length=1)

    assert [p.message for p in problems('stages = ["x"]', Job)] == ['entry 1 of `stages` cannot be "x"']
    assert [p.message for p in problems("stages = []", Job)] == ["`stages` must not be empty"]


def test_a_mistake_inside_a_shorthand_is_shown_at_the_value_that_was_written() -> None:
    """`target = "lowst"` may stand for a table; the caret is under what the person wrote."""

    class Target(Section):
        kind: Literal["lowest"]

    class Rule(Section):
        target: Annotated[Target, BeforeValidator(lambda value: {"kind": value} if isinstance(value, str) else value)]

    (found,) = problems('target = "lowst"', Rule)
    assert (found.column, found.message) == (10, '`target` cannot be "lowst"')


def test_alternatives_are_one_problem() -> None:
    """A value that fits no alternative is reported once, with all of them."""
    found = problem('size = "big"')
    assert found.message == '`size` needs a whole number, not "big" or cannot be "big"'
    assert "`auto`" in found.hint


def test_the_member_of_a_union_is_told_by_its_tag_and_its_keys_keep_their_place() -> None:
    """A channel called like a key of another kind of channel confuses nothing."""
    found = problems('[channels.url]\ntype = "file"\npath = 3\nurl = "x"\n')
    assert [(p.line, p.message) for p in found] == [
        (3, "`path` needs a path in quotes, not 3"),
        (4, '`url` needs a whole number, not "x"'),
    ]


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    """Nobody runs a command once for every mistake."""
    found = problems('port = 9\nnmae = "x"\n[channels.a]\ntype = "woo"\n[limits]\nlow = 20\n')
    assert [p.line for p in found] == [1, 2, 3, 3, 6]


def test_a_mistyped_required_key_is_one_mistake() -> None:
    """The key that is missing because it is mistyped is not reported a second time."""
    found = problems('[channels.a]\ntype = "woo"\nurrl = "x"\ntoken = { env = "T" }\n')
    assert [p.message for p in found] == ["unknown key `urrl`"]


def test_a_problem_is_rendered_with_its_line_and_a_caret() -> None:
    """The whole message, as a person sees it."""
    assert problem("# shop\n  port = 9 # high\n").render() == (
        "c.toml:2:10: `port` must be at most 5\n    port = 9 # high\n           ^"
    )


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a = ", 1, 5, "not a TOML value"), ('a = "x', 1, 7, "no closing quote"),
        ("a = 1\na = 2", 2, 6, "already in use"),
        ("[a]\n[a]", 2, 3, "declared twice"), ("a = [1", 1, 7, "no closing bracket"),
        ("a = 1 2", 1, 7, "behind the value"),
        ("a 1", 1, 3, "equals sign"), ("a = 1,5", 1, 6, "behind the value"), ("= 1", 1, 1, "neither a key"),
        ("a = 1e999", 1, 5, "no number"), ("a = nan", 1, 5, "no number"), ("a = {b = 1", 1, 11, "no closing brace"),
        ('a = "C:\\x"', 1, 10, "backslash"),
    ],
)  # fmt: skip
def test_a_syntax_error_has_its_place(text: str, line: int, column: int, words: str) -> None:
    """What TOML does not allow is said plainly."""
    with pytest.raises(ConfigError) as error:
        parse(text, "c.toml")
    (found,) = error.value.problems
    assert (found.line, found.column) == (line, column)
    assert words in found.message


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000])
def test_what_no_person_typed_ends_as_an_error(text: str) -> None:
    """Endless nesting and endless numbers don't crash."""
    with pytest.raises(ConfigError):
        parse(text, "c.toml")


def test_files_are_read_as_utf_8(tmp_path: Path) -> None:
    """A byte order mark and Windows line ends are fine; another encoding is an error at its byte."""
    file = tmp_path / "c.toml"
    file.write_bytes(b'\xef\xbb\xbfa = 1\r\nb = "\xc5\x82"\r\n')
    assert read(file).data == {"a": 1, "b": "ł"}
    file.write_bytes(b'a = 1\nb = "\xb3"\n')
    with pytest.raises(ConfigError) as error:
        read(file)
    assert (error.value.problems[0].line, error.value.problems[0].column) == (2, 6)
    for missing in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot read the file"):
            read(missing)


def test_relative_paths_count_from_the_file_that_names_them(tmp_path: Path) -> None:
    """Where the command is run from changes nothing."""
    (tmp_path / "c.toml").write_text('[channels.x]\ntype = "file"\npath = "feeds/a.xml"\n', encoding="utf-8")
    channel = build(Shop, read(tmp_path / "c.toml")).channels["x"]
    assert isinstance(channel, File)
    assert channel.path == tmp_path / "feeds/a.xml"


class Stall(Section):
    name: str
    wares: tuple[Limits, ...] = Field(default=(), min_length=1)
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _named_well(self) -> Stall:
        if self.name == "x":
            raise Mistake("a stall is not called x", "rename it", at=("name",))
        return self


def test_a_mistake_that_shows_only_once_the_rest_is_right_is_told_as_well() -> None:
    """What is wrong is left out, and the rest is looked at again; nothing is told that leaving out has caused."""
    text = 'name = "x"\n[[wares]]\nlow = "?"\n[limits]\nlow = 50\n'
    assert [(one.line, one.message) for one in problems(text, Stall)] == [
        (1, "a stall is not called x"),
        (3, '`low` needs a whole number, not "?"'),
        (5, "low is above high"),
    ]


def test_what_is_right_is_salvaged_with_its_places() -> None:
    """Entries behind a wrong one keep the lines that they have in the file."""
    found = salvage(Shop, parse("port = 9\n[[rules]]\nlow = 50\n[[rules]]\nlow = 2\n", "c.toml"))
    assert found.value is not None
    assert [one.low for one in found.value.rules] == [2]
    assert found.value.port == 1
    assert found.document.position(("rules", 0, "low")) == (5, 7)
    assert [one.line for one in found.problems] == [1, 3]
