"""`pricewatch catalogue list`: what we sell, as the catalogue has it."""

from __future__ import annotations

ROWS = """\
sku,name,price,cost,tax,ean
A-1,Wiertarka udarowa,100.00,60.00,23,5901234123457
A-2,Wkrętarka,80.00,,23,
"""


def test_what_was_imported_can_be_looked_at(shop) -> None:
    """All of it, what some words mean, and what no rule prices; a price that was decided stands there, too."""
    (shop.folder / "mine.csv").write_text(ROWS, encoding="utf-8")
    assert shop.run("catalogue", "import", "mine.csv").returncode == 0
    both = shop.json("catalogue", "list")[:-1]
    assert [(row["sku"], row["price"], row["cost"]) for row in both] == [
        ("A-1", "100.00", "60.00"),
        ("A-2", "80.00", None),
    ]
    assert [row["sku"] for row in shop.json("catalogue", "list", "5901234123457")[:-1]] == ["A-1"]
    assert [row["sku"] for row in shop.json("catalogue", "list", "wkret")[:-1]] == ["A-2"]
    assert [row["sku"] for row in shop.json("catalogue", "list", "--not-priced")[:-1]] == ["A-2"]
    assert shop.json("catalogue", "list", "zzz")[-1]["message"] == "0 of 2 products"


def test_an_empty_catalogue_says_how_to_fill_it(shop) -> None:
    """Nothing to show is no error."""
    told = shop.run("catalogue", "list")
    assert told.returncode == 0
    assert "pricewatch catalogue import" in told.stdout + told.stderr
