"""The monthly report of a unit: a draft, frozen figures, a seal, its files."""
