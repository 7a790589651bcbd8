"""What others ask, which product it is, and how pages are found."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
)

from pricewatch.domain.match import MatchKind, MatchStatus
from pricewatch.domain.offer import Availability, Condition, PriceRole, Verdict
from pricewatch.store.columns import Code, Json, Moment, Words
from pricewatch.store.tables.parts import amount, key, known, metadata, text_column

targets = Table(
    "targets",
    metadata,
    key(),
    Column("key", Words, nullable=False, unique=True),
    Column("site", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("sku", Words),
    text_column("etag"),
    text_column("last_modified"),
    Column("seen_at", Moment),
    Column("changed_at", Moment),
    Column("due_at", Moment),
    Column("verdict", Code(Verdict)),
    Column("failures", Integer, nullable=False, server_default="0"),
    text_column("message"),
    Column("run", BigInteger),
    text_column("reader"),
    Index(None, "site", "due_at"),
)

# What a host's answers taught us, so that a pause outlives the process that earned it.
hosts = Table(
    "hosts",
    metadata,
    Column("host", Words, primary_key=True),
    text_column("site"),
    Column("slowness", BigInteger, nullable=False),
    Column("usual", BigInteger, nullable=False),
    Column("held_until", Moment),
    Column("paused_until", Moment),
    text_column("reason"),
    text_column("day"),
    Column("asked", BigInteger, nullable=False),
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Words, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    text_column("refused"),
    Column("until", Moment, nullable=False),
)

items = Table(
    "items",
    metadata,
    key(),
    Column("key", Words, nullable=False, unique=True),
    Column("site", Words, nullable=False),
    Column("item", Words, nullable=False),
    text_column("variant"),
    text_column("url"),
    text_column("title"),
    text_column("brand"),
    text_column("gtin"),
    text_column("mpn"),
    text_column("category"),
    text_column("image_url"),
    Index(None, "site"),
)

# What one seller asks for one item. `observation` is its newest reading (always set when a transaction ends).
# `seen_at` is empty while the target shows it: then the target's own `seen_at` holds.
offers = Table(
    "offers",
    metadata,
    key(),
    Column("key", Words, nullable=False, unique=True),
    Column("item", BigInteger, ForeignKey("items.id"), nullable=False),
    text_column("seller"),
    text_column("terms"),
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
    key(),
    Column("offer", BigInteger, ForeignKey("offers.id"), nullable=False),
    Column("run", BigInteger),
    Column("seen_at", Moment, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("doubtful", Boolean, nullable=False),
    Column("currency", Words),
    amount("price_minor"),
    amount("shipping_minor"),
    amount("was_minor"),
    amount("bid_minor"),
    Column("role", Code(PriceRole), nullable=False),
    Column("availability", Code(Availability), nullable=False),
    Column("condition", Code(Condition), nullable=False),
    Column("bids", BigInteger),
    Column("ends_at", Moment),
    Column("pieces", BigInteger),
    Column("rating", BigInteger),
    Column("tax_included", Boolean),
    Column("featured", Boolean, nullable=False, server_default=false()),
    text_column("url"),
    text_column("page_hash"),
    text_column("source"),
    text_column("selector"),
    text_column("snippet"),
    Column("rejected", Json, nullable=False),
    CheckConstraint("price_minor IS NULL OR currency IS NOT NULL", name="price_has_currency"),
    known("role", PriceRole),
    known("availability", Availability),
    known("condition", Condition),
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
    text_column("released_by"),
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
    key(),
    Column("sku", Words, nullable=False),
    Column("item", BigInteger, ForeignKey("items.id"), nullable=False),
    Column("status", Code(MatchStatus), nullable=False),
    Column("kind", Code(MatchKind), nullable=False),
    Column("factor", Integer, nullable=False),
    Column("probability", Integer, nullable=False),
    text_column("method"),
    Column("reasons", Json, nullable=False),
    Column("decided_by", Words, nullable=False),
    Column("decided_at", Moment),
    UniqueConstraint("sku", "item"),
    CheckConstraint("factor >= 1", name="factor_at_least_one"),
    CheckConstraint("kind <> 'exact' OR factor = 1", name="exact_is_one"),
    known("status", MatchStatus),
    known("kind", MatchKind),
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
    key(),
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
    known("kind", MatchKind),
    Index(None, "item", "sku"),
)

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
