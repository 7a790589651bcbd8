"""Offers made from a true match by a pack, a worn state, an accessory, a bundle or a changed figure need a person."""

from __future__ import annotations

import pytest

from pricewatch.matching.guards import objections

TRUE = ("Sony czarny aparat DSC-W120 16 GB", "sony cyber-shot dscw120 black camera 16gb")


def test_a_true_match_has_no_objection() -> None:
    """Other words, other order, another language: nothing speaks against it."""
    assert objections(*TRUE) == ()


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("{} 2-pack", "pack of 2"),
        ("{} set of 4", "pack of 4"),
        ("3 x {}", "pack of 3"),
        ("{} twin pack", "pack of 2"),
        ("{} dwupak", "pack of 2"),
        ("{} (refurbished)", "used or refurbished"),
        ("{} pre-owned", "used or refurbished"),
        ("{} poleasingowy", "used or refurbished"),
        ("case for {}", "an accessory"),
        ("replacement battery for {}", "an accessory"),
        ("etui do {}", "an accessory"),
        ("{} case", "ends as an accessory"),
        ("{} bundle", "a bundle"),
        ("{} + torba", "a bundle"),
        ("{} w zestawie z torbą", "a bundle"),
    ],
)
def test_what_is_added_to_a_true_match_is_objected_to(trap: str, reason: str) -> None:
    """Each trap is named in words."""
    found = objections(TRUE[0], trap.format(TRUE[1]))
    assert any(reason in words for words in found), found


def test_a_part_number_in_two_words_is_one() -> None:
    """The same one is no objection, one with another digit is."""
    assert objections("Boren GSB-13 RE", "boren gsb 13 re") == ()
    assert objections("Boren GSB-13 RE", "boren gsb 18 re") == ("model gsb18 against gsb13",)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ("sony dscw120 black 32gb", "32 gb against 16 gb"),
        ("sony dscw130 black 16gb", "model dscw130 against dscw120"),
        ("sony dscw120 biały 16gb", "white against black"),
    ],
)
def test_a_changed_figure_or_colour_is_objected_to(theirs: str, reason: str) -> None:
    """Capacity doubled, one digit of the model, another colour in another language."""
    assert objections(TRUE[0], theirs) == (reason,)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("canon cyan ink cli8c", "canon cli-8pc cyan ink"),
        ("nikon p6000 camera", "nikon p6000 camera with 4x optical zoom"),
        ("weber grill cover 7550", "weber cover for genesis grills 7550"),
        ("apple armband mb769ga", "apple armband mb769g/a"),
    ],
)
def test_harmless_differences_are_let_through(ours: str, theirs: str) -> None:
    """Zoom factors are no packs, an accessory that we sell ourselves is no trap, separators are no other model."""
    assert objections(ours, theirs) == ()
