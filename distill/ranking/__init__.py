"""A ranking model learns from another: its summaries of texts, relations between entries, scores."""
