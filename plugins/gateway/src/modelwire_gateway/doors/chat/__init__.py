"""The door for clients of OpenAI's Chat Completions."""
