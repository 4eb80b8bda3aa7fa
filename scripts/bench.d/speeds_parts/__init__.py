"""Parts of `scripts/bench speeds`."""
