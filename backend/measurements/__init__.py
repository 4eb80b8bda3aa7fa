"""Measurements: recorded, imported, archived, revised, corrected, withdrawn."""
