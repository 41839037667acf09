"""What a gate or a comparison found, as people, CI servers and pull requests read it."""
