"""Coverage gaps: released ones for everybody, single notes for officials."""
