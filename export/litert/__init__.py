"""LiteRT files, written by hand."""
