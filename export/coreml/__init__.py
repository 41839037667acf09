"""Core ML packages, built from our integers, and a numpy interpreter that runs them."""
