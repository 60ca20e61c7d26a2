"""The Chat Completions API: `openai-completions`."""
