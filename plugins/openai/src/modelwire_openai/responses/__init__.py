"""The Responses API: `openai-responses`."""
