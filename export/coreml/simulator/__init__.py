"""Runs a converted Core ML program on any machine, so that its numbers can be checked without an Apple device."""
