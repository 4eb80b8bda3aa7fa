"""Tables in uploads and downloads: CSV, XLSX, imports of sheets (`sheet_import.py`)."""
