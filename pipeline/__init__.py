"""The whole road in one call, and its report."""
