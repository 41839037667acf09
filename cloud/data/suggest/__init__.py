"""An edge.toml for a log that has none yet: what its columns hold, and which role each has."""
