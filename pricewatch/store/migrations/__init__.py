"""The history of the tables."""

HEAD = "0017"  # the revision that this pricewatch needs
