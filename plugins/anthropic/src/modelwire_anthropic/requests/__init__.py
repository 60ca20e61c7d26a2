"""From model, context and options to a request; pure functions."""
