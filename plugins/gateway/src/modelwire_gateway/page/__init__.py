"""The web page at `/`: its files, and the JSON that they read."""
