"""The schema `reporting`: read-only views for analysts' tools, made after each migration."""
