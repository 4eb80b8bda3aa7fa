"""Radio samples: signal strength or no service along a track; never a speed test, never counted."""
