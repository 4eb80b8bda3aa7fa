"""Organisations, areas of officials, clusters of communes, deputies, grants of roles."""
