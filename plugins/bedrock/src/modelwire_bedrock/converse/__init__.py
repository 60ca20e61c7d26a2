"""The Converse API: requests and responses."""
