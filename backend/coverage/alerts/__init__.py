"""Alerts and digests that follow from coverage."""
