"""The history of the tables."""

HEAD = "0015"  # the revision that this pricewatch needs
