"""The content of a report: figures and proposed sentences."""
