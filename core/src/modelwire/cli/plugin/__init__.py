"""`modelwire plugin`: begin a plugin of one's own."""
