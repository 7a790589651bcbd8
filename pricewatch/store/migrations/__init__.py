"""The history of the tables."""

HEAD = "0014"  # the revision that this pricewatch needs
