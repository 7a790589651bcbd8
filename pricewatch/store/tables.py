"""The tables. Amounts are BIGINT minor units beside a currency code, times integer microseconds UTC.

What must never be true is refused here as well, by CHECK: a price of 0, a publication below its floor, a state
that does not exist.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from pricewatch.domain.decision import DecisionStatus, Outcome
from pricewatch.domain.listing import OPEN_STATES, PublicationState
from pricewatch.domain.match import MatchKind, MatchStatus
from pricewatch.domain.offer import Availability, Condition, PriceRole, Verdict
from pricewatch.store.columns import Code, Json, Moment, RowId, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _key() -> Column[int]:
    return Column("id", RowId, primary_key=True, autoincrement=True)


def _text(name: str) -> Column[str]:
    return Column(name, Words, nullable=False, server_default="")


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _positive(*names: str) -> CheckConstraint:
    return CheckConstraint(" AND ".join(f"({name} IS NULL OR {name} > 0)" for name in names), name="positive")


def _known(column: str, members: type[StrEnum]) -> CheckConstraint:
    values = ", ".join(f"'{member.value}'" for member in members)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def _within_limits(price: str, *, unless: str) -> tuple[CheckConstraint, ...]:
    """A price that is written somewhere has a floor and lies between its limits."""
    return (
        CheckConstraint(f"{unless} OR floor_minor IS NOT NULL", name="has_floor"),
        CheckConstraint(f"{unless} OR {price} >= floor_minor", name="not_below_floor"),
        CheckConstraint(f"{unless} OR ceiling_minor IS NULL OR {price} <= ceiling_minor", name="not_above_ceiling"),
    )


# --- what we sell ----------------------------------------------------------------------------------------------

AMOUNTS = ("price", "cost", "floor", "ceiling", "rrp", "map_price")  # of a product, each with its own currency


def _amounts() -> list[Column[Any]]:
    return [column for name in AMOUNTS for column in (_amount(f"{name}_minor"), Column(f"{name}_currency", Words))]


products = Table(
    "products",
    metadata,
    Column("sku", Words, primary_key=True),
    Column("position", BigInteger, nullable=False),
    _text("name"),
    Column("tax", Integer, nullable=False),
    *_amounts(),
    Column("stock", BigInteger),
    _text("brand"),
    _text("gtin"),
    _text("mpn"),
    _text("category"),
    _text("supplier"),
    Column("tags", Json, nullable=False),
    Column("kvi", Boolean, nullable=False),
    _text("url"),
    _text("image_url"),
    _text("description"),
    Column("custom", Json, nullable=False),
    _positive("price_minor", "floor_minor", "ceiling_minor", "rrp_minor", "map_price_minor"),
    CheckConstraint("cost_minor IS NULL OR cost_minor >= 0", name="cost_not_negative"),
    CheckConstraint("tax BETWEEN 0 AND 10000", name="tax_known"),
)

# What an import no longer brought: known for its history, and neither priced nor published.
withdrawn = Table(
    "withdrawn",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    Column("since", Moment, nullable=False),
)

# What had been withdrawn and came back, for those who only ask for changes.
returned = Table(
    "returned",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    Column("since", Moment, nullable=False),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("base", Words),
    Column("quote", Words),
    Column("day", Words),
    Column("rate_micros", BigInteger, nullable=False),
    _text("source"),
    PrimaryKeyConstraint("base", "quote", "day"),
    _positive("rate_micros"),
)

freezes = Table(
    "freezes",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    _text("reason"),
    _text("by"),
    Column("until", Moment),
)

# --- what others ask -------------------------------------------------------------------------------------------

targets = Table(
    "targets",
    metadata,
    _key(),
    Column("key", Words, nullable=False, unique=True),
    Column("site", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("sku", Words),
    _text("etag"),
    _text("last_modified"),
    Column("seen_at", Moment),
    Column("changed_at", Moment),
    Column("due_at", Moment),
    Column("verdict", Code(Verdict)),
    Column("failures", Integer, nullable=False, server_default="0"),
    _text("message"),
    Column("run", BigInteger),
    _text("reader"),
    Index(None, "site", "due_at"),
)

# What a host's answers taught us, so that a pause outlives the process that earned it.
hosts = Table(
    "hosts",
    metadata,
    Column("host", Words, primary_key=True),
    _text("site"),
    Column("slowness", BigInteger, nullable=False),
    Column("usual", BigInteger, nullable=False),
    Column("held_until", Moment),
    Column("paused_until", Moment),
    _text("reason"),
    _text("day"),
    Column("asked", BigInteger, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Words, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _text("refused"),
    Column("until", Moment, nullable=False),
)

items = Table(
    "items",
    metadata,
    _key(),
    Column("key", Words, nullable=False, unique=True),
    Column("site", Words, nullable=False),
    Column("item", Words, nullable=False),
    _text("variant"),
    _text("url"),
    _text("title"),
    _text("brand"),
    _text("gtin"),
    _text("mpn"),
    _text("category"),
    _text("image_url"),
    Index(None, "site"),
)

# What one seller asks for one item. `observation` is its newest reading (always set when a transaction ends).
# `seen_at` is empty while the target shows it: then the target's own `seen_at` holds.
offers = Table(
    "offers",
    metadata,
    _key(),
    Column("key", Words, nullable=False, unique=True),
    Column("item", BigInteger, ForeignKey("items.id"), nullable=False),
    _text("seller"),
    _text("terms"),
    Column("target", BigInteger, ForeignKey("targets.id")),
    Column("observation", BigInteger),
    Column("seen_at", Moment),
    Column("gone", Boolean, nullable=False),
    Index(None, "item"),
    Index(None, "target"),
)

# Change points, append-only: a row is written when something changed, and never touched again.
observations = Table(
    "observations",
    metadata,
    _key(),
    Column("offer", BigInteger, ForeignKey("offers.id"), nullable=False),
    Column("run", BigInteger),
    Column("seen_at", Moment, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("doubtful", Boolean, nullable=False),
    Column("currency", Words),
    _amount("price_minor"),
    _amount("shipping_minor"),
    _amount("was_minor"),
    _amount("bid_minor"),
    Column("role", Code(PriceRole), nullable=False),
    Column("availability", Code(Availability), nullable=False),
    Column("condition", Code(Condition), nullable=False),
    Column("bids", BigInteger),
    Column("ends_at", Moment),
    Column("pieces", BigInteger),
    Column("rating", BigInteger),
    Column("tax_included", Boolean),
    _text("url"),
    _text("page_hash"),
    _text("source"),
    _text("selector"),
    _text("snippet"),
    Column("rejected", Json, nullable=False),
    CheckConstraint("price_minor IS NULL OR currency IS NOT NULL", name="price_has_currency"),
    _known("role", PriceRole),
    _known("availability", Availability),
    _known("condition", Condition),
    Index(None, "offer", "id"),
    Index(None, "page_hash"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("observation", BigInteger, ForeignKey("observations.id"), primary_key=True, autoincrement=False),
    Column("reason", Words, nullable=False),
    Column("held_at", Moment, nullable=False),
    Column("released_at", Moment),
    _text("released_by"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("page_hash", Words, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("saved_at", Moment, nullable=False),
    Column("content_type", Words, nullable=False, server_default=""),
)

matches = Table(
    "matches",
    metadata,
    _key(),
    Column("sku", Words, nullable=False),
    Column("item", BigInteger, ForeignKey("items.id"), nullable=False),
    Column("status", Code(MatchStatus), nullable=False),
    Column("kind", Code(MatchKind), nullable=False),
    Column("factor", Integer, nullable=False),
    Column("probability", Integer, nullable=False),
    _text("method"),
    Column("reasons", Json, nullable=False),
    Column("decided_by", Words, nullable=False),
    Column("decided_at", Moment),
    UniqueConstraint("sku", "item"),
    CheckConstraint("factor >= 1", name="factor_at_least_one"),
    CheckConstraint("kind <> 'exact' OR factor = 1", name="exact_is_one"),
    _known("status", MatchStatus),
    _known("kind", MatchKind),
    Index(None, "item", "status"),
)

# What the matching stage knows of an item: `by` is the judge that has seen it as it is now, empty when its text has
# changed since; `before` is the text that it had until then.
judged = Table(
    "judged",
    metadata,
    Column("item", BigInteger, ForeignKey("items.id"), primary_key=True, autoincrement=False),
    Column("by", Words, nullable=False),
    Column("before", Json),
    Index(None, "by"),
)

# The text of each product when the matching stage last looked, as a digest.
indexed = Table(
    "indexed",
    metadata,
    Column("sku", Words, primary_key=True),
    Column("text", Words, nullable=False),
)

# Everything that people ever said of a pair, append-only, with both texts as they were seen.
answers = Table(
    "answers",
    metadata,
    _key(),
    Column("sku", Words, nullable=False),
    Column("item", BigInteger, ForeignKey("items.id"), nullable=False),
    Column("said", Words, nullable=False),
    Column("kind", Code(MatchKind), nullable=False),
    Column("factor", Integer, nullable=False),
    Column("probability", Integer, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ours", Json, nullable=False),
    Column("theirs", Json, nullable=False),
    CheckConstraint("said IN ('accepted', 'rejected', 'suggested', 'withdrawn')", name="said_known"),
    _known("kind", MatchKind),
    Index(None, "item", "sku"),
)

# --- how pages are found -----------------------------------------------------------------------------------------

# Which products were searched for on a site, and when.
searches = Table(
    "searches",
    metadata,
    Column("site", Words),
    Column("sku", Words),
    Column("words", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("found", Integer, nullable=False),
    PrimaryKeyConstraint("site", "sku"),
)

# Pages that are gone, and left alone until they are looked at once more.
retired = Table(
    "retired",
    metadata,
    Column("target", BigInteger, ForeignKey("targets.id"), primary_key=True, autoincrement=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)

# --- what we decide --------------------------------------------------------------------------------------------

plans = Table(
    "plans",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("created_at", Moment, nullable=False),
    Column("rules_hash", Words, nullable=False),
    Column("counts", Json, nullable=False),
    Column("breakers", Json, nullable=False),
    Column("set_aside", Json, nullable=False),
    Column("status", Words, nullable=False),
    Column("reset_at", Moment),
    _text("reset_by"),
    _text("reset_reason"),
    CheckConstraint("status IN ('open', 'applied', 'superseded', 'stopped')", name="status_known"),
)

# `shape` and `numbers` are the reasons (see pricing/reasons.py); those of older plans are written out in `reasons`.
decisions = Table(
    "decisions",
    metadata,
    Column("plan", BigInteger, ForeignKey("plans.number"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    Column("outcome", Code(Outcome), nullable=False),
    Column("status", Code(DecisionStatus), nullable=False),
    Column("currency", Words),
    _amount("current_minor"),
    _amount("proposed_minor"),
    _amount("floor_minor"),
    _amount("ceiling_minor"),
    Column("rank_before", Integer),
    Column("rank_after", Integer),
    Column("margin_before", BigInteger),
    Column("margin_after", BigInteger),
    Column("competitors", Integer, nullable=False),
    Column("reasons", Json, nullable=False),
    _text("decided_by"),
    Column("decided_at", Moment),
    _text("note"),
    _amount("prior_minor"),
    Column("announced_from", Moment),
    Column("announced_until", Moment),
    Column("shape", Integer),
    Column("numbers", LargeBinary),
    PrimaryKeyConstraint("plan", "sku", "price_group"),
    _known("outcome", Outcome),
    _known("status", DecisionStatus),
    CheckConstraint("status <> 'applied' OR proposed_minor > 0", name="positive"),
    *_within_limits("proposed_minor", unless="status <> 'applied'"),
    Index(None, "sku", "plan"),
)

# The reasons of a plan's decisions, with places for the numbers.
shapes = Table(
    "shapes",
    metadata,
    Column("plan", BigInteger, ForeignKey("plans.number"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("lines", Json, nullable=False),
    PrimaryKeyConstraint("plan", "number"),
)

price_list = Table(
    "price_list",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", Moment, nullable=False),
    Column("plan", BigInteger, ForeignKey("plans.number")),
    Column("previous_hash", Words, nullable=False, unique=True),
    Column("hash", Words, nullable=False, unique=True),
)

price_entries = Table(
    "price_entries",
    metadata,
    Column("version", BigInteger, ForeignKey("price_list.version"), nullable=False),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    Column("currency", Words, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax", Integer, nullable=False),
    _amount("floor_minor"),
    _amount("ceiling_minor"),
    Column("plan", BigInteger, nullable=False),
    _text("reason"),
    _text("approved_by"),
    Column("valid_from", Moment, nullable=False),
    Column("adopted", Boolean, nullable=False),
    _amount("prior_minor"),
    Column("announced_from", Moment),
    Column("announced_until", Moment),
    _amount("loyalty_minor"),
    _amount("coupon_minor"),
    Column("coupon_code", Words),
    _amount("unit_minor"),
    Column("unit_per", Words),
    Column("valid_to", Moment),
    Column("run", BigInteger),
    PrimaryKeyConstraint("version", "sku", "price_group"),
    _positive("gross_minor", "prior_minor"),
    *_within_limits("gross_minor", unless="adopted"),
    CheckConstraint("prior_minor IS NULL OR gross_minor < prior_minor", name="reduction_is_one"),
    Index(None, "price_group", "sku", "version"),
)

# Versions that a person let go to all listings, although the first ones did not all take their prices.
releases = Table(
    "releases",
    metadata,
    Column("version", BigInteger, ForeignKey("price_list.version"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
)

own_prices = Table(
    "own_prices",
    metadata,
    _key(),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    _text("channel"),
    Column("currency", Words, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("source", Words, nullable=False),
    Column("announced", Boolean, nullable=False),
    _positive("gross_minor"),
    CheckConstraint("source IN ('catalogue', 'price_list', 'channel')", name="source_known"),
    Index(None, "price_group", "channel", "sku", "since", "id"),
)

# --- what channels show ----------------------------------------------------------------------------------------

publications = Table(
    "publications",
    metadata,
    _key(),
    Column("channel", Words, nullable=False),
    Column("remote_id", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("version", BigInteger, ForeignKey("price_list.version"), nullable=False),
    Column("currency", Words, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("tax", Integer, nullable=False),
    _amount("floor_minor"),
    _amount("ceiling_minor"),
    _amount("previous_minor"),
    Column("adopted", Boolean, nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("state", Code(PublicationState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    _amount("observed_minor"),
    Column("observed_currency", Words),
    _text("message"),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("checked_at", Moment),
    Column("next_at", Moment),
    Column("lease_until", Moment),
    Column("matching_reads", Integer, nullable=False),
    _positive("price_minor"),
    *_within_limits("price_minor", unless="adopted"),
    _known("state", PublicationState),
    Index(None, "sku"),
)
Index(
    "uq_publications_latest",
    publications.c.channel,
    publications.c.remote_id,
    unique=True,
    sqlite_where=publications.c.latest,
    postgresql_where=publications.c.latest,
)

OPEN = text(f"latest AND state IN ({', '.join(repr(state.value) for state in sorted(OPEN_STATES))})")
"""What is still on its way, in the very words of the index below: only so does the database use it."""

Index(
    "ix_publications_open",
    publications.c.channel,
    publications.c.version,
    publications.c.id,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

listings = Table(
    "listings",
    metadata,
    Column("channel", Words, nullable=False),
    Column("remote_id", Words, nullable=False),
    Column("sku", Words, nullable=False),
    _amount("price_minor"),
    Column("price_currency", Words),
    _amount("sale_minor"),
    Column("sale_currency", Words),
    _text("name"),
    _text("url"),
    Column("active", Boolean, nullable=False),
    Column("seen_at", Moment, nullable=False),
    PrimaryKeyConstraint("channel", "remote_id"),
    Index(None, "sku"),
)

# --- what ran --------------------------------------------------------------------------------------------------

runs = Table(
    "runs",
    metadata,
    _key(),
    Column("stage", Words, nullable=False),
    _text("detail"),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("status", Words, nullable=False),
    Column("counts", Json, nullable=False),
    Column("set_aside", Json, nullable=False),
    _text("message"),
    CheckConstraint("status IN ('running', 'ok', 'partly', 'failed', 'interrupted')", name="status_known"),
)

slots = Table(
    "slots",
    metadata,
    Column("schedule", Words),
    Column("slot", Moment),
    Column("claimed_at", Moment, nullable=False),
    PrimaryKeyConstraint("schedule", "slot"),
)

stops = Table(
    "stops",
    metadata,
    _key(),
    Column("at", Moment, nullable=False),
    _text("by"),
    _text("reason"),
    Column("resumed_at", Moment),
    _text("resumed_by"),
)

audit = Table(
    "audit",
    metadata,
    _key(),
    Column("at", Moment, nullable=False),
    Column("event", Words, nullable=False),
    _text("by"),
    _text("detail"),
)

usage = Table(
    "channel_usage",
    metadata,
    Column("account", Words),
    Column("key", Words),
    Column("seconds", BigInteger),
    Column("slot", BigInteger),
    Column("used", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    PrimaryKeyConstraint("account", "key", "seconds", "slot"),
    Index(None, "ends"),
)

sales = Table(
    "sales",
    metadata,
    _key(),
    Column("source", Words, nullable=False),
    Column("reference", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("sold_at", Moment, nullable=False),
    Column("units", BigInteger, nullable=False),
    _amount("paid_minor"),
    Column("currency", Words),
    Column("promotion", Boolean, nullable=False),
    CheckConstraint("units <> 0", name="some"),
    _positive("paid_minor"),
    UniqueConstraint("source", "reference"),
    Index(None, "sold_at", "sku"),
)

outages = Table(
    "outages",
    metadata,
    _key(),
    Column("sku", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("out", Boolean, nullable=False),
    Index(None, "sku"),
)


def create_all(connection: Connection, revision: str) -> None:
    """Make all tables at once and note their revision: what the migrations lead to, without their history."""
    metadata.create_all(connection)
    key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
