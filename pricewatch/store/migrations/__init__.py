"""The history of the tables."""

HEAD = "0018"  # the revision that this pricewatch needs
