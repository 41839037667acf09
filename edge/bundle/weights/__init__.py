"""The weights of a bundle: each parameter once, entropy-coded. Format: edge/bundle/weights/FORMAT.md."""
