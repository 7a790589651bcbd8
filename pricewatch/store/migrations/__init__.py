"""The history of the tables."""

HEAD = "0016"  # the revision that this pricewatch needs
