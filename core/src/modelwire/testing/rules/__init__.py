"""The conformance rules: each file covers one aspect of a provider, each test is one rule."""
