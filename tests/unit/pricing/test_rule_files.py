"""Rule files: every mistake at once, at its place; and one fixed order of rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from pricewatch.domain.decision import Outcome
from pricewatch.domain.errors import ConfigError
from pricewatch.located import read
from pricewatch.pricing.engine import decide
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .market import Ours, Theirs, book, frame, minor, propose

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "rules"


def load(*paths: Path) -> RuleBook:
    return compile_rulebook([read(path) for path in paths])


def test_all_mistakes_of_all_files_are_shown_at_once_at_their_places() -> None:
    """Unknown names, wrong types, contradictions: each with line, column and the word that is wrong."""
    with pytest.raises(ConfigError) as caught:
        load(*sorted(FIXTURES.glob("wrong-*.toml")))
    for problem in caught.value.problems:
        marked = problem.source_line[problem.column - 1 :]
        expected = (FIXTURES / Path(problem.file).name).read_text().splitlines()[problem.line - 1]
        wrong = expected.partition("#! ")[2]
        assert wrong, f"unexpected: {problem.render()}"
        start, _, message = wrong.partition(" | ")
        assert marked.startswith(start), problem.render()
        assert message in f"{problem.message} {problem.hint}", problem.render()


def test_every_marked_mistake_is_found() -> None:
    """The fixtures mark as many mistakes as are reported."""
    with pytest.raises(ConfigError) as caught:
        load(*sorted(FIXTURES.glob("wrong-*.toml")))
    places = {(Path(problem.file).name, problem.line) for problem in caught.value.problems}
    marked = {
        (path.name, number)
        for path in FIXTURES.glob("wrong-*.toml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "#! " in line
    }
    assert places == marked


@pytest.mark.parametrize("path", sorted((ROOT / "rules" / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_examples_are_valid_and_raise_no_doubts(path: Path) -> None:
    """Every example can be copied as it is."""
    assert load(path).warnings == ()


def test_the_shipped_rules_never_lead_below_cost_and_move_in_small_steps() -> None:
    """Out of the box: a margin of 5 %, at most 10 % down, and nobody else means no change."""
    shipped = load(*(ROOT / "rules").glob("*.toml"))
    assert shipped.warnings == ()
    crowd = [Theirs(price, seller) for seller, price in (("A", 4_000), ("B", 4_100), ("C", 4_200))]
    plan = decide(frame([Ours(), Ours(sku="A2")], crowd), shipped, PricingSettings())
    first, second = plan.proposals()
    assert minor(first) == 9_049  # 10 % down is 90.00; the lowest allowed ending inside is 90.49
    assert second.outcome is Outcome.KEEP


def test_the_first_rule_that_holds_wins() -> None:
    """Higher priority first, then the order of files and lines."""
    text = '[[rule]]\nname = "{0}"\ntarget = "{1}"\npriority = {2}\n'
    files = [text.format("a", "lowest", 0) + text.format("b", "highest", 0), text.format("c", "median", 0)]
    theirs = [Theirs(9_000, "A"), Theirs(9_500, "B"), Theirs(9_900, "C")]

    def price(*texts: str) -> int:
        return int(decide(frame([Ours()], theirs), book(*texts), PricingSettings()).trail.price[0])

    assert price(*files) == 9_000
    assert price(files[1], files[0]) == 9_500
    assert price(files[0], text.format("d", "highest", 5)) == 9_900


def test_cases_are_if_else_if_else() -> None:
    """The first case whose condition holds gives the target; without an else the next rules are tried."""
    text = """
[[rule]]
name = "cases"
when = "brand == 'Bosch'"
[[rule.case]]
when = "offers >= 3"
target = "lowest"
[[rule.case]]
when = "offers == 2"
target = "highest"
[[rule]]
name = "else"
target = "keep"
"""
    theirs = [Theirs(9_000, "A"), Theirs(9_900, "B"), Theirs(9_500, "C")]
    assert [minor(propose(text, theirs=theirs[:count])) for count in (3, 2, 1)] == [9_000, 9_900, 10_000]
    assert minor(propose(text, Ours(brand="Makita"), theirs)) == 10_000


@pytest.mark.parametrize(
    ("dates", "applies"),
    [
        ("starts = 2026-11-22", True),
        ("starts = 2026-11-23", False),
        ("ends = 2026-11-22", True),
        ("ends = 2026-11-21", False),
        ("enabled = false", False),
    ],
)
def test_rules_hold_between_their_days(dates: str, applies: bool) -> None:
    """First and last day are part of the time, in the group's time zone."""
    proposal = propose(f'[[rule]]\nname = "r"\ntarget = "lowest"\n{dates}', theirs=[Theirs(9_000)])
    assert (proposal.outcome is Outcome.CUT) == applies
    assert applies or proposal.reasons[-1].text == "no rule applies"


def test_equal_rules_have_equal_hashes_wherever_they_are(tmp_path: Path) -> None:
    """The hash names the content, not the folder; any change changes it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder, text in (("a", 'target = "lowest"'), ("b", 'target = "lowest"'), ("b", 'target = "median"')):
        (tmp_path / folder / f"{text[10:14]}.toml").write_text(f'[[rule]]\nname = "r"\n{text}\n')
    first, same = (load(tmp_path / folder / "lowe.toml") for folder in "ab")
    assert first.hash == same.hash
    assert first.hash != load(tmp_path / "b" / "medi.toml").hash


def test_amounts_finer_than_the_currency_are_refused_with_their_places() -> None:
    """0.01 and .99 are nothing in yen."""
    text = '[[rule]]\nname = "r"\nwhen = "lowest > 99.5"\ntarget = "lowest"\n'
    text += 'adjust = "-0.01"\nguardrails.endings = [".99"]'
    yen = frame([Ours()], [], currency="JPY", exponent=0)
    with pytest.raises(ConfigError) as caught:
        decide(yen, book(text), PricingSettings())
    assert sorted(problem.line for problem in caught.value.problems) == [3, 5, 6]


def test_rules_that_are_never_reached_and_rules_against_one_rival_are_warned_of() -> None:
    """Allowed, and probably not meant."""
    text = """
[[rule]]
name = "all"
target = { kind = "seller", sellers = ["Rival"] }
[[rule]]
name = "never"
target = "lowest"
"""
    assert [warning.message.partition(":")[0] for warning in book(text).warnings] == [
        "this rule follows one named rival and never goes below",
        "this rule is never reached",
    ]


@pytest.mark.parametrize("price", ["current * 98%", "max(floor, lowest - 0.5 * current)", "1.01*current"])
def test_a_formula_that_starts_from_our_own_last_price_is_warned_of(price: str) -> None:
    """It would go the same way with every plan, as robots did that only ever reacted to lower prices."""
    text = f'[[rule]]\nname = "ratchet"\ntarget = {{ kind = "formula", price = "{price}" }}\n'
    (warning,) = book(text).warnings
    assert "starts from our own last price" in warning.message
    assert book(text.replace(price, "max(rrp, current)")).warnings == ()


def test_columns_that_the_catalogue_lacks_are_named() -> None:
    """A condition on a missing column is unknown, and a notice says so."""
    text = '[[rule]]\nname = "r"\nwhen = "custom.seasn == \'AW\'"\ntarget = "lowest"'
    plan = decide(frame([Ours(custom={"season": "AW"})], []), book(text), PricingSettings())
    assert "'seasn'" in plan.notices[0]
    assert plan.holds == {"no_rule": 1}
