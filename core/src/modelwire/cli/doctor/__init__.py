"""`modelwire doctor`: finds what keeps models from answering."""
