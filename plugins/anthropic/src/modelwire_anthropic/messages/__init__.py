"""The Messages API: requests and responses."""
