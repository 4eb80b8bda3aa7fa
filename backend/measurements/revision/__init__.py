"""Recomputation of places, verdicts and counts of stored measurements."""
