"""The engines of the ranking model; ENGINE.md is normative."""
