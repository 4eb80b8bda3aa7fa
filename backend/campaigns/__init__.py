"""Campaigns and their teams."""
