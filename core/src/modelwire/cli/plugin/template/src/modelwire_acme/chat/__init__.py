"""The chat API of Acme."""
