"""`pricewatch price`: a price for whoever is asked for one."""

from __future__ import annotations


def test_a_price_is_told_in_every_shape(shop) -> None:
    """As fields, as JSON lines and as one message; only from the price list on."""
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    sku = shop.json("price", "4006381333931")[0]["sku"]
    assert shop.json("price", sku)[0]["price"] is None
    assert shop.run("plan").returncode == 0
    assert shop.run("apply").returncode == 0
    known = shop.json("price", sku)[0]
    assert (known["type"], known["currency"], known["version"]) == ("price", "PLN", 1)
    told = shop.run("price", "--text", sku)
    assert told.stdout.startswith(f"{known['name']} ({sku}): {known['price'].replace('.', ',')} zł.")
    assert told.stdout.count("\n") == 1
    nothing = shop.run("price", "--text", "zzzzqqqq")
    assert (nothing.returncode, nothing.stdout) == (1, "Nie ma produktu „zzzzqqqq”.\n")
    assert shop.run("price", "--group", "nowhere", sku).returncode == 2
