"""Signals of gaming, for people to review."""
