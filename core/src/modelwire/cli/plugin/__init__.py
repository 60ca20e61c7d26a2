"""`modelwire plugin`: starts a new provider plugin."""
