"""Golden requests: what every runtime must reproduce, and whether one does."""
