"""VNNIC's own counts beside ours."""
