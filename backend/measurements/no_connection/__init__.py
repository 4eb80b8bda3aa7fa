"""No-connection notes: places where a phone could not reach the network, as its user reports."""
