"""Makes the modules beside it importable from every folder below."""
