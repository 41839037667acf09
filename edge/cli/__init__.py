"""The `edge` and `edge-bench` commands; nothing else in edge parses arguments."""
