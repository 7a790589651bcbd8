"""Pairs become numbers, numbers become probabilities that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.matching.calibrate import calibration_error
from pricewatch.matching.context import answer_matrix, lead_matrix, rival_matrix
from pricewatch.matching.evaluate import best_threshold, demanded_threshold, quality
from pricewatch.matching.features import NAMES, pair_matrix
from pricewatch.matching.records import Record, read_pairs
from pricewatch.matching.traits import read_traits
from pricewatch.matching.trees import Trees, grow


def compare(ours: str, theirs: str, **fields: object) -> dict[str, float]:
    left = read_traits(Record("l", ours, **fields))  # type: ignore[arg-type]
    right = read_traits(Record("r", theirs, **fields))  # type: ignore[arg-type]
    return dict(zip(NAMES, pair_matrix([left], [right], [(0, 0)])[0].tolist(), strict=True))


def test_a_part_number_agrees_however_it_is_separated() -> None:
    """DVD-2930CI is dvd2930ci."""
    assert compare("denon dvd-2930ci player", "denon dvd2930ci")["models shared"] >= 1
    assert compare("denon dvd-2930ci player", "denon dvd3800bdci")["model conflict"] == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "feature"),
    [
        ("Telefon Ovio 64 GB", "Telefon Ovio 128 GB", "sizes conflict"),
        ("Krem 250 ml", "Krem 500 ml", "sizes conflict"),
        ("Telefon Ovio czarny", "Telefon Ovio weiß", "colours conflict"),
        ("Bateria AA", "Bateria AA 4 szt.", "pack differs"),
        ("Telefon Ovio", "Telefon Ovio odnowiony", "used differs"),
        ("iPhone 12", "case for iPhone 12", "accessory differs"),
    ],
)
def test_what_speaks_against_a_pair_is_a_feature(ours: str, theirs: str, feature: str) -> None:
    """Sizes, colours in any language, packs, worn goods and accessories each have their own column."""
    assert compare(ours, theirs)[feature] == 1
    assert compare(ours, ours)[feature] == 0


def test_colours_compare_across_languages() -> None:
    """Czarny is schwarz is black."""
    assert compare("Etui czarne", "Hülle schwarz")["colours agree"] == 1


def test_numbers_compare_whatever_stands_around_them() -> None:
    """`13` is `13-inch`, and `IM2306` holds 2306; 13 is not 15."""
    assert compare("Digi sleeve 13", "Digi sleeve 13-inch")["left figures without a like"] == 0
    assert compare("Digi sleeve 13", "Digi sleeve 15-inch")["no figure shared"] == 1
    assert compare("Storm 2306 case", "Storm IM2306 case")["figures shared"] == 1


@pytest.mark.parametrize(("number", "share"), [("IM2306-30001", 1.0), ("IM2306", 1.0), ("ZZ2306", 4 / 6), ("", None)])
def test_a_part_number_is_found_in_pieces(number: str, share: float | None) -> None:
    """The longest piece of it that the other side has counts; without a part number nothing is said."""
    left = read_traits(Record("l", "Storm case", model=number))
    right = read_traits(Record("r", "Pelican IM2306 30001 olive case"))
    found = pair_matrix([left], [right], [(0, 0)])[0][NAMES.index("left number runs in right")]
    assert math.isnan(found) if share is None else found == pytest.approx(share)


def test_a_pair_leads_its_rivals_by_its_features() -> None:
    """The lead over the best other pair of the same record, a tie is none; unknown where there is no other value."""
    values = np.array([[3.0], [1.0], [1.0], [math.nan]], dtype=np.float32)
    left, right = np.array([0, 0, 0, 0]), np.array([7, 8, 9, 9])
    leads = lead_matrix(values, (left, right))
    assert leads[:3, 0].tolist() == [2.0, -2.0, -2.0]
    assert np.isnan(leads[3, 0])
    assert np.isnan(leads[:, 1]).all()
    assert lead_matrix(values[1:3], (left[:2], right[:2]))[:, 0].tolist() == [0.0, 0.0]


def test_a_missing_price_is_unknown_not_zero() -> None:
    """No price on one side says nothing."""
    assert math.isnan(compare("Saw", "Saw")["price ratio"])
    assert compare("Saw", "Saw", price=10.0)["price ratio"] == 0


@given(st.text(max_size=4000), st.text(max_size=400))
def test_any_two_titles_become_numbers(ours: str, theirs: str) -> None:
    """Emoji, mixed scripts, empty and endless titles are compared like all others."""
    values = np.array(list(compare(ours, theirs).values()))
    assert len(values) == len(NAMES)
    assert not np.isinf(values).any()


def test_trees_as_arrays_judge_as_the_library_does() -> None:
    """What is saved as plain arrays gives the same answer as the library that grew it, unknown values included."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    dice = np.random.default_rng(3)
    matrix = dice.normal(size=(600, 5)).astype(np.float32)
    labels = (matrix[:, 0] + matrix[:, 1] * matrix[:, 2] > 0).astype(np.int64)
    matrix[dice.random(matrix.shape) < 0.2] = np.nan
    trees = grow(matrix, labels, seed=5)
    library = HistGradientBoostingClassifier(
        max_iter=200, learning_rate=0.05, max_leaf_nodes=15, max_features=0.4, min_samples_leaf=15,
        l2_regularization=2.0, max_depth=6, early_stopping=False, random_state=5,
    ).fit(matrix, labels)  # fmt: skip
    assert np.allclose(trees.margins(matrix), library.decision_function(matrix))
    assert np.array_equal(Trees.of(trees.arrays()).margins(matrix), trees.margins(matrix))


def test_a_pair_knows_its_best_rival() -> None:
    """Two offers for one product: the better leads, the worse trails, the lonely one has no rival."""
    matrix = rival_matrix(np.array([0.9, 0.2, 0.7]), (np.array([0, 0, 1]), np.array([2, 3, 4])))
    lead, rivals = matrix[:, 1], matrix[:, 3]
    assert lead[0] > 0 > lead[1]
    assert math.isnan(lead[2])
    assert rivals.tolist() == [1, 1, 0]


def test_a_record_on_both_sides_has_all_its_rivals_together() -> None:
    """In a pool of offers, a pair on the left weighs against one on the right."""
    matrix = rival_matrix(np.array([0.9, 0.2]), (np.array([0, 1]), np.array([2, 0])))
    assert matrix[:, 3].tolist() == [1, 0]
    assert matrix[1, 8] == 1


def test_a_pair_never_sees_its_own_answer() -> None:
    """An answer counts for the rivals of a pair, not for itself; where nobody was asked it is unknown."""
    sides = (np.array([0, 0, 1]), np.array([0, 1, 2]))
    answers = answer_matrix(np.array([1, 0, 1]), np.array([0, 1]), sides)
    assert answers[:, 0].tolist()[:2] == [0, 1]
    assert math.isnan(answers[2, 0])


def test_a_demanded_precision_is_kept_where_the_threshold_was_set() -> None:
    """The lowest threshold that holds what was demanded with one error more; none when it cannot be had."""
    chances, labels = np.linspace(0.99, 0.4, 40), np.ones(40, dtype=np.int64)
    labels[30:] = 0
    assert demanded_threshold(chances, labels, 0.95) == chances[29]
    assert demanded_threshold(chances, labels, 0.995) > 1
    assert demanded_threshold(chances, 1 - labels, 0.95) > 1


def test_a_promise_allows_for_luck() -> None:
    """What holds just so on the pairs at hand, 19 wrong of 400, is no promise of 95 %; 12 wrong of 400 are."""
    chances, labels = np.linspace(0.99, 0.9, 400), np.ones(400, dtype=np.int64)
    labels[20::20] = 0
    assert labels.sum() == 381
    assert demanded_threshold(chances, labels, 0.95) > chances[-1]
    labels[20:160:20] = 1
    assert demanded_threshold(chances, labels, 0.95) == chances[-1]


def test_the_best_threshold_is_found_where_all_chances_are_low() -> None:
    """A judge that is sure of nothing still tells the two kinds apart."""
    chances, labels = np.array([0.03] * 20 + [0.001] * 80), np.array([1] * 20 + [0] * 80)
    assert quality(chances >= best_threshold(chances, labels), labels) == (1.0, 1.0, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60))
def test_figures_stay_within_bounds(rows: list[tuple[float, int]]) -> None:
    """Whatever the scores: shares are shares."""
    chances, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert 0 <= calibration_error(chances, labels) <= 1
    assert all(0 <= figure <= 1 for figure in quality(chances >= best_threshold(chances, labels), labels))


def test_bad_rows_are_set_aside_and_the_rest_is_read() -> None:
    """A pair without a title or with another label than 0 or 1 stops nothing."""
    good = {"left_title": "a", "right_title": "b", "label": "1"}
    found, aside = read_pairs([[good, {**good, "left_title": " "}, {**good, "label": "maybe"}, {}]])
    assert len(found) == 1
    assert [item.item for item in aside] == ["pair in line 3", "pair in line 4", "pair in line 5"]
