"""Pruning and integer weights of the ranking model over entries, and one table over its whole road."""
