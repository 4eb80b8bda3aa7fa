"""Signals of gaming, for review by people."""
