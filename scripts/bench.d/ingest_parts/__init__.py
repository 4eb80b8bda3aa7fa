"""The parts of `scripts/bench ingest`."""
