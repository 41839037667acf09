"""The full model and its training."""
