"""`python -m edge.cli.bench`: the `edge-bench` command."""

from edge.cli.bench.main import main

main()
