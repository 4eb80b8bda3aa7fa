"""Volunteers, join codes, memberships; `attribution.py`, which team earns a sample."""
