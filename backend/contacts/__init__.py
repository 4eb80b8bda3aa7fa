"""Contacts of units: the people whom officials remind; personal data, never public."""
