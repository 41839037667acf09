"""The road of the ranking model over entries, and the verdict on what it made."""
