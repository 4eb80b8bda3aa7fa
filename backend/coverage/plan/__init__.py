"""The daily plan: which team measures where."""
