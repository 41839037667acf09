"""The full model and its training."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
