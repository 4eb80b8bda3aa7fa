"""Long work in parts: on this machine or on a Dask cluster."""
