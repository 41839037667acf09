"""The whole road in one call, and its report."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
