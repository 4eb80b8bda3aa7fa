"""Exclusion of measurements from a unit's counts by its officials."""
