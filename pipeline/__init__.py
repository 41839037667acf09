"""All stages in one call, and their report."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
