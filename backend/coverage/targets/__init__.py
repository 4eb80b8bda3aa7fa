"""Targets: how many samples a unit needs in a month."""
