"""Parallel execution of long work, on this machine or on a Dask cluster."""
