"""The history of the tables."""

HEAD = "0012"  # the revision that this pricewatch needs
