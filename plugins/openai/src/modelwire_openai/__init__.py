"""OpenAI for modelwire, and every service that speaks its APIs."""
