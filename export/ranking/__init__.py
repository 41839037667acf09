"""The model files of the ranking model."""
