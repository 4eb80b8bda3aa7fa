"""What is wrong with this installation, and what to type."""
