"""Organisations, areas of officials, clusters of communes, and roles over them."""
