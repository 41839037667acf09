"""Users, summaries and scores of the ranking model on a device."""
