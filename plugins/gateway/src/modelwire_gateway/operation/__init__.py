"""Operation: metrics, and whether the gateway is ready."""
