"""The history of the tables."""

HEAD = "0013"  # the revision that this pricewatch needs
