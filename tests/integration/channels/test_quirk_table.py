"""Every measured quirk of sales channels, and the test that shows that it is refused before sending or seen after."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
UNIT = HERE.parents[1] / "unit" / "channels"
WOO, PRESTA = "shops/test_woocommerce_quirks.py", "shops/test_prestashop_quirks.py"
VENDURE, MEDUSA, SALEOR = (f"shops/test_{name}.py" for name in ("vendure", "medusa", "saleor"))
MARKETS = "marketplaces/test_{}.py"

TABLE = {
    "WooCommerce stores 83,99 as 8399": (WOO, "a_comma_is_dropped"),
    "WooCommerce: abc leaves no price": (WOO, "words_leave_no_price"),
    "WooCommerce: an empty price is none": (WOO, "nothing_leaves_no_price"),
    "WooCommerce stores 1e3 as 13": (WOO, "an_exponent_is_torn_apart"),
    "WooCommerce takes -5": (WOO, "below_zero_is_taken"),
    "WooCommerce stores 1 299.00 as 1299.00": (WOO, "a_blank_between_thousands_is_dropped"),
    "none of these forms is ever sent": (WOO, "none_of_these_is_ever_sent"),
    "WooCommerce: a number is 400 alone and taken in a batch": (WOO, "a_number_is_refused_alone_and_taken_in_a_batch"),
    "WooCommerce drops a sale price that is no reduction": (WOO, "a_sale_that_is_none_is_dropped_without_a_word"),
    "WooCommerce ignores unknown fields": (WOO, "unknown_fields_are_ignored"),
    "WooCommerce: an old sale goes on below a rise": (WOO, "a_raised_regular_price_leaves_the_old_sale_selling"),
    "WooCommerce: _fields empties the answer of a batch": (WOO, "fields_make_a_batch_answer_empty"),
    "WooCommerce: sale dates switch up to a day late": (WOO, "sale_dates_do_not_switch_on_time"),
    "WooCommerce: an error inside a 200": (WOO, "one_bad_item_in_a_batch_is_an_error_inside_a_200"),
    "WooCommerce: a killed worker did a part": (WOO, "a_killed_worker_leaves_a_batch_half_done"),
    "WooCommerce: a client that gave up had all applied": (WOO, "a_client_that_gave_up_had_everything_applied"),
    "WooCommerce: Basic over http is 401": (WOO, "basic_over_plain_http_is_refused"),
    "WooCommerce: the same write twice is a change": (WOO, "the_same_write_twice_is_a_change_there"),
    "WooCommerce: 101 items are 413": (WOO, "more_than_a_hundred_items_are_too_many"),
    "WooCommerce adds tax at the checkout": (WOO, "a_shop_that_adds_tax_at_the_checkout_is_not_written_with_tax"),
    "WooCommerce sells in its own currency": (WOO, "a_shop_in_another_currency_is_not_written"),
    "PrestaShop: a partial body is 400": (PRESTA, "part_of_an_object_is_refused"),
    "PrestaShop: PATCH is 405": (PRESTA, "patch_is_not_allowed"),
    "PrestaShop: derived fields cannot be written back": (PRESTA, "what_was_read_cannot_be_written_as_it_is"),
    "PrestaShop: prices are net with six decimals": (PRESTA, "prices_are_net_with_six_decimals"),
    "PrestaShop: a stale PUT reverts another editor": (PRESTA, "a_stale_put_reverts_what_another_editor_did"),
    "PrestaShop refuses 83,99, -5 and abc": (PRESTA, "careless_prices_are_refused"),
    "PrestaShop takes 0": (PRESTA, "zero_is_taken"),
    "PrestaShop tells gross prices when asked": (PRESTA, "gross_prices_are_asked_for"),
    "PrestaShop: sales are specific prices": (PRESTA, "a_specific_price_sells_another_price"),
    "PrestaShop: a specific price twice is 500": (PRESTA, "a_specific_price_twice_is_an_internal_error"),
    "PrestaShop answers 500 after saving": (PRESTA, "an_internal_error_after_saving"),
    "PrestaShop sells in its own currency": (PRESTA, "a_shop_in_another_currency_is_not_written"),
    "net shops tax a listing by another rate than ours": (
        "shops/test_tax_classes.py", "test_a_price_is_written_by_the_rate_of_the_listing_or_not_at_all",
    ),
    "Vendure: whole minor units": (VENDURE, "test_a_price_goes_with_its_currency_in_whole_minor_units"),
    "Vendure: one unknown id rolls a batch back": (
        VENDURE, "test_one_unknown_variant_rolls_its_batch_back_and_the_rest_is_sent_again",
    ),
    "Vendure takes zero and less": (VENDURE, "test_what_is_not_above_zero_is_taken_there_and_seen"),
    "Vendure: the search index lags behind": (VENDURE, "test_a_search_index_that_lags_behind_is_not_what_is_read_back"),
    "Vendure: net 129.99 becomes 130.00": (VENDURE, "test_a_net_channel_says_which_prices_it_cannot_show"),
    "Medusa: prices replace those of other currencies": (
        MEDUSA, "test_prices_in_other_currencies_regions_and_quantities_stay_as_they_are",
    ),
    "Medusa: binary fractions": (MEDUSA, "test_binary_fractions_that_others_left_are_read_as_what_a_buyer_sees"),
    "Medusa takes the currency zzz": (MEDUSA, "test_a_currency_that_is_none_is_taken_there_and_kept"),
    "Medusa takes less than zero": (MEDUSA, "test_an_amount_below_zero_is_seen_as_what_it_is"),
    "Medusa: sales are price lists": (MEDUSA, "test_a_price_list_that_makes_another_price_sell_is_seen_and_named"),
    "Medusa: price lists have dates": (MEDUSA, "test_a_price_list_that_starts_later_is_seen_before_it_starts"),
    "Medusa adds tax at the checkout": (MEDUSA, "test_prices_are_written_on_the_tax_side_of_the_shop_alone"),
    "Saleor rejects failed rows alone": (SALEOR, "test_keeps_the_promises_of_every_channel"),
    "Saleor has a prior price": (
        SALEOR, "test_an_announced_reduction_is_told_with_its_prior_price_and_ends_with_it",
    ),
    "net with two decimals misses one price of five": (
        UNIT / "test_form.py", "test_how_many_gross_prices_a_net_channel_with_two_decimals_cannot_show",
    ),
    "net with four decimals misses none": (
        UNIT / "test_form.py", "test_net_with_four_or_more_decimals_shows_every_price",
    ),
    "Allegro: a rule for many offers, 25 mixed": (
        MARKETS.format("allegro"), "test_offers_of_one_price_go_by_one_rule_and_the_rest_mixed",
    ),
    "Allegro: a command's number is used once": (
        MARKETS.format("allegro"), "test_a_price_that_somebody_changed_back_is_sent_again",
    ),
    "Allegro: 201 is queued": (
        MARKETS.format("allegro"), "test_a_command_that_stays_queued_is_unknown_and_found_again_later",
    ),
    "Allegro: changes an hour": (
        MARKETS.format("allegro"), "test_a_run_that_would_go_over_the_hour_waits_for_a_later_one",
    ),
    "eBay: 25 offers a call": (MARKETS.format("ebay"), "test_25_offers_go_in_one_request"),
    "eBay: 250 revisions a day": (MARKETS.format("ebay"), "test_a_listing_is_not_revised_more_often_than_ebay_takes"),
    "eBay: a status for each offer": (MARKETS.format("ebay"), "test_each_offer_has_its_own_status"),
    "Amazon: accepted is not applied": (MARKETS.format("amazon"), "test_accepted_is_not_applied"),
    "Amazon: a preview is a dry run": (
        MARKETS.format("amazon"), "test_a_price_that_the_preview_calls_invalid_is_never_sent",
    ),
    "Amazon: few patches, or one feed": (MARKETS.format("amazon"), "test_few_prices_are_patches_and_many_are_one_feed"),
    "Shopify: no inside a 200": ("shops/test_shopify.py", "test_a_refused_variant_inside_a_200_is_refused_alone"),
    "Shopify: a bucket of points": ("shops/test_shopify.py", "test_an_empty_bucket_is_waited_for_and_nothing_is_lost"),
    "Magento answers the failed ones alone": (
        "shops/test_magento.py", "test_the_answer_names_the_failed_ones_alone_and_the_rest_is_taken",
    ),
    "BaseLinker: a hundred requests a minute": (
        MARKETS.format("baselinker"), "test_two_processes_share_the_hundred_requests_a_minute",
    ),
    "BigCommerce: a bad record refuses itself alone": (
        MARKETS.format("bigcommerce"), "test_one_bad_record_in_a_batch_refuses_itself_alone",
    ),
    "Mirakl: a price import keeps no other prices": (
        MARKETS.format("mirakl"), "test_an_offer_with_prices_by_channel_is_refused_before_it_loses_them",
    ),
    "Google: sale dates with their zone": (
        UNIT / "test_feed_formats.py", "test_an_announced_reduction_is_googles_sale_price",
    ),
    "Ceneo's form": (UNIT / "test_feeds.py", "test_ceneo_is_what_the_description_says"),
    "idealo's columns": (UNIT / "test_feed_formats.py", "test_idealo_has_a_column_for_each_cost"),
    "a label answers minutes later": ("offline/test_labels.py", "test_a_label_that_says_nothing_shows_nothing"),
}  # fmt: skip


@cache
def _functions(path: Path) -> frozenset[str]:
    return frozenset(n.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef))


def test_every_measured_quirk_has_a_test_that_shows_it():
    """Whoever takes such a test away has to say here what shows the quirk instead."""
    gone = {quirk: name for quirk, (place, name) in TABLE.items() if name not in _functions(HERE / place)}
    assert not gone
