"""What bench batch is made of."""
