"""Storage of the gateway: keys and usage in a database, limits in memory or in Valkey."""
