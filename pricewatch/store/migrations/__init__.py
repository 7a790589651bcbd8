"""The history of the tables."""

HEAD = "0008"  # the revision that this pricewatch needs
