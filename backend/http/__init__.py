"""HTTP in general: requests, problem details, ETags, compression, load shedding, static files."""
