"""The teachers, the ranking model and the full model of every token, and their training."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
