"""Answers teach the model, a model survives the disk, and damaged ones are refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.errors import ConfigError, UsageError
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product
from pricewatch.matching.judge import MatchVerdict, OfferJudge, ours, theirs
from pricewatch.matching.model import MatchModel
from pricewatch.matching.settings import MatchingSettings
from pricewatch.matching.training import Figures, Told, Training, answered_pairs, learn_on

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ("drill", "saw", "router", "monitor", "headset")
PRODUCTS = [
    Product(
        f"P-{n}", f"Boren {KINDS[n % 5]} {'abcde'[n % 5]}x{200 + 7 * n} {400 + n % 4} W", TaxRate(2300), brand="Boren"
    )
    for n in range(60)
]


def say(product: Product, item: Item, same: bool | None) -> Told:
    return Told(product.sku, item.key, ours(product, None), theirs(item, None), same)


def answered() -> tuple[list[Item], list[Told]]:
    """Every product offered once in other words, confirmed, and one wrong suggestion for it, rejected."""
    items, answers = [], []
    for row, product in enumerate(PRODUCTS):
        words = product.name.split()
        item = Item(ItemKey("shop", f"i{row}"), "https://shop.example/", title=" ".join([*words[1:3], words[0], "new"]))
        items.append(item)
        answers += [say(product, item, True), say(PRODUCTS[(row + 5) % len(PRODUCTS)], item, False)]
    return items, answers


def learned(answers: Sequence[Told]) -> Training:
    return learn_on(MatchModel.shipped(), PRODUCTS, answers, "match-1")


def test_answers_teach_the_model_and_it_survives_the_disk(tmp_path: Path) -> None:
    """Judged by answers that it has not seen; saved and loaded it judges the same."""
    items, answers = answered()
    found = learned(answers)
    assert found.better
    assert found.after.f1 > 0.9
    found.model.save(tmp_path / "match-1")
    (tmp_path / "active").write_text("match-1\n")
    again = MatchModel.active(tmp_path)
    assert (again.name, again.hash) == ("match-1", found.model.hash)
    judged = [
        [one.probability for (one, *_) in OfferJudge(PRODUCTS, model=model, settings=MatchingSettings()).judge(items)]
        for model in (found.model, again)
    ]
    assert judged[0] == judged[1]


@pytest.mark.parametrize(
    ("f1", "loss", "better"), [(0.9, 0.20, True), (0.95, 0.1, True), (0.89, 0.2, False), (0.95, 0.3, False)]
)
def test_a_worse_model_is_not_called_better(f1: float, loss: float, better: bool) -> None:
    """Neither fewer right decisions nor worse probabilities are taken for the other."""
    before, after = Figures(0.9, 0.9, 0.9, 0.2, 0.01), Figures(0.9, 0.9, f1, loss, 0.01)
    assert Training(MatchModel.shipped(), 30, 10, before, after).better is better


def test_few_answers_are_too_few() -> None:
    """It says how many are needed."""
    _, answers = answered()
    with pytest.raises(UsageError, match="too few"):
        learned(answers[:6])


def test_an_answer_is_about_what_was_seen_then() -> None:
    """A page that sells something else later, and a product that was renamed or withdrawn, unsay no answer."""
    item = Item(ItemKey("shop", "i"), "", title="drill ax200 Boren")
    later = replace(item, title="cat food 2 kg")
    renamed = replace(PRODUCTS[0], name="Boren hammer")
    gone = replace(PRODUCTS[0], sku="G-1", name="Boren lamp")
    told = [say(PRODUCTS[0], item, True), say(PRODUCTS[0], later, False), say(gone, item, False)]
    found = answered_pairs([renamed], told)
    said = {
        (found.lefts[i].title, found.rights[j].title): label
        for (i, j), label in zip(found.pairs, found.labels, strict=True)
    }
    assert said == {
        (PRODUCTS[0].name, item.title): 1,
        ("Boren lamp", item.title): 0,
        ("Boren hammer", item.title): 0,
        (PRODUCTS[0].name, later.title): 0,
    }


def test_what_was_taken_back_teaches_nothing() -> None:
    """The last answer of a pair falls away; of two answers to the same texts the newer counts."""
    first, second = (Item(ItemKey("shop", name), "", title=f"saw {name}") for name in ("i", "j"))
    one, other = PRODUCTS[:2]
    told = [
        say(one, first, True), say(one, first, None), say(one, first, None), say(other, first, False),
        say(one, second, False), say(one, second, True),
    ]  # fmt: skip
    found = answered_pairs([one, other], told)
    assert dict(zip([found.lefts[i].ident for i, j in found.pairs if j == 0], found.labels, strict=False)) == {"P-1": 0}
    rest = [(i, label) for (i, j), label in zip(found.pairs, found.labels, strict=True) if j == 1]
    assert sorted(rest) == [(0, 1), (1, 0)]


def test_a_changed_or_foreign_model_is_refused(tmp_path: Path) -> None:
    """A model whose bytes changed, or that was made for other features, is not used."""
    MatchModel.shipped().save(tmp_path / "a")
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    (tmp_path / "a" / "manifest.json").write_text(json.dumps(manifest | {"hash": "0" * 64}))
    with pytest.raises(ConfigError, match="changed"):
        MatchModel.load(tmp_path / "a")
    MatchModel.shipped().save(tmp_path / "b")
    (tmp_path / "b" / "manifest.json").write_text(json.dumps(manifest | {"features": "other"}))
    with pytest.raises(ConfigError, match="another version"):
        MatchModel.load(tmp_path / "b")
    with pytest.raises(ConfigError, match="cannot be read"):
        MatchModel.load(tmp_path / "nowhere")


def test_the_shipped_model_is_plain_arrays() -> None:
    """No object arrays, so nothing in the file can run."""
    folder = Path(__file__).parents[3] / "pricewatch" / "matching" / "shipped"
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_a_new_product_is_found_without_building_again() -> None:
    """The index stands while products are added."""
    judge = OfferJudge(PRODUCTS, model=MatchModel.shipped(), settings=MatchingSettings())
    judge.add([Product("N-1", "Ovio lampa biurkowa LX440 12 W", TaxRate(2300), brand="Ovio", mpn="LX440")])
    ((best, *_),) = judge.judge(
        [Item(ItemKey("shop", "n"), "", title="lampa Ovio LX-440 12W", brand="Ovio", mpn="LX 440")]
    )
    assert (best.sku, best.verdict, best.method) == ("N-1", MatchVerdict.ACCEPT, "mpn")


@pytest.mark.parametrize("title", ["", "🙂🙂", "х" * 4000, "漢字 дрель Boren", "drill " * 700])
def test_any_title_is_judged(title: str) -> None:
    """No title, emoji, other scripts and 4,000 characters end in a judgement or in none."""
    judge = OfferJudge(PRODUCTS, model=MatchModel.shipped(), settings=MatchingSettings())
    (found,) = judge.judge([Item(ItemKey("shop", "x"), "", title=title)])
    assert all(one.verdict is not MatchVerdict.ACCEPT for one in found)
