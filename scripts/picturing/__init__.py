"""Pictures of every page, on a phone and a desk, light and dark."""
