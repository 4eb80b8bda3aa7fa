"""Fuzzing of the API: schemathesis over its own OpenAPI document."""
