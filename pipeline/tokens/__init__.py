"""The road of the model over tokens, to a bundle for apps."""
