"""Contacts of units' offices, kept by their officials; personal data, never public."""
