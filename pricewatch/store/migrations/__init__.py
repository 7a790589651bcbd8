"""The history of the tables."""

HEAD = "0006"  # the revision that this pricewatch needs
