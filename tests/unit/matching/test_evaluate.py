"""`match evaluate` learns from files alone and prints what it found."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pricewatch.cli.main import run

HEAD = "left_title,right_title,label\n"
Rows = Callable[[int, int], Iterator[dict[str, str]]]


@pytest.fixture
def files(tmp_path: Path, made_up_pairs: Rows) -> list[str]:
    words = []
    for seed, (name, count) in enumerate((("train", 300), ("valid", 150), ("test", 150))):
        rows = list(made_up_pairs(count, seed))
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        words += [f"--{name}", str(tmp_path / name)]
    return words


def test_it_learns_and_reports(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Precision, recall, F1, average precision, calibration error, speed, and what accepting alone comes to."""
    assert run(["match", "evaluate", *files, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (figures,) = [line for line in lines if line["type"] == "evaluation"]
    assert figures["f1"] > 0.9
    assert figures["pairs_per_second"] > 0
    assert [line["demanded"] for line in lines if line["type"] == "acceptance"] == [0.95, 0.98, 0.99, 0.995]
    assert lines[-1]["type"] == "summary"


def test_the_same_files_give_the_same_figures(files: list[str]) -> None:
    """In every process, whatever order its sets have: nothing is left to chance but the clock."""
    seen = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "pricewatch", "match", "evaluate", *files, "--json"]
        told = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True)
        line = json.loads(told.stdout.splitlines()[0])
        seen.append({name: value for name, value in line.items() if name != "pairs_per_second"})
    assert seen[0] == seen[1]


def test_a_file_that_is_not_there_is_a_usage_error(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It says which file."""
    assert run(["match", "evaluate", *files[:-1], "nowhere.csv"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no pairs"),
        (HEAD, "has no pairs"),
        ("title,label\nthing,1\n", "has no column left_title, right_title"),
        (HEAD + "".join(f"thing {n},other,0\n" for n in range(40)), "40, 0 of them the same product"),
        (HEAD + "".join(f"thing {n},other,{int(n > 39)}\n" for n in range(43)), "43, 3 of them the same"),
        (HEAD + "thing,other,0\n" * 40, "1, 0 of them the same product"),
        (HEAD + ",other,1\n" * 40, "0, 0 of them the same product"),
        (HEAD + "thing,other,maybe\n" * 40, "0, 0 of them the same product"),
    ],
)
def test_a_file_that_teaches_nothing_is_named(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """Empty, without its columns, all labels alike or none readable: a usage error that says what it found."""
    (tmp_path / "train").write_text(text)
    assert run(["match", "evaluate", *files]) == 2
    assert said in capsys.readouterr().err


def test_hostile_rows_are_set_aside_and_the_rest_is_measured(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles of 4,000 characters, emoji and mixed scripts count; rows without a title or label are told by line."""
    with (tmp_path / "test").open("a", newline="") as file:
        rows = csv.writer(file)
        for title in ("drill " * 700, "\U0001f642" * 40, "дрель Boren 漢字", "x\x00y"):
            rows.writerow([title, title, "", "", "", "l", "r", "1"])
        rows.writerows([["", "no title", "", "", "", "l", "r", "1"], ["short"]])
    assert run(["match", "evaluate", *files, "--json"]) == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["pairs"] for line in lines if line["type"] == "evaluation"] == [154]
    assert [line["item"] for line in lines if line["type"] == "set_aside"] == ["pair in line 156", "pair in line 157"]


def test_pairs_of_several_files_are_judged_by_models_that_never_saw_them(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file to report on, the second one given twice says how it goes: no pair is its own rival."""
    twice = [*files[:4], "--test", files[3]]
    assert run(["match", "evaluate", *twice, "--json"]) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[0])
    assert run(["match", "evaluate", *files, "--json"]) == 0
    once = json.loads(capsys.readouterr().out.splitlines()[0])
    assert again["f1"] == pytest.approx(once["f1"], abs=0.06)


def test_a_pair_with_two_labels_is_set_aside(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The first label counts; the other is told with its line."""
    with Path(files[1]).open(newline="") as file:
        row = next(csv.DictReader(file))
    with Path(files[5]).open("a", newline="") as file:
        csv.DictWriter(file, row).writerow({**row, "label": str(1 - int(row["label"]))})
    assert run(["match", "evaluate", *files]) == 3
    assert f"the same pair was labelled {row['label']} before" in capsys.readouterr().err
