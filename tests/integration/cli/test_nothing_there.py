"""Commands that have nothing to show or to work on: they say so, and leave alone what is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta


def test_a_leaflet_without_prices_leaves_the_last_one(shop) -> None:
    """Nothing to print: no file is written, and it says nothing else."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    last = shop.folder / "leaflet.csv"
    last.write_text("the last good one")
    done = shop.run("print", "leaflet", "--reduced", "--out", "leaflet.csv")
    assert done.returncode == 1
    assert "nothing to print, no file was written" in done.stdout + done.stderr
    assert "wrote" not in done.stdout + done.stderr
    assert last.read_text() == "the last good one"


def test_an_approval_without_a_plan_says_that_there_is_none(shop) -> None:
    """In words, with what makes one."""
    told = shop.run("approve", "NOPE")
    assert (told.returncode, told.stdout) == (2, "")
    assert "there is no plan yet" in told.stderr


def test_a_list_of_models_shows_what_their_evaluations_say(shop) -> None:
    """Every figure of the list is one that training leaves beside the model, however little was sold."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(weeks=20)
    rows = [
        f"{day},A-{1 + day % 3},{(start + timedelta(days=day)).isoformat()},{1 + day % 4},{100 - day // 14}.00"
        for day in range(138)
    ]
    (shop.folder / "sales.csv").write_text("\n".join(["order,sku,date,units,price", *rows]) + "\n")
    done = shop.run("sales", "import", "sales.csv")
    assert done.returncode == 0, done.stderr
    shop.run("model", "train")
    (model, *_) = shop.json("model", "list")
    assert model["type"] == "model"
    assert None not in model.values()
    kept = json.loads((shop.folder / "models" / str(model["model"]) / "evaluation.json").read_text())
    assert model.keys() - {"type", "model", "in_use"} <= kept.keys()
