"""The history of the tables."""

HEAD = "0010"  # the revision that this pricewatch needs
