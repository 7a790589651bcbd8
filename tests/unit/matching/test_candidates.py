"""Every title finds its likely partners, and the index stands while it is asked and added to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pricewatch.cli.main import run
from pricewatch.matching.candidates import TitleIndex, both_ways

TITLES = [f"Boren wiertarka GSB {number} RE {watt} W" for number in range(10, 40) for watt in (600, 750)]


def test_a_title_finds_itself_first() -> None:
    """Best first, cosine 1."""
    index = TitleIndex(TITLES)
    for row, (best, *rest) in enumerate(index.nearest_of(TITLES, 3)):
        assert (best.row, round(best.score, 4)) == (row, 1.0)
        assert all(other.score <= best.score for other in rest)


def test_split_and_joined_part_numbers_meet() -> None:
    """`zq 913` is `zq913`, with other words around."""
    (best, *_) = TitleIndex([*TITLES, "Młotowiertarka ZQ913"]).nearest("bohrhammer zq 913", 1)
    assert best.row == len(TITLES)


def test_a_new_title_is_found_without_building_again() -> None:
    """What is added stands behind the others."""
    index = TitleIndex(TITLES)
    index.add(["Zorn pilarka łańcuchowa ZX900"])
    assert len(index) == len(TITLES) + 1
    assert index.nearest("zorn zx900 pilarka", 1)[0].row == len(TITLES)


@pytest.mark.parametrize("title", ["", "   ", "🙂🙂", "…", "漢字"])
def test_a_title_without_words_finds_nothing(title: str) -> None:
    """Emoji and foreign scripts have no candidates and break nothing."""
    assert TitleIndex(TITLES).nearest(title, 5) == []
    assert TitleIndex([title]).nearest("wiertarka", 5) == []


def test_an_empty_index_answers() -> None:
    """No products, no candidates."""
    assert TitleIndex([]).nearest("wiertarka", 5) == []


def test_both_directions_are_joined_without_doubles() -> None:
    """Each pair comes once, with its rank in either direction, 0 where that direction did not find it."""
    found = list(both_ways(["alfa one", "alfa two"], ["alfa one", "alfa"], 1))
    assert len({(pair.left, pair.right) for pair in found}) == len(found)
    assert (found[0].left, found[0].right, found[0].left_rank, found[0].right_rank) == (0, 0, 1, 1)
    assert all(pair.left_rank or pair.right_rank for pair in found)


def test_the_command_prints_candidates_and_recall(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`match candidates` with --gold says how many true pairs are among them."""
    (tmp_path / "left.csv").write_text("id,title\n1,Boren GSB 13\n2,Zorn ZX900\n")
    (tmp_path / "right.csv").write_text("right_id,right_title\na,wiertarka gsb13 boren\nb,rower\n")
    (tmp_path / "gold.csv").write_text("left_id,right_id\n1,a\n2,b\n")
    words = [str(tmp_path / "left.csv"), str(tmp_path / "right.csv"), "--gold", str(tmp_path / "gold.csv"), "--json"]
    assert run(["match", "candidates", *words]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["left_id"], line["right_id"]) for line in lines if line["type"] == "candidate"] == [("1", "a")]
    (recall,) = [line for line in lines if line["type"] == "recall"]
    assert (recall["gold"], recall["recall"]) == (2, 0.5)
