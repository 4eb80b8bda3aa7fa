"""The demo months, made through the same use cases as real ones."""
