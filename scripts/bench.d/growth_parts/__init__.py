"""Parts of `scripts/bench growth` and `scripts/bench partitions`."""
