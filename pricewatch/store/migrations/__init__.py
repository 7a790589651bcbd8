"""The history of the tables."""

HEAD = "0005"  # the revision that this pricewatch needs
