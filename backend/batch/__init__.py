"""Long work in parts by processes, or a Dask cluster ([batch.md](batch.md)); progress bars."""
