"""`modelwire setup`: writes a configuration that works with what the user has."""
