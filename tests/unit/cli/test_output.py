"""The output contract: data on stdout in three shapes, everything else on stderr."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pricewatch.cli.output import Column, Mode, Out, choose_mode
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Money

COLUMNS = (
    Column("sku"),
    Column("price", money=True),
    Column("seen_at", "seen"),
    Column("title", fold=True),
    Column("url", machine=True),
)
SEEN = datetime(2026, 7, 1, 12, tzinfo=UTC)
ROWS = [
    ("A-1", Money.parse("9.99", "PLN"), SEEN, "[red]Lamp[/red]\x1b[2J\ttall", "https://x"),
    ("B-22", Money.parse("1299", "PLN"), None, "", ""),
]


def written(mode: Mode, *, quiet: bool = False) -> tuple[Out, io.StringIO, io.StringIO]:
    stdout, stderr = io.StringIO(), io.StringIO()
    out = Out(mode=mode, quiet=quiet, zone=ZoneInfo("Europe/Warsaw"), stdout=stdout, stderr=stderr, width=100)
    return out, stdout, stderr


def test_a_pipe_gets_tab_separated_values() -> None:
    """A header line, plain decimals with the currency beside them, ISO times, and nothing but the table."""
    out, stdout, stderr = written(Mode.TSV)
    out.table("offer", COLUMNS, ROWS, title="Offers")
    out.table("other", COLUMNS, ROWS, aside=True)
    assert stdout.getvalue().splitlines() == [
        "sku\tprice\tseen_at\ttitle\turl\tcurrency",
        "A-1\t9.99\t2026-07-01T14:00:00+02:00\t[red]Lamp[/red] tall\thttps://x\tPLN",
        "B-22\t1299.00\t\t\t\tPLN",
    ]
    assert stderr.getvalue() == ""


def test_a_part_without_rows_says_so_under_its_heading() -> None:
    """A heading with nothing below it would look like an accident."""
    out, stdout, _ = written(Mode.TABLE)
    out.table("publication", COLUMNS, [], title="On the channels")
    assert stdout.getvalue() == "\nOn the channels\n–\n"


def test_json_is_one_object_a_line_with_the_summary_last() -> None:
    """Extra tables are there too, and every line says what it is."""
    out, stdout, stderr = written(Mode.JSON)
    out.table("offer", COLUMNS, ROWS)
    out.set_aside([SetAside("scrape", "https://y", "timed out", hint="try later")])
    assert out.finish("test", "2 offers", code=3, counts={"offers": 2}, next_step="pricewatch plan") == 3
    lines = [json.loads(line) for line in stdout.getvalue().splitlines()]
    assert [line["type"] for line in lines] == ["offer", "offer", "set_aside", "summary"]
    assert lines[0] == {
        "type": "offer", "sku": "A-1", "price": "9.99", "seen_at": "2026-07-01T14:00:00+02:00",
        "title": "[red]Lamp[/red]\x1b[2J\ttall", "url": "https://x", "currency": "PLN",
    }  # fmt: skip
    assert lines[-1]["exit_code"] == 3
    assert lines[-1]["next"] == "pricewatch plan"
    assert stderr.getvalue() == ""


def test_a_terminal_gets_a_table_with_money_right_aligned() -> None:
    """Headings, amounts with their currency at the right edge, no machine columns, markup as plain text."""
    out, stdout, _ = written(Mode.TABLE)
    out.table("offer", COLUMNS, ROWS, title="Offers")
    lines = stdout.getvalue().splitlines()
    assert lines[1] == "Offers"
    header, first, second = lines[2:5]
    assert header.split() == ["sku", "price", "seen", "title"]
    assert first.index("PLN") == second.index("PLN")
    assert "[red]Lamp[/red] tall" in first
    assert "\x1b[2J" not in stdout.getvalue()
    assert "https://x" not in stdout.getvalue()


def test_long_tables_end_with_how_to_see_the_rest() -> None:
    """A terminal is not flooded; a pipe gets everything."""
    out, stdout, _ = written(Mode.TABLE)
    out.table("n", (Column("n"),), ((n,) for n in range(100)), limit=3, more="pricewatch plan --limit 100")
    assert stdout.getvalue().splitlines()[-1] == "… 97 more: pricewatch plan --limit 100"
    piped, stdout, _ = written(Mode.TSV)
    piped.table("n", (Column("n"),), ((n,) for n in range(100)), limit=3)
    assert len(stdout.getvalue().splitlines()) == 101


def test_the_last_line_for_people_says_what_to_run_next() -> None:
    """The summary and the next command come after the data, on stderr."""
    out, stdout, stderr = written(Mode.TABLE)
    out.finish("plan", "3 prices", next_step="pricewatch apply")
    assert stdout.getvalue() == ""
    assert stderr.getvalue().splitlines() == ["3 prices", "next: pricewatch apply"]


def test_quiet_leaves_data_alone() -> None:
    """--quiet silences the talk, not the table."""
    out, stdout, stderr = written(Mode.TSV, quiet=True)
    out.table("n", (Column("n"),), [(1,)])
    out.set_aside([SetAside("s", "i", "r")])
    out.finish("x", "done", next_step="y")
    assert stdout.getvalue() == "n\n1\n"
    assert stderr.getvalue() == ""


def test_a_record_has_names_in_every_shape() -> None:
    """One thing with fields: lines of two columns, or one JSON object."""
    out, stdout, _ = written(Mode.TSV)
    out.record("db", {"revision": "0001", "at": SEEN})
    assert stdout.getvalue() == "revision\t0001\nat\t2026-07-01T14:00:00+02:00\n"
    out, stdout, _ = written(Mode.JSON)
    out.record("db", {"revision": "0001"})
    assert json.loads(stdout.getvalue()) == {"type": "db", "revision": "0001"}


class Gone(io.StringIO):
    """A reader that has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise OSError("no descriptor")


def test_a_reader_that_goes_away_does_not_change_the_result() -> None:
    """`pricewatch plan | head` ends with the command's own exit code."""
    out = Out(mode=Mode.TSV, stdout=Gone(), stderr=io.StringIO())
    out.table("n", (Column("n"),), [(1,), (2,)])
    assert out.finish("n", "done", code=3) == 3


@pytest.mark.parametrize(
    ("forced", "as_json", "terminal", "mode"),
    [("", False, True, Mode.TABLE), ("", False, False, Mode.TSV), ("", True, True, Mode.JSON),
     ("table", False, False, Mode.TABLE), ("json", False, True, Mode.JSON)],
)  # fmt: skip
def test_the_shape_follows_the_reader(
    forced: str, as_json: bool, terminal: bool, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets tables, a pipe TSV; --json and PRICEWATCH_OUTPUT say otherwise."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("PRICEWATCH_OUTPUT", forced)
    assert choose_mode(as_json=as_json, stdout=stream) is mode


PLAN = (
    Column("sku"),
    Column("group", rank=2),
    Column("now", money=True),
    Column("margin", rank=1),
    Column("title", fold=True),
    Column("why", below=True),
    Column("url", below=True, address=True),
)
LONG = [
    ("A-1", "default", Money.parse("9.99", "PLN"), "12 %", "Cordless hammer drill with battery", "the lowest " * 9,
     "https://shop.example/tools/drills/cordless-hammer-drill-with-two-batteries-and-a-case-12345"),
    ("B-2", "default", Money.parse("1299", "PLN"), "8 %", "Lamp", None, None),
]  # fmt: skip


def drawn(
    width: int, columns: tuple[Column, ...] = PLAN, rows: list[tuple[object, ...]] = LONG
) -> tuple[Out, list[str]]:
    stdout = io.StringIO()
    out = Out(mode=Mode.TABLE, stdout=stdout, stderr=io.StringIO(), width=width)
    out.table("decision", columns, rows)
    return out, stdout.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_table_keeps_within_the_terminal(width: int) -> None:
    """No line is longer than the terminal is wide, and none ends in blanks."""
    _, lines = drawn(width)
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_a_sentence_without_room_stands_whole_below_its_row() -> None:
    """What it is stands before it; rows without one get no line."""
    _, lines = drawn(70)
    told = " ".join(" ".join(lines).split("why: ")[1].split("url:")[0].split())
    assert told == " ".join(["the lowest"] * 9)
    assert lines[-1].startswith("B-2")


def test_columns_go_by_rank_and_the_summary_names_them() -> None:
    """The least important one first; what has no rank stays; a wide terminal shows all."""
    out, lines = drawn(46)
    assert lines[0].split() == ["sku", "now", "margin", "title"]
    out.finish("plan", "2 prices")
    assert isinstance(out.stderr, io.StringIO)
    assert out.stderr.getvalue().startswith("no room for: group (")
    out, lines = drawn(400)
    assert lines[0].split() == ["sku", "group", "now", "margin", "title", "why", "url"]
    assert not out.unshown


def test_text_is_never_squeezed_into_a_column_of_letters() -> None:
    """A column that folds keeps room for words, at the cost of columns that matter less."""
    _, lines = drawn(40)
    assert any("Cordless hammer" in line for line in lines)


def test_an_address_is_shortened_in_its_middle() -> None:
    """Its host and its end are what tells it from others."""
    _, lines = drawn(80)
    address = next(line for line in lines if "url:" in line)
    assert "https://shop.example/" in address
    assert address.endswith("12345")
    assert "…" in address


def test_what_was_set_aside_is_named_once() -> None:
    """An address that is the item and its place is not repeated, nor is what came again; a file's line is told."""
    out, _, stderr = written(Mode.TABLE)
    out.set_aside([SetAside("scrape", "https://y", "timed out", where="https://y"),
                   SetAside("catalogue", "A-1", "no price", where="products.csv:3"),
                   SetAside("run", "shop", "no key"), SetAside("run", "shop", "no key")])  # fmt: skip
    assert stderr.getvalue().splitlines() == [
        "set aside: https://y: timed out",
        "set aside: A-1 (products.csv:3): no price",
        "set aside: shop: no key (2 times)",
    ]


def test_an_unknown_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that asks for what does not exist hears so, rather than getting another shape."""
    monkeypatch.setenv("PRICEWATCH_OUTPUT", "xml")
    with pytest.raises(UsageError, match="PRICEWATCH_OUTPUT is 'xml'"):
        choose_mode(as_json=False, stdout=io.StringIO())


def test_a_sentence_leaves_the_side_of_a_text_that_it_would_squeeze() -> None:
    """What was found stays readable in one piece; what to do about it goes below."""
    columns = (Column("check"), Column("found", fold=True), Column("hint", "what to do", below=True))
    stdout = io.StringIO()
    out = Out(mode=Mode.TABLE, stdout=stdout, stderr=io.StringIO(), width=80)
    out.table(
        "check",
        columns,
        [("configuration", "config.toml:2:8: `name` needs text, not 17", 'write it in quotes, as in "text"')],
    )
    assert stdout.getvalue().splitlines() == [
        "check          found",
        "configuration  config.toml:2:8: `name` needs text, not 17",
        '    what to do: write it in quotes, as in "text"',
    ]
