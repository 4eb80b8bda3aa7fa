"""Sealed reports of other servers: sources, collection, and the table of provinces."""
