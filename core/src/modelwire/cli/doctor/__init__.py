"""`modelwire doctor`: what may keep models from answering, and what to do about it."""
