"""The `edge-bench` command."""
