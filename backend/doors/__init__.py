"""Translators between the API and the formats of others; each can be deleted by itself."""
