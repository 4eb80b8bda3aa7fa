"""Alerts and digests derived from coverage."""
