"""Monthly reports from draft to sealed letter; letterheads; deadlines."""
