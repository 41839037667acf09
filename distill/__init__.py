"""Teacher to student: MiniLM relations, then scores."""
