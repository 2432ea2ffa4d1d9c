"""How few is too few to be told of."""

LEAST = 10
"""Customers: what fewer of them did is not shown to teams, and nowhere under [project] privacy = "strict"."""
