"""OpenTelemetry for modelwire: a span and metrics for every request to a model."""
