"""What operators look at: metrics, and whether the gateway is ready."""
