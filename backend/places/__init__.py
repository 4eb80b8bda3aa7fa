"""Hamlets of a province, and places without coverage with the answers of operators."""
