"""The history of the tables."""

HEAD = "0001"  # the revision that this pricewatch needs
