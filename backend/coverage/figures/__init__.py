"""Coverage of units by month: counts, targets, forecasts."""
