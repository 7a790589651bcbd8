"""The history of the tables."""

HEAD = "0004"  # the revision that this pricewatch needs
