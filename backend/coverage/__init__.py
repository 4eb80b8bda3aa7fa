"""Figures: the one source of every number that pages, the API and reports show."""
