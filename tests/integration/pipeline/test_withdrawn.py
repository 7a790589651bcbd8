"""What the catalogue no longer has is neither repriced nor published, and comes back as it went."""

from __future__ import annotations

from dataclasses import replace

from pricewatch.domain.errors import SetAside
from pricewatch.pipeline.catalogue import import_catalogue
from pricewatch.pipeline.plan import plan


def everything(bench):
    """The catalogue as a list."""
    return list(bench.store.catalogue.load().products.values())


def roomy(bench):
    """A shop whose imports may withdraw half of the catalogue."""
    return replace(bench, max_shrink=50)


def test_a_product_that_an_import_does_not_bring_is_not_priced_any_more(bench) -> None:
    """It is counted as withdrawn, the next plan leaves it out, and asking for it says that it is not there."""
    first, *rest = everything(bench)
    report = import_catalogue(roomy(bench), rest, source="test")
    assert (report.status, report.counts["withdrawn"]) == ("ok", 1)
    assert first.sku not in {decision.proposal.sku for decision in plan(bench).decisions}
    assert bench.store.catalogue.get(first.sku) is None
    assert import_catalogue(roomy(bench), rest, source="test").counts.get("withdrawn", 0) == 0


def test_it_comes_back_with_the_next_import_that_has_it(bench) -> None:
    """In its old place, and it is priced again."""
    before = everything(bench)
    import_catalogue(roomy(bench), before[1:], source="test")
    import_catalogue(bench, before, source="test")
    assert everything(bench) == before
    assert before[0].sku in {decision.proposal.sku for decision in plan(bench).decisions}


def test_a_file_that_lacks_most_of_the_catalogue_withdraws_nothing(bench) -> None:
    """Half a file is more likely than half a shop: it is reported with what to do, and everything stays."""
    before = everything(bench)
    report = import_catalogue(bench, before[:1], source="half.csv")
    (aside,) = report.set_aside
    assert aside.reason == f"{len(before) - 1} of {len(before)} products are not in it; they stay as they were"
    assert "max_shrink" in aside.hint
    assert everything(bench) == before


def test_a_row_that_cannot_be_used_does_not_withdraw_its_product(bench) -> None:
    """A broken price is no sign that the product is gone."""
    first, *rest = everything(bench)
    import_catalogue(roomy(bench), [SetAside("catalogue", first.sku, "no price"), *rest], source="test")
    assert bench.store.catalogue.get(first.sku) == first
