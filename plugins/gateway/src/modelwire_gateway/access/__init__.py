"""Access to the gateway: authentication, and the permissions of callers."""
