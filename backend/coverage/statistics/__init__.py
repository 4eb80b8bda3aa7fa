"""Speed statistics, history of counts, hours and cells of samples."""
