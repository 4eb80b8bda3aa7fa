"""Outreach to officials and residents, as offices and teams enter it, and residents helped."""
