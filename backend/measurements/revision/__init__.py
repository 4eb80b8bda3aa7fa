"""Recomputing what follows from stored measurements: places, verdicts, counts."""
