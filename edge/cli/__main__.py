"""`python -m edge.cli`: the `edge` command."""

from edge.cli.main import main

if __name__ == "__main__":
    main()
