"""Faults of every kind at random moments while phones post, and what is there afterwards."""
