"""What is in a bundle, where its bytes go, and what changed from one to the next."""
