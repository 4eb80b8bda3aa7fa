"""Long work in parts by processes of this machine ([batch.md](batch.md)); progress bars."""
