"""A response cache on disk, so that tests and demos need no model."""
