"""The `.edge` file: archive, manifest, weights, signature, installation."""
