"""The conformance rules: each file covers one side of a provider, each test is one rule."""
