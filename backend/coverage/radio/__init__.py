"""Cells with radio samples: released ones for everybody, live ones for officials."""
