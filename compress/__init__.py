"""Gradual pruning, then weights of 8 or 4 bits."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
