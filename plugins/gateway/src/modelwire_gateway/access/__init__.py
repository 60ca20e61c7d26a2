"""Access to the gateway: who calls, and what they may call."""
