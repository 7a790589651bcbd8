"""The history of the tables."""

HEAD = "0002"  # the revision that this pricewatch needs
