"""The ranking model's edge graph for LiteRT."""
