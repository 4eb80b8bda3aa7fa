"""Places without a connection: released ones for everybody, single notes for officials."""
