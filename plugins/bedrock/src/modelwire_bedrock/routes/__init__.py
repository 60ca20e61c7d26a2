"""Routes to models through the wire APIs of other plugins, at both of AWS's endpoints."""
