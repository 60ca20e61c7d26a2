"""`modelwire logs`, and the log of one-shot answers."""
