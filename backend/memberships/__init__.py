"""Volunteers: join codes, memberships, passes, and which team earns a sample."""
