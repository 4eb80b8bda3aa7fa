"""Contributions of teams and members to campaigns."""
