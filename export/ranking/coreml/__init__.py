"""The ranking model's edge graph for Core ML."""
