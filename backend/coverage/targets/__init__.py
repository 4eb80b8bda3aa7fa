"""Targets: samples that a unit needs in a month."""
