"""The page for people at `/`: its files, and the JSON that they read."""
