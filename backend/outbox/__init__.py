"""Events in the transaction that causes them, and their numbers after its commit."""
