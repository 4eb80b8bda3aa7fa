"""Tables that people send and download: CSV and XLSX."""
