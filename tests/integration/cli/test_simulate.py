"""`pricewatch simulate` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

RULES = '[[guardrails]]\nmin_markup = "5%"\n[[rule]]\nname = "a"\ntarget = "keep"\n'


def simulate(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pricewatch", "simulate", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_comparison_pairs_strategies_and_ends_with_a_summary(tmp_path: Path) -> None:
    """One line a strategy with mean, errors and the difference to the first; no project is needed."""
    done = simulate(
        "S1", "--strategy", "fixed", "--strategy", "thompson-tempered", "--seeds", "3", "--seed-from", "40",
        "--level", "5", "--json", folder=tmp_path,
    )  # fmt: skip
    first, second, summary = lines(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert (first["type"], first["strategy"], first["difference"], first["level"]) == ("score", "fixed", 0.0, 5.0)
    assert second["difference"] == round(second["difference"], 4) != 0.0
    assert abs(second["mean"] - first["mean"] - second["difference"]) < 0.02
    assert summary["counts"] == {"seeds": 3, "seed_from": 40, "refused": 0}


def test_the_same_call_prints_the_same_figures(tmp_path: Path) -> None:
    """However many processes play."""
    words = ("S1", "-s", "thompson-arms", "--seeds", "4", "--level", "1")
    assert simulate(*words, "--jobs", "1", folder=tmp_path).stdout == simulate(*words, folder=tmp_path).stdout


def test_a_users_rules_are_judged_beside_a_strategy(tmp_path: Path) -> None:
    """Rules that keep the price earn what a fixed price earns."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rules.toml").write_text(RULES)
    done = simulate("S2", "-s", "fixed", "--rules", "mine", "--seeds", "1", "--level", "1", "--json", folder=tmp_path)
    found = [line for line in lines(done) if line["type"] == "score"]
    assert [line["strategy"] for line in found] == ["fixed", "rules: mine"]
    assert found[0]["mean"] == found[1]["mean"]


def test_what_cannot_be_judged_is_a_usage_error_that_says_what_can(tmp_path: Path) -> None:
    """Unknown markets, strategies and levels, no strategy at all, folders without rules, rules with mistakes."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "rules.toml").write_text(RULES.replace("keep", "kepe"))
    for words, told in (
        (("S9", "-s", "fixed"), "S3b"),
        (("S1", "-s", "match"), "thompson-tempered"),
        (("S3", "-s", "match", "--level", "5"), "no levels"),
        (("S1",), "--rules FOLDER"),
        (("S1", "--rules", "nowhere"), "nowhere"),
        (("S6", "--rules", "bad"), "elasticities"),
        (("S1", "--rules", "bad"), "rules.toml:5"),
        (("S1", "-s", "fixed", "--seeds", "0"), "--seeds"),
    ):
        done = simulate(*words, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert told in done.stderr, words


def test_without_a_market_all_are_listed(tmp_path: Path) -> None:
    """With their levels and strategies, and what to run next."""
    done = simulate(folder=tmp_path)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()[1:]] == [
        "S1", "S1-overdispersed", "S2", "S3", "S3b", "S3c", "S4", "S5", "S6",
    ]  # fmt: skip
    assert "next: pricewatch simulate" in done.stderr


def test_scores_are_drawn_into_a_page(tmp_path: Path) -> None:
    """A table, the scores, and what is earned beyond the first; where no page can be written, nobody plays."""
    words = ("S1", "-s", "fixed", "-s", "certain", "--seeds", "3", "--level", "5", "--jobs", "1")
    assert simulate(*words, "--html", "page.html", folder=tmp_path).returncode == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "Beyond fixed, on the same seed, level 5" in page
    done = simulate(*words, "--html", "nowhere/page.html", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "folder that exists" in done.stderr
