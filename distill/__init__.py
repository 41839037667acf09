"""Teacher to student: summaries of texts, MiniLM relations, then scores."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
