"""OData v4: the figures and samples for Excel, Power BI and other clients of the standard."""
