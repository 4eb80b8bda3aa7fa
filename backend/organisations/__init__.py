"""Organisations, areas of officials, clusters of communes, and who may act for them."""
