"""`match train` learns from answers: versions side by side, each with its evaluation; a worse one is not used."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zlib import crc32

import pytest

from pricewatch.bootstrap import open_app
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Availability, Evidence, Item, ItemKey, Observation, Offer, Verdict
from pricewatch.matching.model import MatchModel
from pricewatch.ports import Sighting, Target

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ("drill", "saw", "router", "monitor", "headset")
NAMES = {f"P-{n}": f"Boren {KINDS[n % 5]} {'abcde'[n % 5]}x{200 + 7 * n} {400 + n % 4} W" for n in range(48)}


def held_back(key: ItemKey) -> bool:
    """Whether the answers about this item judge the new model."""
    return crc32(key.item.encode()) % 4 == 0


@pytest.fixture
def answered(shop):
    """Answers about one offer of each product: `true` says for which items they are right, of the others wrong."""

    def tell(true) -> None:
        rows = [f"{sku},{name},100.00,23" for sku, name in NAMES.items()]
        (shop.folder / "products.csv").write_text("\n".join(["sku,name,price,tax", *rows]) + "\n")
        assert shop.run("catalogue", "import", "products.csv").returncode == 0
        with open_app(shop.folder / "config.toml") as app:
            for number, (sku, name) in enumerate(NAMES.items()):
                first, kind, model, *_ = name.split()
                item = Item(
                    ItemKey("rival", f"i{number}"),
                    f"https://rival.example/{number}",
                    title=f"{kind} {model} {first} new",
                )
                seen = Observation(
                    Offer(item, "Rival", Money(9_500, Currency.of("PLN")), availability=Availability.IN_STOCK),
                    NOW, Evidence("hash", "jsonld"), item.url,
                )  # fmt: skip
                app.bench.store.sightings.save(1, [Sighting(Target("rival", item.url), Verdict.PRODUCT, (seen,))])
                other = f"P-{(number + 5) % len(NAMES)}"
                right, wrong = (sku, other) if true(item.key) else (other, sku)
                app.bench.store.matches.save(
                    [
                        Match(right, item.key, MatchStatus.ACCEPTED, decided_by="anna", decided_at=NOW),
                        Match(wrong, item.key, MatchStatus.REJECTED, decided_by="anna", decided_at=NOW),
                    ]
                )

    return tell


def trained(shop) -> list[dict[str, object]]:
    """What it says of the model before and the new one."""
    return [line for line in shop.json("match", "train") if line["type"] == "model"]


@pytest.mark.slow
def test_answers_make_a_model_that_is_used_from_then_on(shop, answered) -> None:
    """The next version, with its evaluation beside it; `active` names the one in use."""
    answered(lambda key: True)
    models = shop.folder / "models"
    (models / "match-7").mkdir(parents=True)
    before, after = trained(shop)
    assert (before["in_use"], after["model"], after["in_use"]) == (False, "match-8", True)
    assert after["f1"] >= before["f1"]
    evaluation = json.loads((models / "match-8" / "evaluation.json").read_text())
    assert (evaluation["better"], evaluation["judged"]) == (True, after["answers"])
    assert round(evaluation["after"]["f1"], 4) == after["f1"]
    assert MatchModel.active(models).name == "match-8"
    with open_app(shop.folder / "config.toml") as app:
        assert app.bench.match_model().name == "match-8"


@pytest.mark.slow
def test_a_worse_model_is_kept_but_not_used(shop, answered) -> None:
    """Learned from wrong answers and judged by right ones, it does worse: the one that came along stays in use."""
    answered(held_back)
    before, after = trained(shop)
    assert (before["in_use"], after["in_use"]) == (True, False)
    assert after["loss"] > before["loss"]
    models = shop.folder / "models"
    assert json.loads((models / "match-1" / "evaluation.json").read_text())["better"] is False
    assert MatchModel.active(models).name == MatchModel.shipped().name


@pytest.mark.slow
def test_a_model_of_an_older_version_is_refused_and_training_mends_it(shop, answered) -> None:
    """`match` says what to do; `match train` learns over the model that comes along, and its model is used."""
    answered(lambda key: True)
    models = shop.folder / "models"
    MatchModel.shipped().save(models / "match-1")
    manifest = json.loads((models / "match-1" / "manifest.json").read_text())
    (models / "match-1" / "manifest.json").write_text(json.dumps(manifest | {"features": "of last year"}))
    (models / "active").write_text("match-1\n")
    refused = shop.run("match")
    assert (refused.returncode, "match train" in refused.stderr) == (2, True)
    before, after = trained(shop)
    assert before["model"] == MatchModel.shipped().name
    assert (after["model"], after["in_use"]) == ("match-2", True)
    assert MatchModel.active(models).name == "match-2"


def test_without_answers_it_says_how_many_are_needed(shop) -> None:
    """A usage error; nothing is written."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    done = shop.run("match", "train")
    assert done.returncode == 2
    assert "about 40 answers are needed" in done.stderr
    assert not (shop.folder / "models").exists()
