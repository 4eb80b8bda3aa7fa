"""Invitations of officials from one list."""
