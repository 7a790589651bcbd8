"""The history of the tables."""

HEAD = "0007"  # the revision that this pricewatch needs
