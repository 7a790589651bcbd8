"""Everything pricewatch started with."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _audit()
    _evidence()
    _exchange_rates()
    _items()
    _listings()
    _own_prices()
    _plans()
    _products()
    _runs()
    _slots()
    _stops()
    _targets()
    _decisions()
    _freezes()
    _matches()
    _offers()
    _price_list()
    _observations()
    _price_entries()
    _publications()
    _quarantine()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("page_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("page_hash", name=op.f("pk_evidence")),
    )


def _exchange_rates() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rate_micros", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(rate_micros IS NULL OR rate_micros > 0)", name=op.f("ck_exchange_rates_positive")),
        sa.PrimaryKeyConstraint("base", "quote", "day", name=op.f("pk_exchange_rates")),
    )


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("gtin", sa.Text(), server_default="", nullable=False),
        sa.Column("mpn", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("image_url", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("key", name=op.f("uq_items_key")),
    )
    op.create_index(op.f("ix_items_site"), "items", ["site"], unique=False)


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("sale_minor", sa.BigInteger(), nullable=True),
        sa.Column("sale_currency", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "remote_id", name=op.f("pk_listings")),
    )
    op.create_index(op.f("ix_listings_sku"), "listings", ["sku"], unique=False)


def _own_prices() -> None:
    op.create_table(
        "own_prices",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.CheckConstraint("source IN ('catalogue', 'price_list', 'channel')", name=op.f("ck_own_prices_source_known")),
        sa.CheckConstraint("(gross_minor IS NULL OR gross_minor > 0)", name=op.f("ck_own_prices_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_prices")),
    )
    op.create_index(
        op.f("ix_own_prices_price_group_channel_sku_since_id"),
        "own_prices",
        ["price_group", "channel", "sku", "since", "id"],
        unique=False,
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("number", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("breakers", sa.Text(), nullable=False),
        sa.Column("set_aside", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reset_at", sa.BigInteger(), nullable=True),
        sa.Column("reset_by", sa.Text(), server_default="", nullable=False),
        sa.Column("reset_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'applied', 'superseded', 'stopped')", name=op.f("ck_plans_status_known")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_plans")),
    )


def _products() -> None:
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("cost_currency", sa.Text(), nullable=True),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("floor_currency", sa.Text(), nullable=True),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_currency", sa.Text(), nullable=True),
        sa.Column("rrp_minor", sa.BigInteger(), nullable=True),
        sa.Column("rrp_currency", sa.Text(), nullable=True),
        sa.Column("map_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("map_price_currency", sa.Text(), nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("gtin", sa.Text(), server_default="", nullable=False),
        sa.Column("mpn", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("kvi", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("image_url", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("custom", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(price_minor IS NULL OR price_minor > 0) AND (floor_minor IS NULL OR floor_minor > 0) AND "
            "(ceiling_minor IS NULL OR ceiling_minor > 0) AND (rrp_minor IS NULL OR rrp_minor > 0) AND "
            "(map_price_minor IS NULL OR map_price_minor > 0)",
            name=op.f("ck_products_positive"),
        ),
        sa.CheckConstraint("cost_minor IS NULL OR cost_minor >= 0", name=op.f("ck_products_cost_not_negative")),
        sa.CheckConstraint("tax BETWEEN 0 AND 10000", name=op.f("ck_products_tax_known")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("set_aside", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "status IN ('running', 'ok', 'partly', 'failed', 'interrupted')", name=op.f("ck_runs_status_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )


def _slots() -> None:
    op.create_table(
        "slots",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", "slot", name=op.f("pk_slots")),
    )


def _stops() -> None:
    op.create_table(
        "stops",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.Column("resumed_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
    )


def _targets() -> None:
    op.create_table(
        "targets",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("last_modified", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
        sa.UniqueConstraint("key", name=op.f("uq_targets_key")),
    )
    op.create_index(op.f("ix_targets_site_due_at"), "targets", ["site", "due_at"], unique=False)


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("plan", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("current_minor", sa.BigInteger(), nullable=True),
        sa.Column("proposed_minor", sa.BigInteger(), nullable=True),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=True),
        sa.Column("rank_before", sa.Integer(), nullable=True),
        sa.Column("rank_after", sa.Integer(), nullable=True),
        sa.Column("margin_before", sa.BigInteger(), nullable=True),
        sa.Column("margin_after", sa.BigInteger(), nullable=True),
        sa.Column("competitors", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("outcome IN ('raise', 'cut', 'keep', 'hold')", name=op.f("ck_decisions_outcome_known")),
        sa.CheckConstraint(
            "status <> 'applied' OR ceiling_minor IS NULL OR proposed_minor <= ceiling_minor",
            name=op.f("ck_decisions_not_above_ceiling"),
        ),
        sa.CheckConstraint("status <> 'applied' OR floor_minor IS NOT NULL", name=op.f("ck_decisions_has_floor")),
        sa.CheckConstraint("status <> 'applied' OR proposed_minor > 0", name=op.f("ck_decisions_positive")),
        sa.CheckConstraint(
            "status <> 'applied' OR proposed_minor >= floor_minor", name=op.f("ck_decisions_not_below_floor")
        ),
        sa.CheckConstraint(
            "status IN ('none', 'pending', 'approved', 'rejected', 'applied')", name=op.f("ck_decisions_status_known")
        ),
        sa.ForeignKeyConstraint(["plan"], ["plans.number"], name=op.f("fk_decisions_plan")),
        sa.PrimaryKeyConstraint("plan", "sku", "price_group", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_sku_plan"), "decisions", ["sku", "plan"], unique=False)


def _freezes() -> None:
    op.create_table(
        "freezes",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_freezes_sku")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_freezes")),
    )


def _matches() -> None:
    op.create_table(
        "matches",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("factor", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind <> 'exact' OR factor = 1", name=op.f("ck_matches_exact_is_one")),
        sa.CheckConstraint("kind IN ('exact', 'pack', 'equivalent')", name=op.f("ck_matches_kind_known")),
        sa.CheckConstraint("status IN ('suggested', 'accepted', 'rejected')", name=op.f("ck_matches_status_known")),
        sa.CheckConstraint("factor >= 1", name=op.f("ck_matches_factor_at_least_one")),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("fk_matches_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("sku", "item", name=op.f("uq_matches_sku_item")),
    )
    op.create_index(op.f("ix_matches_item_status"), "matches", ["item", "status"], unique=False)


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("seller", sa.Text(), server_default="", nullable=False),
        sa.Column("terms", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("observation", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("fk_offers_item")),
        sa.ForeignKeyConstraint(["target"], ["targets.id"], name=op.f("fk_offers_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("key", name=op.f("uq_offers_key")),
    )
    op.create_index(op.f("ix_offers_item"), "offers", ["item"], unique=False)
    op.create_index(op.f("ix_offers_target"), "offers", ["target"], unique=False)


def _price_list() -> None:
    op.create_table(
        "price_list",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.BigInteger(), nullable=True),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plans.number"], name=op.f("fk_price_list_plan")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_list")),
        sa.UniqueConstraint("hash", name=op.f("uq_price_list_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_price_list_previous_hash")),
    )


def _observations() -> None:
    op.create_table(
        "observations",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("offer", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=True),
        sa.Column("was_minor", sa.BigInteger(), nullable=True),
        sa.Column("bid_minor", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("availability", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("bids", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("pieces", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.BigInteger(), nullable=True),
        sa.Column("tax_included", sa.Boolean(), nullable=True),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("page_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("selector", sa.Text(), server_default="", nullable=False),
        sa.Column("snippet", sa.Text(), server_default="", nullable=False),
        sa.Column("rejected", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "availability IN ('in_stock', 'out_of_stock', 'pre_order', 'back_order', 'unknown')",
            name=op.f("ck_observations_availability_known"),
        ),
        sa.CheckConstraint(
            "condition IN ('new', 'open_box', 'refurbished', 'used', 'unknown')",
            name=op.f("ck_observations_condition_known"),
        ),
        sa.CheckConstraint(
            "role IN ('regular', 'sale', 'coupon', 'club', 'store_card', 'instalment', 'unit', 'was', "
            "'lowest_30_days', 'shipping', 'from', 'bid', 'other_product')",
            name=op.f("ck_observations_role_known"),
        ),
        sa.CheckConstraint(
            "price_minor IS NULL OR currency IS NOT NULL", name=op.f("ck_observations_price_has_currency")
        ),
        sa.ForeignKeyConstraint(["offer"], ["offers.id"], name=op.f("fk_observations_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
    )
    op.create_index(op.f("ix_observations_offer_id"), "observations", ["offer", "id"], unique=False)
    op.create_index(op.f("ix_observations_page_hash"), "observations", ["page_hash"], unique=False)


def _price_entries() -> None:
    op.create_table(
        "price_entries",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=True),
        sa.Column("plan", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("approved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("prior_minor", sa.BigInteger(), nullable=True),
        sa.Column("announced_from", sa.BigInteger(), nullable=True),
        sa.Column("announced_until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(gross_minor IS NULL OR gross_minor > 0) AND (prior_minor IS NULL OR prior_minor > 0)",
            name=op.f("ck_price_entries_positive"),
        ),
        sa.CheckConstraint(
            "adopted OR ceiling_minor IS NULL OR gross_minor <= ceiling_minor",
            name=op.f("ck_price_entries_not_above_ceiling"),
        ),
        sa.CheckConstraint("adopted OR floor_minor IS NOT NULL", name=op.f("ck_price_entries_has_floor")),
        sa.CheckConstraint("adopted OR gross_minor >= floor_minor", name=op.f("ck_price_entries_not_below_floor")),
        sa.CheckConstraint(
            "prior_minor IS NULL OR gross_minor < prior_minor", name=op.f("ck_price_entries_reduction_is_one")
        ),
        sa.ForeignKeyConstraint(["version"], ["price_list.version"], name=op.f("fk_price_entries_version")),
        sa.PrimaryKeyConstraint("version", "sku", "price_group", name=op.f("pk_price_entries")),
    )
    op.create_index(
        op.f("ix_price_entries_price_group_sku_version"),
        "price_entries",
        ["price_group", "sku", "version"],
        unique=False,
    )


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_minor", sa.BigInteger(), nullable=True),
        sa.Column("previous_minor", sa.BigInteger(), nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("observed_minor", sa.BigInteger(), nullable=True),
        sa.Column("observed_currency", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("matching_reads", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'unknown', 'verified', 'drifted', 'refused', 'unrepresentable', "
            "'superseded')",
            name=op.f("ck_publications_state_known"),
        ),
        sa.CheckConstraint("(price_minor IS NULL OR price_minor > 0)", name=op.f("ck_publications_positive")),
        sa.CheckConstraint(
            "adopted OR ceiling_minor IS NULL OR price_minor <= ceiling_minor",
            name=op.f("ck_publications_not_above_ceiling"),
        ),
        sa.CheckConstraint("adopted OR floor_minor IS NOT NULL", name=op.f("ck_publications_has_floor")),
        sa.CheckConstraint("adopted OR price_minor >= floor_minor", name=op.f("ck_publications_not_below_floor")),
        sa.ForeignKeyConstraint(["version"], ["price_list.version"], name=op.f("fk_publications_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index(op.f("ix_publications_sku"), "publications", ["sku"], unique=False)
    op.create_index(
        "uq_publications_latest",
        "publications",
        ["channel", "remote_id"],
        unique=True,
        sqlite_where=sa.text("latest"),
        postgresql_where=sa.text("latest"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("observation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["observation"], ["observations.id"], name=op.f("fk_quarantine_observation")),
        sa.PrimaryKeyConstraint("observation", name=op.f("pk_quarantine")),
    )
