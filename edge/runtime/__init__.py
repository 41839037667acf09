"""Opens a bundle, keeps users, ranks candidates within a budget."""
