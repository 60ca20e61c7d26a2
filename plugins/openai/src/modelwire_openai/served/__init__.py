"""What the dialects of Chat Completions and Responses share."""
