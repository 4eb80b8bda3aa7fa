"""Parallel execution of long work on this machine, and what commands print."""
