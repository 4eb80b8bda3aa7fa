"""Campaigns: organisations, their teams, the volunteers in them, and who earned which sample."""
