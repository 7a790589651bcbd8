"""The history of the tables."""

HEAD = "0011"  # the revision that this pricewatch needs
