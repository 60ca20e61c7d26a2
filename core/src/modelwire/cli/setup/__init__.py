"""`modelwire setup`: from what the user has to a configuration that works."""
