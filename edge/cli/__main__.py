"""`python -m edge.cli`: the `edge` command."""

from edge.cli.main import main

main()
