"""The rules of conformance: each file is about one side of a provider, each test is one rule."""
