"""The OpenAI-shaped and Anthropic-shaped endpoints: paths, bodies, streams, errors and their rules."""
