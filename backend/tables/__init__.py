"""Tables in uploads and downloads: CSV and XLSX."""
