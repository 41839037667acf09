"""`python -m edge.cli.bench`: the `edge-bench` command."""

from edge.cli.bench.main import main

if __name__ == "__main__":
    main()
