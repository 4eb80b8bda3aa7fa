"""The measuring page and the speed test."""
