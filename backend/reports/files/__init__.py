"""The files of a report: Word, Excel, CSV, JSON, pictures."""
