"""Run directories: how stages hand results to each other, one process at a time, nothing removed unasked."""
