"""Installations of the app: registration, consent, tokens."""
