"""The history of the tables."""

HEAD = "0009"  # the revision that this pricewatch needs
