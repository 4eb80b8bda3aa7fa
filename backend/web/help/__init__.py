"""The guides of docs/vi and docs/guide as pages: read, searched and printed."""
